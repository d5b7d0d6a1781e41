"""From a request to a plan: reads and decides, executes nothing, records nothing.

Request ──► source ──► checkout ──► project ──► entry point ──► parameters ──► environment spec ──► Planned(plan, ...)
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from runner import environments, project, sources
from runner.containers.model import NO_ARGUMENTS, Arguments
from runner.environments.model import NO_WISHES, Lock, Wishes
from runner.errors import InputError, Location, RunnerError
from runner.files import file_digest
from runner.launch import asof
from runner.launch.machine import RECORDED_VARIABLES
from runner.launch.plan import Plan, PlannedEnvironment, PlannedSource
from runner.progress import Phase, Progress
from runner.project import Bound
from runner.project.model import (
    CondaEnv,
    DockerEnv,
    EntryPoint,
    EnvironmentSpec,
    Project,
    PythonEnv,
    SystemEnv,
)
from runner.settings import Settings
from runner.sources.model import (
    ArchiveSource,
    Capture,
    CapturedSource,
    Checkout,
    DirectorySource,
    GitSource,
    Source,
)

NOTHING = Capture()


class Repeated(Struct, frozen=True, kw_only=True):
    """What a request takes from a run that was recorded, instead of finding it out.

    Attributes:
        source: its code.
        planned: how its plan names that code; None where the code is another one.
        lock: its environment; None resolves it anew.
        variables: environment variables that are set as they were, whatever the person's say.
        inputs: parameter -> where its data is on this machine, if not where the parameter says.
    """

    source: Source
    planned: PlannedSource | None = None
    lock: Lock | None = None
    variables: Mapping[str, str] = {}
    inputs: Mapping[str, Path] = {}


class Request(Struct, frozen=True, kw_only=True):
    """What a person asked for.

    Attributes:
        uri: directory, Git URL or zip file, with `#subdirectory`.
        version: branch, tag or commit.
        parameters: name -> raw text.
        env_manager: auto, local, virtualenv, uv or conda; None for the setting.
        wishes: what the lock of the environment is to be like.
        docker_args: options of `docker run`, as name=value or a name alone.
        build_image: bake the project's code into the image, instead of mounting it.
        strict: refuse undeclared parameters, whatever the project says.
        check: check types, choices and bounds of parameters.
        environment_only: nothing will run, so that the parameters of the entry point need no values.
        keep: leave the fresh tree of a Git or zip source behind.
        seed: instead of the project's.
        digests: read the inputs, to record their digests.
        reuse: take a finished run that did the same, if there is one.
        repeated: the run that is repeated; its source stands for `uri` and `version`.
        experiment_name, experiment_id, run_name, tags: how to record it; a named experiment is created when missing.
    """

    uri: str = "."
    entry_point: str = "main"
    version: str | None = None
    parameters: Mapping[str, str] = {}
    env_manager: str | None = None
    wishes: Wishes = NO_WISHES
    docker_args: tuple[str, ...] = ()
    build_image: bool = False
    strict: bool = False
    check: bool = True
    environment_only: bool = False
    keep: bool = False
    seed: int | None = None
    digests: bool = True
    reuse: bool = False
    repeated: Repeated | None = None
    experiment_name: str | None = None
    experiment_id: str | None = None
    run_name: str | None = None
    tags: Mapping[str, str] = {}
    directory: Path = field(default_factory=Path.cwd)


class Planned(Struct, frozen=True, kw_only=True):
    """A plan, and what is at hand on this machine to launch it: the tree, the spec, the parameters with their secrets."""

    request: Request
    plan: Plan
    checkout: Checkout
    project: Project
    entry_point: EntryPoint
    bound: Bound
    spec: EnvironmentSpec
    capture: Capture = NOTHING
    arguments: Arguments = NO_ARGUMENTS

    @property
    def image(self) -> str | None:
        """The container image that is named, by the person or the project; None where one is built, or there is none."""
        return self.spec.image if isinstance(self.spec, DockerEnv) else self.request.wishes.image

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the environment variables whose values are recorded."""
        declared = self.entry_point.variables or self.project.variables
        return tuple(sorted({*RECORDED_VARIABLES, *declared}))

    @property
    def contained(self) -> bool:
        """Whether the program runs in a container."""
        return _contained(self.spec, self.request)


@contextmanager
def plan(request: Request, *, settings: Settings, progress: Progress) -> Iterator[Planned]:
    """Plan the request; the tree in which it can be launched lives as long as the block.

    Raises:
        RunnerError: whatever is wrong with the source, the project, the entry point or its parameters.
    """
    request = replace(request, wishes=asof.read(request.wishes))
    source = _source(request)
    with ExitStack() as stack:
        with progress.phase("source") as phase:
            checking_out = sources.checkout(source, settings=settings, phase=phase, keep=request.keep)
            checkout = stack.enter_context(checking_out)
            capture = _captured(request, source, checkout, stack, settings=settings, progress=progress)
        with progress.phase("project") as phase:
            wishes = asof.dated(request.wishes, source, checkout.commit, settings=settings)
            planned = _decide(replace(request, wishes=wishes), source, checkout, capture, settings=settings)
            phase.summary, phase.detail = _describe(planned), _state(checkout)
        _tell(planned, progress)
        yield planned


def _source(request: Request) -> Source:
    if request.repeated is not None:
        return request.repeated.source
    return sources.parse(request.uri, version=request.version, cwd=request.directory)


def _captured(
    request: Request,
    source: Source,
    checkout: Checkout,
    stack: ExitStack,
    *,
    settings: Settings,
    progress: Progress,
) -> Capture:
    """What is kept of the code. That it cannot be kept is no reason not to run."""
    if request.environment_only:
        return NOTHING
    try:
        return stack.enter_context(sources.kept(source, checkout, settings=settings))
    except (RunnerError, OSError) as error:
        hint = error.hint if isinstance(error, RunnerError) else None
        progress.warn(f"the code is not kept with the run: {error}", hint=hint)
        return Capture(left_out=(f"all of the code: {error}",))


def _tell(planned: Planned, progress: Progress) -> None:
    for text in (*planned.checkout.notices, *planned.arguments.notes):
        progress.notice(text)
    for text in planned.capture.left_out:
        progress.notice(f"not kept with the run: {text}")
    request = planned.request
    if (request.docker_args or request.build_image) and not planned.contained:
        progress.warn(
            "-A and --build-image are for containers, and this project does not run in one",
            hint="--in-image IMAGE makes its environment in an image",
        )
    if request.wishes.solver != NO_WISHES.solver and not isinstance(planned.spec, CondaEnv):
        progress.warn(
            f"--solver {request.wishes.solver} is for conda environments, and this project does not run in one",
            hint="--env-manager conda makes one of a conda file",
        )
    mine = {None, planned.entry_point.name}
    for notice in (*planned.project.notices, *planned.bound.notices):
        if notice.entry_point not in mine:
            continue
        if notice.mild:
            progress.notice(notice.message, hint=notice.hint)
        else:
            progress.warn(_place(notice.where, planned.checkout.path) + notice.message, hint=notice.hint)


def _place(where: Location | None, directory: Path) -> str:
    """`MLproject:3:5: `; paths below the project directory are told from there, for that of a fresh tree says nothing."""
    if where is None:
        return ""
    path = Path(where.path)
    short = path.relative_to(directory) if path.is_relative_to(directory) else path
    return f"{Location(short, where.line, where.column)}: "


def _decide(
    request: Request, source: Source, checkout: Checkout, capture: Capture, *, settings: Settings
) -> Planned:
    manager = request.env_manager or settings.env_manager
    request = replace(request, env_manager=manager)
    memory = settings.cache / "documents"
    declared = project.load(checkout.path, environment=manager != "local", memory=memory)
    entry = project.entry_point(declared, request.entry_point)
    given = dict.fromkeys(entry.parameters, "") if request.environment_only else request.parameters
    check = request.check and not request.environment_only
    bound = project.bind(entry, given, strict=request.strict or declared.strict, check=check)
    spec = environments.choose(declared.environment, manager)
    return Planned(
        request=request,
        checkout=checkout,
        project=declared,
        entry_point=entry,
        bound=bound,
        spec=spec,
        capture=capture,
        arguments=_arguments(request),
        plan=Plan(
            source=_planned_source(request, source, checkout, capture),
            project=declared.name,
            file=declared.file,
            entry_point=entry.name,
            parameters={name: text for name, text in bound.values.items() if name not in bound.secrets},
            extra_parameters=bound.extra,
            secrets=tuple(sorted(bound.secrets)),
            command=project.render(entry, bound),
            inputs={name: bound.values[name] for name in bound.inputs},
            environment=planned_environment(spec, request),
            seed=_seed(request, entry, declared, settings),
            metrics=entry.metrics or declared.metrics,
            outputs=entry.outputs or declared.outputs,
        ),
    )


def _seed(request: Request, entry: EntryPoint, declared: Project, settings: Settings) -> int | None:
    """The person's, the project's, or that of the run around this one. A repeated run has the one that it had."""
    if request.repeated is not None and request.repeated.planned is not None:
        return request.seed
    seeds = (request.seed, entry.seed, declared.seed, settings.seed)
    return next((seed for seed in seeds if seed is not None), None)


KINDS = {
    DirectorySource: "directory",
    GitSource: "git",
    ArchiveSource: "archive",
    CapturedSource: "git",
}


def _planned_source(request: Request, source: Source, checkout: Checkout, capture: Capture) -> PlannedSource:
    if request.repeated is not None and request.repeated.planned is not None:
        return request.repeated.planned
    return PlannedSource(
        kind=KINDS[type(source)],
        uri=checkout.uri,
        subdirectory=checkout.subdirectory,
        below=checkout.below,
        ref=checkout.ref,
        commit=checkout.commit,
        branch=checkout.branch,
        repository=checkout.repository,
        dirty=checkout.dirty,
        digest=checkout.digest,
        submodules={**dict(checkout.submodules), **capture.submodules},
        patch=file_digest(capture.patch) if capture.patch else None,
        bundles={path: file_digest(file) for path, file in capture.bundles.items()},
        left_out=capture.left_out,
    )


def planned_environment(spec: EnvironmentSpec, request: Request) -> PlannedEnvironment:
    """The environment as a plan names it, before it is resolved."""
    named = replace(_named(spec, request), manager=request.env_manager or "auto", image=request.wishes.image)
    if not _contained(spec, request):
        return named
    return replace(named, docker_args=_arguments(request).recorded, build_image=request.build_image)


def _arguments(request: Request) -> Arguments:
    if not request.docker_args:
        return NO_ARGUMENTS
    read: Arguments = import_module("runner.containers.arguments").read(request.docker_args)
    return read


def _contained(spec: EnvironmentSpec, request: Request) -> bool:
    return isinstance(spec, DockerEnv) or request.wishes.image is not None


def _named(spec: EnvironmentSpec, request: Request) -> PlannedEnvironment:
    match spec:
        case SystemEnv():
            return PlannedEnvironment(kind="system")
        case PythonEnv(file=file, python=python):
            return PlannedEnvironment(kind="virtualenv", file=file, python=request.wishes.python or python)
        case CondaEnv(file=file):
            return PlannedEnvironment(kind="conda", file=file)
        case DockerEnv():
            return PlannedEnvironment(kind="docker")


def fetched(planned: Planned, *, settings: Settings, phase: Phase) -> dict[str, str]:
    """`path` parameters as the program gets them: absolute local paths; what is remote is downloaded.

    Raises:
        InputError: there is no such file, or it cannot be downloaded.
    """
    paths: dict[str, str] = {}
    for name, kind in planned.bound.inputs.items():
        value = planned.bound.values[name]
        if kind == "path":
            phase.update(f"fetching {name}")
            paths[name] = str(_local(planned, name, value, settings=settings, phase=phase))
    return paths


def _local(planned: Planned, name: str, value: str, *, settings: Settings, phase: Phase) -> Path:
    """A given path counts from where the person is, as in MLflow; a default from the project, and else from there too.

    Where a run is repeated, nobody has given one here.
    """
    repeated = planned.request.repeated
    if repeated is not None and name in repeated.inputs:
        return repeated.inputs[name]
    if sources.is_remote(value):
        return sources.fetch_input(value, settings=settings, phase=phase)
    here = planned.request.directory
    given = name in planned.request.parameters and repeated is None
    bases = (here,) if given else (planned.checkout.path, here)
    for base in bases:
        path = (base / Path(value).expanduser()).absolute()
        if path.exists():
            return path
    raise InputError(
        f"parameter {name!r}: there is no file or directory {value!r}",
        hint=f"a relative path counts from {' or '.join(map(str, bases))}",
    )


def _describe(planned: Planned) -> str:
    name = planned.project.name or planned.checkout.path.name
    return f"{name}, entry point {planned.entry_point.name}"


def _state(checkout: Checkout) -> str:
    if checkout.commit is None:
        return checkout.digest[:19] if checkout.digest else "no version control"
    changes = ", with uncommitted changes" if checkout.dirty else ""
    branch = f"{checkout.branch} " if checkout.branch else ""
    return f"git {branch}{checkout.commit[:10]}{changes}"

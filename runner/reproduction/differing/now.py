"""A project as it would run now, to be held against a run that was recorded. Nothing is built, and nothing is run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from runner import launch, sources
from runner.environments.model import Lock, Wishes
from runner.environments.observing import observe
from runner.errors import EnvironmentFailed, RunnerError, UsageError
from runner.launch import inputs, inside, machine
from runner.launch.plan import Plan
from runner.launch.planning import Planned, Request
from runner.progress import Progress
from runner.project.model import CondaEnv, PythonEnv
from runner.reproduction.differing.sides import Side, repositories
from runner.reproduction.finding import BUNDLE, SERVER, RunAddress
from runner.settings import Settings
from runner.sources.address import SCP_LIKE
from runner.sources.model import CapturedSource, Checkout, GitSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks of the project: parameters beside its defaults, and a branch, tag or commit."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None


def is_project(text: str) -> bool:
    """Whether somebody means a project, and no run: a directory, or a URL that names no run."""
    if text.startswith(SERVER):
        try:
            RunAddress.parse(text)
        except UsageError:
            return True
        return False
    if text.endswith(BUNDLE):
        return False
    place = text.partition("#")[0]
    remote = "://" in place or (SCP_LIKE.fullmatch(place) is not None and place.endswith(".git"))
    return remote or Path(place).expanduser().is_dir()


@contextmanager
def would_run(
    uri: str, asked: Asked, *, like: Plan, settings: Settings, progress: Progress
) -> Iterator[Side]:
    """What a run of the project at `uri` would execute, if it were asked for as that plan was.

    Parameters count from the project's defaults; only those without one are taken from the plan.

    Raises:
        RunnerError: it would not come to run.
    """
    environment = like.environment
    request = Request(
        uri=uri,
        version=asked.version,
        entry_point=like.entry_point,
        env_manager=environment.manager,
        wishes=Wishes(image=environment.image),
        docker_args=environment.docker_args,
        build_image=environment.build_image,
        check=False,
    )
    quiet = Progress()  # it is told once what is odd in the project
    with launch.plan(replace(request, environment_only=True), settings=settings, progress=quiet) as planned:
        given = _needed(planned, like) | dict(asked.parameters)
    with launch.plan(replace(request, parameters=given), settings=settings, progress=progress) as planned:
        yield planned_side(planned, name=uri, settings=settings, progress=progress)


def planned_side(planned: Planned, *, name: str, settings: Settings, progress: Progress) -> Side:
    """What launching that would execute."""
    resolved, lock = _locked(planned, settings=settings, progress=progress)
    read = _inputs(resolved, settings=settings, progress=progress)
    return Side(
        name=name,
        plan=replace(resolved.plan, input_digests=read.digests),
        tree=lambda: _tree(planned, settings, progress),
        record=_record(planned, lock, read, settings),
        lock=lock,
        observed=_observed(planned, settings),
        repositories=repositories(planned.plan, settings),
    )


def _needed(planned: Planned, like: Plan) -> dict[str, str]:
    """Values of the plan for parameters that have no default; a secret is not kept, and never compared."""
    known = {**like.parameters, **like.extra_parameters, **dict.fromkeys(like.secrets, "")}
    required = (name for name, parameter in planned.entry_point.parameters.items() if parameter.required)
    return {name: known[name] for name in required if name in known}


def _locked(planned: Planned, *, settings: Settings, progress: Progress) -> tuple[Planned, Lock | None]:
    """With its lock, if that can be had; an image is not fetched for it."""
    if planned.contained:
        progress.notice(
            "the container image of the project is not compared, for that it would have to be had"
        )
        return planned, None
    with progress.phase("environment") as phase:
        try:
            return launch.with_lock(planned, settings=settings, progress=progress, phase=phase)
        except EnvironmentFailed as error:
            progress.warn(f"packages are not compared: {error.message}", hint=error.hint)
            return planned, None


def _inputs(planned: Planned, *, settings: Settings, progress: Progress) -> inputs.Inputs:
    try:
        return inputs.gathered(planned, settings=settings, progress=progress)
    except RunnerError as error:
        progress.warn(f"data is not compared: {error.message}", hint=error.hint)
        return inputs.Inputs()


def _record(planned: Planned, lock: Lock | None, read: inputs.Inputs, settings: Settings) -> dict[str, Any]:
    """As much of record.json as is known before a run."""
    spec = planned.spec
    brought = spec.variables if isinstance(spec, PythonEnv | CondaEnv) else {}
    found = {name: text for name, text in brought.items() if name in planned.variables}
    interpreter = {"version": lock.python} if lock and lock.python else None
    return {
        "machine": machine.facts(),
        "variables": inside.deciding(planned, settings) | found,
        "environment": {"interpreter": interpreter},
        "inputs": read.recorded,
    }


def _observed(planned: Planned, settings: Settings) -> tuple[str, ...]:
    """What the caller's environment holds, where the program would run in that."""
    if planned.plan.environment.kind != "system":
        return ()
    found = observe(settings.environ, planned.checkout.path)
    return found.lines if found else ()


@contextmanager
def _tree(planned: Planned, settings: Settings, progress: Progress) -> Iterator[Checkout]:
    """The code. A directory that is used in place holds more than that: what counts is what would be kept of it."""
    checkout = planned.checkout
    if checkout.working_copy is None:
        yield checkout
        return
    top = checkout.working_copy.top
    places = (GitSource(url=top.as_uri(), ref=checkout.commit),) if top and checkout.commit else ()
    source = CapturedSource(
        uri=checkout.uri,
        repositories=places,
        commit=checkout.commit,
        capture=planned.capture,
        submodules=planned.plan.source.submodules,
        subdirectory="/".join(filter(None, (checkout.below, checkout.subdirectory))),
    )
    with (
        progress.phase("source") as phase,
        sources.checkout(source, settings=settings, phase=phase) as restored,
    ):
        yield restored

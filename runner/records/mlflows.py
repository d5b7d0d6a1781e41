"""A run that plain `mlflow run` has recorded: its plan is concluded from tags and params, as far as they go.

mlflow.source.name, .git.commit, .git.repoURL ─► code        mlflow.project.entryPoint ─► entry point
mlflow.project.env ─► environment, resolved as of the start  params, quoted for a shell ─► raw texts
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from runner import environments, project, sources
from runner.environments.python import requirements
from runner.errors import RunnerError
from runner.launch.plan import Plan, PlannedEnvironment, PlannedSource
from runner.progress import Progress
from runner.project.model import CondaEnv, EntryPoint, EnvironmentSpec, PythonEnv
from runner.records.model import Recorded, Unrepeatable
from runner.records.models import models_of
from runner.records.stored import children_of, experiment_of, shown
from runner.settings import Settings
from runner.sources.model import ArchiveSource, CapturedSource, DirectorySource, GitSource, Source
from runner.tracking import OpenStore
from runner.tracking.model import Run

COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
KINDS = {"virtualenv": "virtualenv", "uv": "virtualenv", "conda": "conda", "docker": "docker"}
MANAGERS = {"virtualenv": "virtualenv", "conda": "conda", "docker": "auto", "system": "local"}
SEVERAL = 5  # names in a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the code at that commit says of the entry point: its own parameters, and whether it ships a lock."""

    entry_point: EntryPoint
    locked: bool


def recorded(store: OpenStore, run: Run, *, settings: Settings, progress: Progress) -> Recorded:
    """What can be concluded of the run.

    Raises:
        Unrepeatable: no project made it, or it does not say which code that was.
    """
    entry_point = run.tags.get("mlflow.project.entryPoint")
    if not entry_point:
        raise Unrepeatable(
            f"run {run.name} was made by a program alone, not by a project: it has no entry point"
            " (tag mlflow.project.entryPoint) that could be run again",
            hint="give the program an MLproject, and run it with `runner run` or `mlflow run`",
        )
    planned = _source(run)
    declared, trouble = _declared(planned, entry_point, run, settings=settings, progress=progress)
    kind = KINDS.get(run.tags.get("mlflow.project.env", ""), "system")
    parameters, extra, logged = _parameters(run, declared)
    inputs = _inputs(parameters, declared)
    as_of = None if declared is None or declared.locked else _as_of(run, kind)
    return Recorded(
        run=replace(run, params={**run.params, **parameters, **extra}),
        plan=Plan(
            source=planned,
            entry_point=entry_point,
            command="",
            environment=PlannedEnvironment(kind=kind, manager=MANAGERS[kind]),
            parameters=parameters,
            extra_parameters=extra,
            inputs=inputs,
        ),
        artifacts=store.artifacts(run.artifact_uri),
        history=lambda key: store.metric_history(run.id, key),
        models=lambda: models_of(store, run),
        children=lambda: children_of(store, run),
        place=shown(store),
        experiment=experiment_of(store, run),
        as_of=as_of,
        concluded=(
            *_of_code(planned),
            *_of_environment(kind, as_of, declared),
            *_of_parameters(logged),
            *([trouble] if trouble else []),
        ),
        tag=lambda tags: store.log(run.id, tags=tags),
    )


# code ------------------------------------------------------------------------------------------------------------
def _source(run: Run) -> PlannedSource:
    name = run.tags.get("mlflow.source.name", "")
    uri, _, subdirectory = name.partition("#")
    if not uri:
        raise Unrepeatable(f"run {run.name} does not say where its code was: it has no mlflow.source.name")
    place = unquote(urlsplit(uri).path) if uri.startswith("file://") else uri
    commit = run.tags.get("mlflow.source.git.commit", "").strip().lower()
    return PlannedSource(
        kind="directory" if place.startswith("/") else "git",
        uri=place,
        subdirectory=subdirectory,
        commit=commit if COMMIT.fullmatch(commit) else None,
        branch=run.tags.get("mlflow.source.git.branch"),
        repository=run.tags.get("mlflow.source.git.repoURL"),
    )


def source_of(planned: PlannedSource) -> Source:
    """The code that the tags of a run name: a commit, or a directory or archive as it is now.

    Raises:
        RunnerError: it is no address that git may be given, or there is no such directory.
    """
    named = [
        sources.parse(place, cwd=Path("/"))
        for place in (planned.repository, planned.uri)
        if place and (not place.startswith("/") or Path(place).exists())
    ]
    if planned.commit is None:
        return _as_it_is(named[-1] if named else None, planned)
    return CapturedSource(
        uri=planned.uri,
        repositories=tuple(
            replace(found, ref=None, subdirectory="") for found in map(_repository, named) if found
        ),
        commit=planned.commit,
        subdirectory=planned.subdirectory,
    )


def _repository(named: Source) -> GitSource | None:
    match named:
        case GitSource():
            return named
        case DirectorySource(path=path):
            return GitSource(url=path.as_uri())
        case _:
            return None


def _as_it_is(named: Source | None, planned: PlannedSource) -> Source:
    match named:
        case DirectorySource() | ArchiveSource():
            return replace(named, subdirectory=planned.subdirectory)
        case _:
            raise Unrepeatable(
                f"the run names no commit, and its code {planned.uri} is not on this machine",
                hint="run it again where the code is, from a Git repository",
            )


def _declared(
    planned: PlannedSource, name: str, run: Run, *, settings: Settings, progress: Progress
) -> tuple[Declared | None, str]:
    """What the code says, or why it cannot be asked."""
    try:
        with progress.phase("source") as phase:
            checking_out = sources.checkout(source_of(planned), settings=settings, phase=phase)
            with checking_out as checkout:
                found = project.load(checkout.path, environment=False)
                kind = KINDS.get(run.tags.get("mlflow.project.env", ""), "system")
                spec = environments.choose(found.environment, MANAGERS[kind])
                locked = _locked(spec, checkout.path)
                return Declared(entry_point=project.entry_point(found, name), locked=locked), ""
    except RunnerError as error:
        return None, f"the code cannot be had: {error}"


def _locked(spec: EnvironmentSpec, directory: Path) -> bool:
    """Whether the project says each version itself."""
    match spec:
        case PythonEnv():
            return bool(spec.lock_file) or requirements.read(spec, directory).hashed
        case CondaEnv():
            return bool(spec.lock_file)
        case _:
            return True


# parameters ------------------------------------------------------------------------------------------------------
def unquoted(text: str) -> str:
    """A param as it was given: MLflow keeps it as a shell would need it.

    >>> unquoted("'a b'"), unquoted("it's"), unquoted("0.5")
    ('a b', "it's", '0.5')
    """
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    return words[0] if len(words) == 1 and shlex.quote(words[0]) == text else text


def _parameters(
    run: Run, declared: Declared | None
) -> tuple[Mapping[str, str], Mapping[str, str], tuple[str, ...]]:
    """Declared parameters, those of a script, and names of params that the program itself has logged."""
    given = {name: unquoted(text) for name, text in run.params.items()}
    if declared is None:
        return given, {}, ()
    if declared.entry_point.script:
        return {}, given, ()
    ours = declared.entry_point.parameters
    mine = {name: text for name, text in given.items() if name in ours}
    return mine, {}, tuple(sorted(given.keys() - mine.keys()))


def _inputs(parameters: Mapping[str, str], declared: Declared | None) -> dict[str, str]:
    """Those that name data."""
    types = {name: one.type for name, one in declared.entry_point.parameters.items()} if declared else {}
    return {name: text for name, text in parameters.items() if text and types.get(name) in {"path", "uri"}}


# what is said of it --------------------------------------------------------------------------------------------------
def _as_of(run: Run, kind: str) -> str | None:
    if kind not in {"virtualenv", "conda"} or run.started is None:
        return None
    started = datetime.fromtimestamp(run.started / 1000, UTC)
    return started.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _of_code(planned: PlannedSource) -> tuple[str, ...]:
    if planned.commit is None:
        return (f"no commit was recorded: the code is {planned.uri} as it is now",)
    return ("whether the code had changes that were not committed is not recorded",)


def _of_environment(kind: str, as_of: str | None, declared: Declared | None) -> tuple[str, ...]:
    match kind:
        case "system":
            return (
                "packages were not recorded: the program runs in the environment from which it is started",
            )
        case "docker":
            return ("the image was recorded by name only: what the name means now is taken",)
        case _ if as_of:
            return (f"no lock was recorded: packages are resolved as of the run's start, {as_of}",)
        case _ if declared is not None:
            return ("no lock was recorded: the one that the project ships is taken",)
        case _:
            return ("no lock was recorded",)


def _of_parameters(logged: tuple[str, ...]) -> tuple[str, ...]:
    if not logged:
        return ()
    named = ", ".join(logged[:SEVERAL]) + (", ..." if len(logged) > SEVERAL else "")
    return (f"the entry point does not declare {named}: taken as logged by the program itself",)

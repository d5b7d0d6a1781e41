"""A recorded run once more with parts of its plan changed: `runner rerun`, and each experiment of `runner bisect`.

Wanted (as asked) ─► Changes, told in words ─► request ─► relaunch ─► run, tagged with what was changed
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from runner import launch, sources
from runner.environments.model import Lock
from runner.errors import InputError, UsageError, did_you_mean
from runner.launch.masking import MASK
from runner.progress import Progress
from runner.records import Recorded
from runner.records.code import code_of
from runner.reproduction import finding
from runner.reproduction.again import as_then, experiment_here, requested
from runner.reproduction.changes import UNCHANGED, Changes
from runner.reproduction.differing import Side
from runner.reproduction.differing.now import planned_side
from runner.settings import Settings
from runner.sources.address import check_ref
from runner.sources.model import CapturedSource, DirectorySource, GitSource, Source

RERUNS = "runner.reruns"  # tag: id of the run that was run again
CHANGED = "runner.changed"  # tag: what was changed, one line each

SAME = "same"
LATEST: Literal["latest"] = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person wants to be another; see the options of `runner rerun`.

    Attributes:
        code: "same", a directory, an address, or a ref of the run's own repository.
        env: "same", "latest" or a run.
        python: version; resolves anew.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    code: str = SAME
    env: str = SAME
    inputs: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    variables: Mapping[str, str | None] = field(default_factory=dict)
    python: str | None = None
    entry_point: str | None = None

    def __post_init__(self) -> None:
        if self.python is not None and self.env not in {SAME, LATEST}:
            raise UsageError(
                f"--python {self.python} resolves anew, and --env {self.env} takes packages as they are",
                hint="leave out one of them",
            )

    def told(self, recorded: Recorded) -> list[str]:
        """What is changed, in words; values of secret parameters aside."""
        secret = recorded.plan.secrets
        env = LATEST if self.python else self.env
        parts = {
            "code": None if self.code == SAME else self.code,
            "environment": None if env == SAME else env,
            "python": self.python,
            "entry point": self.entry_point,
            "seed": None if self.seed is None else str(self.seed),
            **{
                f"parameter {name}": MASK if name in secret else text
                for name, text in self.parameters.items()
            },
            **{f"input {name}": text for name, text in self.inputs.items()},
            **{f"variable {name}": text or "(unset)" for name, text in self.variables.items()},
        }
        return [f"{name}: {text}" for name, text in parts.items() if text is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """How a run is recorded: in the experiment of the run that it repeats, unless another is named."""

    tags: Mapping[str, str]
    experiment_name: str | None = None
    run_name: str | None = None


def changes(recorded: Recorded, wanted: Wanted, *, settings: Settings, directory: Path) -> Changes:
    """What is wanted as changes of that run; relative paths count from `directory`.

    Raises:
        UsageError: a parameter is no input, or the environment is of another kind.
        InputError: there is no such file.
        RunnerError: there is no such run, or no such code.
    """
    return Changes(
        parameters=wanted.parameters,
        entry_point=wanted.entry_point,
        source=None if wanted.code == SAME else _source(recorded, wanted.code, directory),
        lock=LATEST if wanted.python else _lock(recorded, wanted.env, settings),
        variables=wanted.variables,
        inputs={name: _input(recorded, name, text, directory) for name, text in wanted.inputs.items()},
        seed=wanted.seed,
    )


@contextmanager
def request(recorded: Recorded, changes: Changes, *, python: str | None = None) -> Iterator[launch.Request]:
    """What `launch` is asked for; where it is recorded is not in it."""
    with requested(recorded, changes) as asked:
        yield replace(asked, wishes=replace(asked.wishes, python=python)) if python else asked


@contextmanager
def would_rerun(
    recorded: Recorded, changes: Changes, *, python: str | None, settings: Settings, progress: Progress
) -> Iterator[Side]:
    """What `relaunch` would execute, to be held against the run."""
    there = as_then(recorded, changes, settings)
    with (
        request(recorded, changes, python=python) as asked,
        launch.plan(asked, settings=there, progress=progress) as planned,
    ):
        yield planned_side(planned, name="now", settings=there, progress=progress)


def relaunch(
    recorded: Recorded,
    changes: Changes = UNCHANGED,
    *,
    python: str | None = None,
    label: Label,
    settings: Settings,
    progress: Progress,
    spectator: launch.Spectator,
    serve: launch.Serve,
) -> launch.Result:
    """Run it once more with the changes.

    Raises:
        RunnerError: it did not come to a program that ran.
    """
    with request(recorded, changes, python=python) as asked:
        return launch.run(
            replace(
                asked,
                experiment_name=label.experiment_name or experiment_here(recorded, settings),
                run_name=label.run_name,
                tags={RERUNS: recorded.run.id, **label.tags},
            ),
            settings=as_then(recorded, changes, settings),
            progress=progress,
            spectator=spectator,
            serve=serve,
        )


def _source(recorded: Recorded, text: str, directory: Path) -> Source:
    """Other code: what looks like a path or an address is one; everything else is a ref of the run's own repository."""
    if text.startswith((".", "/", "~")) or "://" in text or text.lower().endswith(".zip"):
        return _below(sources.parse(text, cwd=directory), recorded.plan.source.subdirectory)
    repository = repository_of(recorded)
    if repository is None:
        raise UsageError(
            f"run {recorded.run.name} was not run from a Git repository: there is no version {text!r} of its code",
            hint="give a directory: --code ./DIRECTORY",
        )
    if text == "HEAD":
        return replace(repository, ref=recorded.plan.source.branch)
    return replace(repository, ref=check_ref(text))


def repository_of(recorded: Recorded) -> GitSource | None:
    """Where the history of the run's code may be had."""
    with code_of(recorded) as source:
        match source:
            case CapturedSource(repositories=[first, *_]):
                return replace(first, subdirectory=source.subdirectory)
            case GitSource():
                return source
            case _:
                return None


def _below(source: Source, subdirectory: str) -> Source:
    """The project in a directory: where it was in its repository, if there is such a place."""
    match source:
        case DirectorySource(path=path, subdirectory="") if subdirectory and (path / subdirectory).is_dir():
            return replace(source, subdirectory=subdirectory)
        case _:
            return source


def _lock(recorded: Recorded, env: str, settings: Settings) -> Lock | Literal["latest"] | None:
    if env == SAME:
        return None
    if env == LATEST:
        return LATEST
    with finding.found(env, settings) as other:
        if other.lock is None:
            raise UsageError(
                f"run {other.run.name} has no lock of its environment",
                hint="name a run that had an environment of its own",
            )
        mine, theirs = recorded.plan.environment.kind, other.plan.environment.kind
        if mine != theirs:
            raise UsageError(
                f"run {recorded.run.name} has an environment of kind {mine}, {other.run.name} one of {theirs}",
                hint="name a run of the same kind, or change the code too",
            )
        return other.lock


def _input(recorded: Recorded, name: str, text: str, directory: Path) -> Path:
    known = recorded.plan.inputs
    if name not in known:
        raise UsageError(
            f"run {recorded.run.name} has no input {name!r}",
            hint=did_you_mean(name, known) or f"it has {', '.join(known) or 'none'}; -P changes a parameter",
        )
    path = (directory / Path(text).expanduser()).absolute()
    if not path.exists():
        raise InputError(f"--input {name}: there is no file or directory {path}", hint="check the path")
    return path

"""One of the two that are held against each other: a recorded run, or what would run now."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner import sources
from runner.environments import cache
from runner.environments.model import Lock
from runner.errors import RunnerError
from runner.launch.plan import Plan
from runner.launch.recording import OBSERVED_FILE
from runner.progress import Phase
from runner.records import Recorded
from runner.records.code import code_of
from runner.settings import Settings
from runner.sources.mirror import mirror_of
from runner.sources.model import Checkout, GitSource
from runner.sources.parsing import working_copy

_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Everything that decides the results.

    Attributes:
        name: for people.
        record: as in `Recorded`, or as much of it as is known before a run.
        observed: lines of runner/packages.txt: what the caller's environment held.
        prefix: the environment, where it lies in the cache of this machine.
        tree: the code; raises SourceError where it cannot be had.
        repositories: Git directories on this machine that may know the commit.
    """

    name: str
    plan: Plan
    tree: Callable[[], AbstractContextManager[Checkout]]
    record: Mapping[str, Any] = field(default_factory=dict)
    lock: Lock | None = None
    observed: tuple[str, ...] = ()
    prefix: Path | None = None
    repositories: tuple[Path, ...] = ()


def side_of(run: Recorded, *, settings: Settings, phase: Phase) -> Side:
    """What a recorded run tells."""
    key = run.facts("environment").get("key") or run.run.tags.get("runner.environment")
    return Side(
        name=run.run.name,
        plan=run.plan,
        tree=lambda: _tree(run, settings, phase),
        record=run.record,
        lock=run.lock,
        observed=_observed(run),
        prefix=prefix(key, settings),
        repositories=repositories(run.plan, settings),
    )


def table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object in a JSON document of strangers; an empty one for whatever else is there."""
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}


def prefix(key: object, settings: Settings) -> Path | None:
    """The environment with that key, if it is in the cache and whole."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return None
    path = cache.environments(settings) / key
    return path if cache.facts(path) else None


def repositories(plan: Plan, settings: Settings) -> tuple[Path, ...]:
    """The working copy that it ran in, and the mirrors of its repositories, as far as they are here."""
    found: list[Path] = []
    source = plan.source
    if source.kind == "directory" and (top := working_copy(Path(source.uri))) is not None:
        found.append(top / ".git")
    for url in filter(None, (source.repository, source.uri if source.kind == "git" else None)):
        mirror = mirror_of(GitSource(url=url), settings=settings)
        found.append(mirror.repository)
    return tuple(path for path in found if path.exists())


@contextmanager
def _tree(run: Recorded, settings: Settings, phase: Phase) -> Iterator[Checkout]:
    with (
        code_of(run) as source,
        sources.checkout(source, settings=settings, phase=phase) as checkout,
    ):
        yield checkout


def _observed(run: Recorded) -> tuple[str, ...]:
    if not run.facts("environment", "observed"):
        return ()
    try:
        text = run.artifacts.read(OBSERVED_FILE).decode(errors="replace")
    except RunnerError:
        return ()
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))

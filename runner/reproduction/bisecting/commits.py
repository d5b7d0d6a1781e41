"""The commits between the code of two runs, one after the other, as far as there is one history.

A ─ (its uncommitted changes left out) ─ a-1 ─ ... ─ where both come from ─ ... ─ b-1 ─ b ─ (its uncommitted changes) ─ B
"""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from runner.errors import SourceError
from runner.progress import Phase
from runner.records import Recorded
from runner.records.code import code_of
from runner.settings import Settings
from runner.sources.git import Git
from runner.sources.mirror import Mirror, mirror_of
from runner.sources.model import CapturedSource, GitSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Code on the way from A to B; `commit` is None for that of B with what was not committed."""

    commit: str | None
    named: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The steps from A (not among them) to B (the last); `source` is the project in their repository."""

    source: GitSource
    steps: tuple[Step, ...]

    def at(self, step: Step) -> GitSource:
        return replace(self.source, ref=step.commit)


def line(a: Recorded, b: Recorded, *, settings: Settings, phase: Phase) -> Line:
    """The way from the code of A to that of B.

    Raises:
        SourceError: there is none: one of them is no commit, or they have no common history that can be had.
    """
    with code_of(a) as first, code_of(b) as last:
        if not (isinstance(first, CapturedSource) and isinstance(last, CapturedSource)):
            raise SourceError("the code of these runs is not in Git repositories that are known")
        if first.commit is None or last.commit is None:
            raise SourceError("the code of one of them is no commit")
        reasons = []
        for place in _places(first, last):
            try:
                steps = _steps(_history(place, first, last, settings=settings, phase=phase), first, last)
            except SourceError as error:
                reasons.append(error.message)
            else:
                return Line(source=replace(place, subdirectory=last.subdirectory), steps=tuple(steps))
    raise SourceError("; ".join(dict.fromkeys(reasons)) or "no repository is known")


def _places(*sources: CapturedSource) -> Iterator[GitSource]:
    known: set[str] = set()
    for source in reversed(sources):
        for place in source.repositories:
            if place.url not in known:
                known.add(place.url)
                yield place


def _history(
    place: GitSource, first: CapturedSource, last: CapturedSource, *, settings: Settings, phase: Phase
) -> Git:
    """The repository with both commits and what lies between them."""
    mirror = mirror_of(place, settings=settings)
    for source in (first, last):
        _obtain(mirror, source, phase)
    return mirror.with_history(phase)


def _obtain(mirror: Mirror, source: CapturedSource, phase: Phase) -> None:
    commit, bundle = str(source.commit), source.capture.bundles.get("")
    if bundle is not None and not mirror.has(commit):
        mirror.take(bundle, commit, phase)
    else:
        mirror.obtain(commit, phase)


def _steps(git: Git, first: CapturedSource, last: CapturedSource) -> Iterator[Step]:
    if first.capture.patch is not None:
        yield Step(commit=first.commit, named="the uncommitted changes of the first left out")
    a, b = str(first.commit), str(last.commit)
    base = git("merge-base", "--", a, b).strip()
    back, forward = _log(git, base, a), _log(git, base, b)
    for (_, gone), (commit, _) in zip(back, [*back, (base, "")][1:], strict=True):
        yield Step(commit=commit, named=f"without commit {gone}")
    for commit, named in reversed(forward):
        yield Step(commit=commit, named=f"commit {named}")
    if last.capture.patch is not None:
        yield Step(commit=None, named="the uncommitted changes of the second")


def _log(git: Git, base: str, tip: str) -> list[tuple[str, str]]:
    """Commits on the main line from `tip` back to `base` (not among them), each with its name for people."""
    if base == tip:
        return []
    log = (
        "log",
        "-z",
        "--first-parent",
        "--no-show-signature",
        "--format=%H %h (%s)",
        f"{base}..{tip}",
        "--",
    )
    pairs = (line.partition(" ") for line in git(*log).split("\0") if line)
    return [(commit, named) for commit, _, named in pairs]

"""Which packages: upgraded, downgraded, added, removed; asked for, or through which others."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from runner.environments.kept.installed import guessed, installed
from runner.errors import EnvironmentFailed
from runner.reproduction.differing import weights
from runner.reproduction.differing.executed import Executed
from runner.reproduction.differing.locked import Package, packages
from runner.reproduction.differing.sides import Side
from runner.reproduction.differing.versions import direction, step
from runner.reproduction.model import Aspect, Difference

_MOST = 3  # packages that are named as those which require another one
_SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A package from one side to the other; None where it is not."""

    before: Package | None
    after: Package | None

    @property
    def package(self) -> Package:
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def change(self) -> str:
        """In a word."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        if self.before.version == self.after.version:
            return "changed"
        return direction(self.before.version, self.after.version)

    @property
    def size(self) -> str:
        """major, minor, patch, build, files; "" where it comes or goes."""
        if self.before is None or self.after is None:
            return ""
        if self.before.version == self.after.version:
            return "build" if self.before.build != self.after.build else "files"
        return step(self.before.version, self.after.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environments:
    """What there is to compare: the steps, and what each package of both sides requires; `trouble` if a lock is unreadable."""

    steps: tuple[Step, ...] = ()
    requires: Mapping[str, frozenset[str]] = field(default_factory=dict)
    modules: Mapping[str, frozenset[str]] = field(default_factory=dict)
    complete: bool = False
    trouble: str = ""


def compared(first: Side, second: Side) -> Environments:
    """The packages of both, held against each other."""
    if first.lock is not None and second.lock is not None and first.lock.digest == second.lock.digest:
        return Environments()
    try:
        mine, theirs = packages(first), packages(second)
    except EnvironmentFailed as error:
        return Environments(trouble=error.message)
    if (not mine and _unknown(first)) or (not theirs and _unknown(second)):
        return Environments()
    steps = [Step(before=mine.get(name), after=theirs.get(name)) for name in sorted({*mine, *theirs})]
    steps = [one for one in steps if not _same(one.before, one.after)]
    return _with_relations(steps, first, second, (mine, theirs)) if steps else Environments()


def _unknown(side: Side) -> bool:
    """Whether nobody has said what was installed."""
    return side.lock is None and not side.observed


def _same(before: Package | None, after: Package | None) -> bool:
    """Where some files are the same, the others are for other machines."""
    if before is None or after is None:
        return before is after
    if (before.version, before.build) != (after.version, after.build):
        return False
    return (
        before.hashes == after.hashes
        or not before.hashes
        or not after.hashes
        or bool(before.hashes & after.hashes)
    )


def _with_relations(
    steps: Iterable[Step], first: Side, second: Side, listed: tuple[Mapping[str, Package], ...]
) -> Environments:
    found = [installed(prefix) for prefix in dict.fromkeys((first.prefix, second.prefix))]
    requires: dict[str, frozenset[str]] = {}
    for name, needed in (
        *((package.name, package.requires) for side in listed for package in side.values()),
        *(pair for one in found for pair in one.requires.items()),
    ):
        requires[name] = requires.get(name, frozenset()) | needed
    modules = {name: brought for one in found for name, brought in one.modules.items()}
    return Environments(
        steps=tuple(steps),
        requires=requires,
        modules=modules,
        complete=any(requires.values()) or bool(modules),
    )


def differences(
    environments: Environments, *, executed: Executed | None, asked: frozenset[str] | None
) -> Iterator[Difference]:
    """A difference for each step.

    Args:
        executed: what the command executes; None where nobody knows.
        asked: packages for which the project asks itself; None where nobody knows.
    """
    if environments.trouble:
        yield Difference(
            aspect=Aspect.PACKAGE,
            name="lock",
            change="unknown",
            detail=environments.trouble,
            weight=weights.UNREADABLE_LOCK,
        )
    directly = _imported(environments, executed)
    reached = _reached(directly, environments.requires) if directly is not None else frozenset()
    for one in environments.steps:
        name = one.package.name
        imported = None if directly is None else name in reached
        if imported is False and not environments.complete:
            imported = None  # it may be there by way of others
        is_asked = name in asked if asked is not None else not _through(name, environments)
        yield Difference(
            aspect=Aspect.PACKAGE,
            name=name,
            before=_told(one.before, one),
            after=_told(one.after, one),
            change=one.change,
            detail=_why(name, environments, asked=asked),
            weight=weights.package(
                name,
                one.size,
                imported=imported,
                directly=directly is not None and name in directly,
                asked=is_asked,
            ),
        )


def _imported(environments: Environments, executed: Executed | None) -> frozenset[str] | None:
    """Packages whose modules the code imports; None where nobody knows."""
    if executed is None or not executed.python:
        return None
    found = (environments.modules.get(name) or frozenset({guessed(name)}) for name in executed.modules)
    return frozenset().union(*found)


def _reached(names: frozenset[str], requires: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Those, and all that they require."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(requires.get(name, ()))
    return frozenset(found)


def _through(name: str, environments: Environments) -> list[str]:
    return sorted(
        other for other, needed in environments.requires.items() if name in needed and other != name
    )


def _why(name: str, environments: Environments, *, asked: frozenset[str] | None) -> str:
    """`asked for`, or `through scikit-learn`."""
    if asked is not None and name in asked:
        return "asked for"
    through = _through(name, environments)
    if not through:
        return "asked for" if asked is None and environments.complete else ""
    more = f" and {len(through) - _MOST} more" if len(through) > _MOST else ""
    return f"through {', '.join(through[:_MOST])}{more}"


def _told(package: Package | None, one: Step) -> str | None:
    """The version, with whatever differs if the version does not."""
    if package is None:
        return None
    if one.size == "build" and package.build:
        return f"{package.version} {package.build}"
    if one.size == "files":
        digest = min(package.hashes, default="").rpartition(":")[2]
        return f"{package.version} {digest[:_SHORT]}"
    return package.version

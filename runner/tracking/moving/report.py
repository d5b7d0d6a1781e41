"""What came of moving: counts of each kind of thing, and by name what was left out."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from runner.errors import RunnerError, Unavailable

KINDS = ("experiments", "runs", "models", "registered models", "versions", "files")


class Outcome(StrEnum):
    """What became of one thing."""

    CAME = "came"
    CONTINUED = "continued"  # it was there in part, or has changed since
    THERE = "there"


@dataclass(frozen=True, slots=True)
class Left:
    """Something that was left out, and why."""

    what: str
    why: str


@dataclass(slots=True)
class Report:
    """Filled while things move."""

    counts: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    left: list[Left] = field(default_factory=list)
    size: int = 0

    def note(self, kind: str, outcome: Outcome) -> None:
        """Count one thing."""
        self.counts[kind, outcome] += 1

    def leave(self, what: str, why: object) -> None:
        """Say that something does not come."""
        self.left.append(Left(what, str(why)))

    @contextmanager
    def leaving(self, what: str) -> Iterator[None]:
        """Leave out what cannot be read or is not taken, and go on. A store that fails ends it all."""
        try:
            yield
        except Unavailable:
            raise
        except (RunnerError, OSError, ValueError) as error:
            self.leave(what, error)

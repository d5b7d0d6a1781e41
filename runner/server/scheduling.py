"""What schedules mean, and what may be asked of them: whoever makes the server brings it along, for it is above us."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from runner.tracking.schedules import Definition, Firing, Schedule


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a zone (`date` like 2026-03-29), from `start` until before `end`."""

    date: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Shifted:
    """Clocks of a zone go forward or back: at `moment` they would show `before`, and show `after` (2026-03-29T03:00)."""

    zone: str
    moment: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Coming:
    """Times of a schedule: how many, and which, unless they are more than was asked for."""

    count: int
    times: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Backfill:
    """`times` are those that start, or would; `kept` counts those that have succeeded, or go on."""

    times: Sequence[int]
    kept: int


class Scheduling(Protocol):
    """Errors as in `Schedules`; UsageError: what is asked makes no sense."""

    def words(self, definition: Definition) -> str:
        """Its expression as people would say it; "" where nobody can."""
        ...

    def days(self, zone: str, first: str, count: int) -> Sequence[Day]:
        """Days from that date on; "" is the Monday of this week."""
        ...

    def shifts(self, zone: str, start: int, end: int) -> Sequence[Shifted]: ...

    def coming(self, definition: Definition, start: int, end: int, *, most: int) -> Coming:
        """Times from `start` until before `end`; none where this machine does not understand them."""
        ...

    def following(self, definition: Definition, start: int, count: int) -> Sequence[int]:
        """The next times from `start` on."""
        ...

    def due(self, schedule: Schedule, time: int) -> int:
        """When the firing for that time may start."""
        ...

    def rest(self, name: str, *, paused: bool) -> Schedule: ...

    def skip(self, name: str, time: int, *, by: str) -> Schedule:
        """Leave out its next time, which is `time`."""
        ...

    def fire_now(self, name: str) -> Firing: ...

    def backfill(self, name: str, start: str, end: str, *, dry_run: bool) -> Backfill:
        """Fire for times that have passed, as people write them, and have not succeeded."""
        ...

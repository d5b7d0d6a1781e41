"""Requests and answers of schedules, their firings and their times."""

from typing import Annotated

from msgspec import Meta, Struct

from runner.server.mlflow import wire
from runner.server.native.shapes import Shape

Moment = Annotated[int, Meta(ge=0, le=221_845_392_000_000)]  # up to the year 9000


class FiringAnswer(Shape):
    """One time of a schedule, and what became of it; `due`: from when on it may start, or be tried again. In milliseconds."""

    scheduled_for: int
    state: str
    cause: str
    attempt: int
    due: int
    run_id: str = ""
    reason: str = ""
    started: int | None = None
    ended: int | None = None


class ScheduleAnswer(Shape):
    """A schedule; `next` is when it fires again, `due` when that may start. Values of parameters are not told.

    `words` say the expression, where that is possible. `expected`: what it takes, as a rule. In milliseconds; `jitter`, `timeout`
    in seconds.
    """

    name: str
    expression: str
    zone: str
    uri: str
    entry_point: str
    parameters: list[str]
    state: str
    missed: str
    overlap: str
    version: str | None = None
    next: int | None = None
    due: int | None = None
    words: str = ""
    expected: int | None = None
    jitter: int = 0
    timeout: int | None = None
    retries: int = 0
    last: FiringAnswer | None = None


class SchedulesAnswer(Struct, kw_only=True):
    """All schedules, by name; `now` by the clock that they go by.

    `late`: since when something has been due that nobody starts. `allowed`: whether this server starts runs.
    """

    schedules: list[ScheduleAnswer]
    now: int
    late: int | None
    allowed: bool


class ReadFirings(wire.Request):
    """At most so many, those of the latest times first."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class FiringsAnswer(Struct, kw_only=True):
    """What became of the times of a schedule."""

    firings: list[FiringAnswer]


class ReadTimes(wire.Request):
    """Times from `since` on (its next one, unless given) until before `until`; at most so many."""

    since: Moment | None = None
    until: Moment | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 10


class TimeAnswer(Shape):
    """A time that comes; `due`: when its firing may start. `state`, if something became of it already: it is left out, for one."""

    time: int
    due: int
    state: str = ""


class ShiftAnswer(Struct, kw_only=True):
    """Clocks of a zone are changed: at `moment` they would show `before`, and show `after`."""

    zone: str
    moment: int
    before: str
    after: str


class TimesAnswer(Struct, kw_only=True):
    """Times that come, with the shifts of clocks among them; of a schedule that rests, as if it did not."""

    times: list[TimeAnswer]
    shifts: list[ShiftAnswer]

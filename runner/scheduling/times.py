"""When a schedule fires: `times("30 2 * * *", "Europe/Berlin").after(now)`.

Cron expressions are those of Debian's cron (cronsim); `@daily` and its like are expanded here; `every 15m` counts from the
epoch, so that all machines agree. Times are milliseconds since the epoch (UTC), like everywhere.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Protocol, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from runner.errors import UsageError, did_you_mean

ALIASES: Mapping[str, str] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
UNITS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800}
NOWHERE = {"localtime", "posixrules", "Factory"}  # files beside those of zones; machines do not agree on them
ODD = ("right/", "posix/")  # the one counts leap seconds
FIELDS = 5
MINUTE, HOUR = 60_000, 3_600_000
MINUTES = 60  # of an hour
SHORTEST = HOUR  # the first window in which times before a moment are looked for
LONGEST = 200 * 366  # days


class Clock(Protocol):
    """What time it is: the database's clock, which all schedulers share, or that of a test."""

    def now(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression in a zone."""

    expression: str
    zone: ZoneInfo

    def after(self, moment: int) -> Iterator[int]:
        """Its times after a moment, in order, each once."""
        local = datetime.fromtimestamp(moment // 1000, self.zone)
        last = moment
        for found in CronSim(self.expression, local):
            time = round(found.timestamp() * 1000)
            if time > last:  # where an hour comes twice, cronsim starts with its first pass
                last = time
                yield time

    def words(self) -> str:
        """As people would say it: "at 03:00 every day"."""
        told = self._fields().explain()
        return told[0].lower() + told[1:]

    def count(self, start: int, end: int) -> int:
        """Its times from `start` until before `end`. Only where clocks change are they gone through one by one."""
        if shifts(self.zone, start, end):
            return sum(1 for _ in takewhile(lambda time: time < end, self.after(start - 1)))
        cron = self._fields()
        low, high = (
            datetime.fromtimestamp(moment / 1000, self.zone).replace(tzinfo=None) for moment in (start, end)
        )
        days = (low.date() + timedelta(number) for number in range((high.date() - low.date()).days + 1))
        return sum(
            _count(cron, low - midnight, high - midnight)
            for midnight in (datetime.combine(day, datetime.min.time()) for day in days)
            if midnight.month in cron.months and cron.match_day(midnight.date())
        )

    def _fields(self) -> CronSim:
        return CronSim(self.expression, datetime.fromtimestamp(0, self.zone))


def _count(cron: CronSim, low: timedelta, high: timedelta) -> int:
    """Its times of one day, of those since midnight from `low` until before `high`."""
    start, end = low.total_seconds() / 60, high.total_seconds() / 60
    return sum(_minutes(cron, start - 60 * hour, end - 60 * hour) for hour in cron.hours)


def _minutes(cron: CronSim, start: float, end: float) -> int:
    if start <= 0 and end >= MINUTES:
        return len(cron.minutes)
    return sum(start <= minute < end for minute in cron.minutes) if end > 0 and start < MINUTES else 0


@dataclass(frozen=True, slots=True)
class Interval:
    """Every so many milliseconds, counted from the epoch."""

    length: int
    zone: ZoneInfo

    def after(self, moment: int) -> Iterator[int]:
        """See `Cron.after`."""
        while True:
            moment = moment - moment % self.length + self.length
            yield moment

    def words(self) -> str:
        """See `Cron.words`: `every 15m` is said so already."""
        return ""

    def count(self, start: int, end: int) -> int:
        """See `Cron.count`."""
        return max(0, (end - 1) // self.length - (start - 1) // self.length)


Times: TypeAlias = Cron | Interval


def times(expression: str, zone: str) -> Times:
    """What the expression means in that zone.

    Raises:
        UsageError: it cannot be read, or never comes; there is no such zone.
    """
    place, text = place_of(zone), " ".join(expression.split())
    if text.startswith("every "):
        return Interval(seconds(text.removeprefix("every ")) * 1000, place)
    if text.startswith("@") and text not in ALIASES:
        raise UsageError(
            f"{text!r} is no time of a schedule",
            hint=did_you_mean(text, ALIASES) or f"there are {', '.join(ALIASES)}",
        )
    cron = Cron(ALIASES.get(text, text), place)
    _check(cron, expression)
    return cron


def seconds(text: str) -> int:
    """A length of time like 90s, 15m, 6h, 2d, 1w.

    Raises:
        UsageError: it is none.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,6})\s*([smhdw])", text.strip())
    if found is None or int(found[1]) * UNITS[found[2]] > LONGEST * UNITS["d"]:
        raise UsageError(f"{text!r} is no length of time", hint="write for example 30s, 15m, 6h, 2d or 1w")
    return int(found[1]) * UNITS[found[2]]


def first(times: Times, moment: int) -> int:
    """The first time after a moment."""
    return next(times.after(moment))


def following(times: Times, moment: int, count: int) -> Sequence[int]:
    """The next times after a moment."""
    return list(islice(times.after(moment), count))


def latest(times: Times, moment: int, count: int, *, since: int) -> Sequence[int]:
    """The last `count` times until a moment and not before `since`, in order; no more are looked at than about twice as many."""
    window = SHORTEST
    while True:
        start = max(since, moment - window)
        found = []
        for time in times.after(start - 1):
            if time > moment:
                break
            found.append(time)
        if len(found) >= count or start == since:
            return found[-count:]
        window *= 2


def jitter(schedule: str, time: int, most: int) -> int:
    """Milliseconds by which a firing starts later, below `most`: the same in each scheduler, another for each firing."""
    if most <= 0:
        return 0
    digest = hashlib.sha256(f"{time} {schedule}".encode()).digest()
    return int.from_bytes(digest[:8]) % most


@dataclass(frozen=True, slots=True)
class Shift:
    """Clocks of a zone go forward or back: at `moment` they would show `before`, and show `after`."""

    moment: int
    before: datetime
    after: datetime

    @property
    def forward(self) -> bool:
        return self.before < self.after


def shifts(zone: ZoneInfo, start: int, end: int) -> Sequence[Shift]:
    """The shifts between two moments."""
    hours = range(start - start % HOUR, end, HOUR)
    found = [_shift(zone, hour) for hour in hours if _offset(zone, hour) != _offset(zone, hour + HOUR)]
    return [shift for shift in found if start <= shift.moment <= end]


def _shift(zone: ZoneInfo, hour: int) -> Shift:
    """The one in that hour."""
    offset = _offset(zone, hour)
    moment = next(at for at in range(hour, hour + HOUR + 1, MINUTE) if _offset(zone, at) != offset)
    after = datetime.fromtimestamp(moment / 1000, zone).replace(tzinfo=None)
    return Shift(moment, after - _offset(zone, moment) + offset, after)


def _offset(zone: ZoneInfo, moment: int) -> timedelta:
    return datetime.fromtimestamp(moment / 1000, zone).utcoffset() or timedelta()


def place_of(name: str) -> ZoneInfo:
    """The zone of that name.

    Raises:
        UsageError: there is none.
    """
    with suppress(ZoneInfoNotFoundError, ValueError, OSError):
        if name not in NOWHERE and not name.startswith(ODD):
            return ZoneInfo(name)
    near = did_you_mean(name, available_timezones() - NOWHERE)
    raise UsageError(f"there is no time zone {name!r}", hint=near or "write for example Europe/Berlin or UTC")


def _check(cron: Cron, told: str) -> None:
    if len(cron.expression.split()) != FIELDS:
        raise UsageError(
            f"{told!r} is no time of a schedule",
            hint="five fields (minute hour day month weekday), @daily and its like, or `every 15m`",
        )
    try:
        first(cron, 0)
    except CronSimError as error:
        raise UsageError(
            f"{told!r} is no time of a schedule: {str(error)[0].lower()}{str(error)[1:]}",
            hint="a date that no month has is refused, too; for the last day of the month write L",
        ) from error
    except StopIteration:
        raise UsageError(f"{told!r} never comes") from None

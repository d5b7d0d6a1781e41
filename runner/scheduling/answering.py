"""What a server tells about schedules, and does to them: see `runner.server.scheduling`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from runner.errors import UsageError
from runner.scheduling import asking
from runner.scheduling.deciding import due
from runner.scheduling.times import Times, following, place_of, shifts, times
from runner.server.scheduling import Backfill, Coming, Day, Shifted
from runner.tracking.schedules import Definition, Firing, Schedule, Schedules

MINUTE, UTC = "minutes", "UTC"


@dataclass(frozen=True, slots=True)
class Answering:
    """Schedules as people see and change them."""

    schedules: Schedules

    def words(self, definition: Definition) -> str:
        when = _times(definition)
        return when.words() if when else ""

    def days(self, zone: str, first: str, count: int) -> Sequence[Day]:
        place = place_of(zone)
        begin = _day(first, self.schedules.now(), place)
        dates = [begin + timedelta(days=number) for number in range(count + 1)]
        edges = [_midnight(each, place) for each in dates]
        return [Day(each.isoformat(), *span) for each, span in zip(dates, pairwise(edges), strict=False)]

    def shifts(self, zone: str, start: int, end: int) -> Sequence[Shifted]:
        return [
            Shifted(
                zone, each.moment, *(told.isoformat(timespec=MINUTE) for told in (each.before, each.after))
            )
            for each in shifts(place_of(zone), start, end)
        ]

    def coming(self, definition: Definition, start: int, end: int, *, most: int) -> Coming:
        when = _times(definition)
        if when is None or end <= start:
            return Coming(0)
        count = _count(when, start, end)
        return Coming(count, following(when, start - 1, count) if count <= most else ())

    def following(self, definition: Definition, start: int, count: int) -> Sequence[int]:
        when = _times(definition)
        return following(when, start - 1, count) if when else ()

    def due(self, schedule: Schedule, time: int) -> int:
        return due(schedule.name, schedule.definition, time)

    def rest(self, name: str, *, paused: bool) -> Schedule:
        return asking.rest(self.schedules, name, paused=paused)

    def skip(self, name: str, time: int, *, by: str) -> Schedule:
        asking.skip(self.schedules, name, time=time, by=by)
        return self.schedules.get(name)

    def fire_now(self, name: str) -> Firing:
        return asking.fire_now(self.schedules, name)

    def backfill(self, name: str, start: str, end: str, *, dry_run: bool) -> Backfill:
        return asking.backfill(self.schedules, name, start, end, dry_run=dry_run)


@lru_cache(maxsize=4096)
def _count(when: Times, start: int, end: int) -> int:
    """Asked again and again, and often the same of many schedules."""
    return when.count(start, end)


def _times(definition: Definition) -> Times | None:
    """None if this machine does not understand them: it may lack the zone."""
    try:
        return _read(definition.expression, definition.zone)
    except UsageError:
        return None


_read = lru_cache(maxsize=1024)(times)


def _day(first: str, now: int, place: ZoneInfo) -> date:
    """That one, or the Monday of this week."""
    if not first:
        today = datetime.fromtimestamp(now / 1000, place).date()
        return today - timedelta(days=today.weekday())
    return datetime.fromtimestamp(asking.moment_of(first, UTC) / 1000, ZoneInfo(UTC)).date()


def _midnight(day: date, place: ZoneInfo) -> int:
    """When it begins: where clocks leave midnight out, with the hour after it."""
    return round(datetime.combine(day, time(), tzinfo=place).timestamp() * 1000)

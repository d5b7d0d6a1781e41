"""The days of schedules: what became of each time, and which come. Where there are too many to be told one by one, how many.

days ─► tallies of what was, times that come ─► how many a day may have and still be listed ─► slots, or bands of counts
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from msgspec import Meta, Struct, structs
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.server.mlflow import wire
from runner.server.native.operation import Operation, json, query
from runner.server.native.schedules.reading import firing, schedules, scheduling, shifted
from runner.server.native.schedules.shapes import FiringAnswer, ShiftAnswer
from runner.server.scheduling import Coming, Day, Scheduling
from runner.tracking.schedules import Firing, Schedule, Schedules

# times of a schedule on a day up to which they are listed: as many as all of them allow
LEVELS = (24, 12, 6, 3, 1, 0)
SLOTS = 1500  # that are listed in all
BANDS = 6  # of a day
ZONES = 20  # whose shifts are told
NEXT, LATE = "next", "late"


class ReadCalendar(wire.Request):
    """Days of a zone, from a date like 2026-11-16 on; without one, from the Monday of this week. `name`: of one schedule only."""

    day: Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = ""
    days: Annotated[int, Meta(ge=1, le=14)] = 7
    zone: Annotated[str, Meta(max_length=100, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"
    name: Annotated[str, Meta(max_length=250)] = ""


class SlotAnswer(FiringAnswer, kw_only=True):
    """A time of a schedule. What comes is `next`; what has come and nobody has taken, `late`."""

    schedule: str


class BandAnswer(Struct, kw_only=True):
    """A schedule with too many times on a day to list them: how many in each state."""

    schedule: str
    count: int
    states: dict[str, int]


class OthersAnswer(Struct, kw_only=True):
    """Further schedules of that kind, together."""

    schedules: int
    count: int
    states: dict[str, int]


class DayAnswer(Struct, kw_only=True):
    """A day of the zone."""

    date: str
    start: int
    end: int
    slots: list[SlotAnswer]
    bands: list[BandAnswer]
    others: OthersAnswer | None


class CalendarAnswer(Struct, kw_only=True):
    """Days with what became of times and with those that come; `shifts` of clocks, in their zone and in those of schedules."""

    zone: str
    now: int
    days: list[DayAnswer]
    shifts: list[ShiftAnswer]


@dataclass(frozen=True, slots=True)
class Cell:
    """A schedule on a day: what was, by state, and what comes."""

    schedule: Schedule
    states: Mapping[str, int]
    coming: Coming
    late: int

    @property
    def count(self) -> int:
        return sum(self.states.values()) + self.coming.count


async def read_calendar(request: Request) -> Response:
    asked = query(request, ReadCalendar)
    return json(await run_in_threadpool(lambda: _calendar(scheduling(request), schedules(request), asked)))


def _calendar(desk: Scheduling, kept: Schedules, asked: ReadCalendar) -> CalendarAnswer:
    now = kept.now()
    found = [kept.get(asked.name)] if asked.name else kept.all()
    days = desk.days(asked.zone, asked.day, asked.days)
    cells = _cells(desk, kept, found, days, now)
    most = _most(cells)
    return CalendarAnswer(
        zone=asked.zone,
        now=now,
        days=[_day(kept, day, of_day, most) for day, of_day in zip(days, cells, strict=True)],
        shifts=shifted(
            [
                shift
                for zone in _zones(asked.zone, found)
                for shift in desk.shifts(zone, days[0].start, days[-1].end)
            ]
        ),
    )


def _cells(
    desk: Scheduling, kept: Schedules, found: Sequence[Schedule], days: Sequence[Day], now: int
) -> list[list[Cell]]:
    """Of each day those schedules that have something on it."""
    ids = [each.id for each in found]
    coming = [_coming(desk, each, days, now) for each in found]
    cells: list[list[Cell]] = []
    for number, day in enumerate(days):
        was = kept.tallied(day.start, day.end, schedules=ids)
        of_day = [
            Cell(each, {state.value: count for state, count in was.get(each.id, {}).items()}, *times[number])
            for each, times in zip(found, coming, strict=True)
        ]
        cells.append([cell for cell in of_day if cell.count])
    return cells


def _coming(desk: Scheduling, schedule: Schedule, days: Sequence[Day], now: int) -> list[tuple[Coming, int]]:
    """Of each day the times that nobody has taken yet, and how many of them are late."""
    start, definition = max(schedule.upcoming.time, days[0].start), schedule.definition
    if schedule.paused:
        return [(Coming(0), 0)] * len(days)
    all_ = desk.coming(definition, start, days[-1].end, most=LEVELS[0] * len(days))
    late = now - 1000 * (definition.grace + definition.jitter)
    if len(all_.times) == all_.count:
        edges = [bisect_left(all_.times, day.start) for day in days] + [all_.count]
        parts = [all_.times[low:high] for low, high in pairwise(edges)]
        return [(Coming(len(part), part), bisect_left(part, late)) for part in parts]
    return [
        (
            desk.coming(definition, max(day.start, start), day.end, most=LEVELS[0]),
            desk.coming(definition, max(day.start, start), min(day.end, late), most=0).count,
        )
        for day in days
    ]


def _most(cells: Sequence[Sequence[Cell]]) -> int:
    """How many times of a schedule on a day are listed."""
    counts = [cell.count for of_day in cells for cell in of_day]
    return next(level for level in LEVELS if not level or sum(n for n in counts if n <= level) <= SLOTS)


def _day(kept: Schedules, day: Day, cells: Sequence[Cell], most: int) -> DayAnswer:
    listed = [cell for cell in cells if cell.count <= most]
    folded = sorted(
        (cell for cell in cells if cell.count > most), key=lambda cell: (-cell.count, cell.schedule.name)
    )
    others = [_band(cell) for cell in folded[BANDS:]]
    return DayAnswer(
        date=day.date,
        start=day.start,
        end=day.end,
        slots=_slots(kept, day, listed),
        bands=[_band(cell) for cell in folded[:BANDS]],
        others=OthersAnswer(
            schedules=len(others),
            count=sum(each.count for each in others),
            states=_summed(each.states for each in others),
        )
        if others
        else None,
    )


def _band(cell: Cell) -> BandAnswer:
    coming = {LATE: cell.late, NEXT: cell.coming.count - cell.late}
    states = {**cell.states, **{state: count for state, count in coming.items() if count}}
    return BandAnswer(schedule=cell.schedule.name, count=cell.count, states=states)


def _summed(all_: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for states in all_:
        for state, count in states.items():
            found[state] = found.get(state, 0) + count
    return found


def _slots(kept: Schedules, day: Day, cells: Sequence[Cell]) -> list[SlotAnswer]:
    """By their times; a time that has a firing is told as that."""
    names = {cell.schedule.id: cell.schedule.name for cell in cells}
    was = [cell.schedule.id for cell in cells if cell.states]
    firings = kept.between(day.start, day.end, schedules=was) if was else ()
    there = {(each.schedule, each.scheduled_for) for each in firings}
    slots = [_was(names[each.schedule], each) for each in firings]
    slots += [
        slot for cell in cells for slot in _comes(cell) if (cell.schedule.id, slot.scheduled_for) not in there
    ]
    return sorted(slots, key=lambda slot: (slot.scheduled_for, slot.schedule))


def _was(name: str, found: Firing) -> SlotAnswer:
    return SlotAnswer(schedule=name, **structs.asdict(firing(found)))


def _comes(cell: Cell) -> Iterator[SlotAnswer]:
    for number, time in enumerate(cell.coming.times):
        state = LATE if number < cell.late else NEXT
        yield SlotAnswer(
            schedule=cell.schedule.name, scheduled_for=time, state=state, cause="clock", attempt=1, due=time
        )


def _zones(first: str, found: Sequence[Schedule]) -> Sequence[str]:
    return list(dict.fromkeys((first, *(each.definition.zone for each in found))))[:ZONES]


OPERATIONS = (
    Operation("GET", "/schedules/calendar", "readCalendar", "Days of schedules: what was, and what comes", read_calendar, CalendarAnswer, ReadCalendar),
)  # fmt: skip

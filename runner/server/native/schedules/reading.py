"""Schedules and what became of their times, to be read. With sign-in they are the administrators': they name places of this machine."""

from collections.abc import Mapping, Sequence
from statistics import median

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.server.app import Tracking
from runner.server.errors import NotPermitted, NotSupported
from runner.server.native.operation import Operation, is_administrator, json, query
from runner.server.native.schedules.shapes import (
    FiringAnswer,
    FiringsAnswer,
    ReadFirings,
    ReadTimes,
    ScheduleAnswer,
    SchedulesAnswer,
    ShiftAnswer,
    TimeAnswer,
    TimesAnswer,
)
from runner.server.scheduling import Scheduling, Shifted
from runner.tracking import schedules as kept
from runner.tracking.sql.store import SqlStore

LATEST = 20  # times of a schedule from which it is said how long it takes
PATIENCE = 120_000  # ms after which a time that nobody takes is late: somebody else's clock, such as cron's, may be meant to
WAIT = 15_000  # ms that a firing out of turn waits for a scheduler


async def read_schedules(request: Request) -> Response:
    return json(await run_in_threadpool(lambda: _all(request)))


async def read_firings(request: Request) -> Response:
    asked = query(request, ReadFirings)
    return json(await run_in_threadpool(lambda: _firings(request, asked)))


async def read_times(request: Request) -> Response:
    asked = query(request, ReadTimes)
    return json(await run_in_threadpool(lambda: _times(request, asked)))


def schedules(request: Request) -> kept.Schedules:
    """Those of the store.

    Raises:
        NotPermitted: the caller is no administrator.
    """
    if not is_administrator(request):
        raise NotPermitted("Schedules are for administrators")
    tracking: Tracking = request.app.state.tracking
    assert isinstance(tracking.store, SqlStore)  # what a server serves
    return tracking.store.schedules


def scheduling(request: Request) -> Scheduling:
    """What knows the meaning of schedules.

    Raises:
        NotPermitted: the caller is no administrator.
        NotSupported: whoever made this server brought nothing of that kind.
    """
    schedules(request)
    found: Scheduling | None = request.app.state.tracking.native.scheduling
    if found is None:
        raise NotSupported("this server does not know what schedules mean")
    return found


def told(schedule: kept.Schedule, request: Request) -> ScheduleAnswer:
    """One of them, as it is now."""
    known, ids = schedules(request), [schedule.id]
    return _schedule(schedule, known.last_firings(ids), known.lasted(ids, latest=LATEST), request)


def shifted(shifts: Sequence[Shifted]) -> list[ShiftAnswer]:
    """Shifts as an answer has them."""
    return [
        ShiftAnswer(zone=each.zone, moment=each.moment, before=each.before, after=each.after)
        for each in shifts
    ]


def _all(request: Request) -> SchedulesAnswer:
    known = schedules(request)
    found, now = known.all(), known.now()
    ids = [each.id for each in found]
    last, lasted = known.last_firings(ids), known.lasted(ids, latest=LATEST)
    return SchedulesAnswer(
        schedules=[_schedule(each, last, lasted, request) for each in found],
        now=now,
        late=_late(found, known.untaken(now), now),
        allowed=request.app.state.tracking.starting is not None,
    )


def _late(found: Sequence[kept.Schedule], untaken: int | None, now: int) -> int | None:
    """Since when nobody has been at work, as far as can be told: schedulers leave no trace but what they do."""
    late = [each.upcoming.due for each in found if not each.paused and each.upcoming.due < now - PATIENCE]
    if untaken is not None and untaken < now - WAIT:
        late.append(untaken)
    return min(late, default=None)


def _firings(request: Request, asked: ReadFirings) -> FiringsAnswer:
    found = schedules(request).history(request.path_params["name"], limit=asked.limit)
    return FiringsAnswer(firings=[firing(each) for each in found])


def _times(request: Request, asked: ReadTimes) -> TimesAnswer:
    desk, known = scheduling(request), schedules(request)
    schedule = known.get(request.path_params["name"])
    now = known.now()
    begin = asked.since or (now if schedule.paused else schedule.upcoming.time)
    times = [
        time
        for time in desk.following(schedule.definition, begin, asked.limit)
        if asked.until is None or time < asked.until
    ]
    if not times:
        return TimesAnswer(times=[], shifts=[])
    there = known.between(times[0], times[-1] + 1, schedules=[schedule.id])
    states = {each.scheduled_for: each.state.value for each in there}
    changes = desk.shifts(schedule.definition.zone, times[0], min(times[-1], times[0] + 366 * 86_400_000))
    return TimesAnswer(
        times=[
            TimeAnswer(time=time, due=desk.due(schedule, time), state=states.get(time, "")) for time in times
        ],
        shifts=shifted(changes),
    )


def _schedule(
    schedule: kept.Schedule,
    last: Mapping[int, kept.Firing],
    lasted: Mapping[int, Sequence[int]],
    request: Request,
) -> ScheduleAnswer:
    definition, latest = schedule.definition, last.get(schedule.id)
    desk: Scheduling | None = request.app.state.tracking.native.scheduling
    took = lasted.get(schedule.id)
    return ScheduleAnswer(
        name=schedule.name,
        expression=definition.expression,
        zone=definition.zone,
        uri=definition.uri,
        version=definition.version,
        entry_point=definition.entry_point,
        parameters=sorted({*definition.parameters, *definition.from_environment}),
        state="paused" if schedule.paused else "active",
        missed=definition.missed.value,
        overlap=definition.overlap.value,
        next=None if schedule.paused else schedule.upcoming.time,
        due=None if schedule.paused else schedule.upcoming.due,
        words=desk.words(definition) if desk else "",
        expected=round(median(took)) if took else None,
        jitter=definition.jitter,
        timeout=definition.timeout,
        retries=definition.retry.most,
        last=firing(latest) if latest else None,
    )


def firing(found: kept.Firing) -> FiringAnswer:
    """A firing as an answer has it."""
    return FiringAnswer(
        scheduled_for=found.scheduled_for,
        state=found.state.value,
        cause=found.cause.value,
        attempt=found.attempt,
        due=found.due,
        run_id=found.run_id,
        reason=found.reason,
        started=found.started,
        ended=found.ended,
    )


OPERATIONS = (
    Operation("GET", "/schedules", "readSchedules", "Schedules, when they fire next, what became of the last time", read_schedules, SchedulesAnswer),
    Operation("GET", "/schedules/{name}/firings", "readFirings", "What became of the times of a schedule", read_firings, FiringsAnswer, ReadFirings),
    Operation("GET", "/schedules/{name}/times", "readTimes", "When a schedule fires next", read_times, TimesAnswer, ReadTimes),
)  # fmt: skip

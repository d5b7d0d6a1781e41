"""What people ask of a schedule: to rest, to leave out a time, to fire out of turn, or for times that have passed."""

from datetime import datetime
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from runner.errors import Conflict, UsageError
from runner.scheduling.deciding import overlapped, upcoming
from runner.scheduling.times import times
from runner.server.scheduling import Backfill
from runner.tracking.schedules import (
    Cause,
    Definition,
    Firing,
    FiringState,
    NewFiring,
    Overlap,
    Schedule,
    Schedules,
    Upcoming,
)

MOST = 1000  # firings of one backfill
EARLIEST, LATEST = 1970, 9000  # years: times are counted from the one, and calendars end after the other
STAY = {FiringState.SUCCEEDED, FiringState.WAITING, FiringState.CLAIMED, FiringState.RUNNING}


def rest(schedules: Schedules, name: str, *, paused: bool) -> Schedule:
    """Let a schedule rest, or fire again from its next time on."""
    found = schedules.get(name)
    following = _next(schedules, found, schedules.now())
    if found.paused == paused:
        return found
    return schedules.change(name, paused=paused, upcoming=following)


def _next(schedules: Schedules, schedule: Schedule, moment: int) -> Upcoming:
    """Its next time that is not left out already."""
    coming = upcoming(schedule.name, schedule.definition, moment)
    while schedules.at(schedule.id, coming.time) is not None:
        coming = upcoming(schedule.name, schedule.definition, coming.time)
    return coming


def skip(schedules: Schedules, name: str, *, time: int | None = None, by: str = "") -> Firing:
    """Leave out the next time of a schedule. With `time` only if it is that one: another may have come meanwhile.

    Raises:
        Conflict: it is not, or the schedule rests.
    """
    schedule = schedules.get(name)
    coming = schedule.upcoming
    if schedule.paused:
        raise Conflict(
            f"schedule {name!r} rests, so there is nothing to skip",
            hint=f"runner schedule resume {name} lets it fire again",
        )
    reason = f"left out by {by}" if by else "left out on demand"
    new = NewFiring(coming.time, coming.due, Cause.CLOCK, FiringState.SKIPPED, reason)
    if time not in {None, coming.time}:
        raise _fired(name)
    (firing,) = schedules.insert(schedule.id, [new], replacing=False)
    if firing.state is not FiringState.SKIPPED:
        raise _fired(name)
    schedules.change(name, upcoming=_next(schedules, schedule, coming.time))
    return firing


def _fired(name: str) -> Conflict:
    return Conflict(f"that time of schedule {name!r} has come already", hint="look which is its next one now")


def fire_now(schedules: Schedules, name: str) -> Firing:
    """Fire out of turn; a scheduler starts the run.

    Raises:
        Conflict: its overlap rule forbids it.
    """
    schedule, now = schedules.get(name), schedules.now()
    overlap = schedule.definition.overlap
    new = overlapped(overlap, NewFiring(now, now, Cause.MANUAL), schedules.going(schedule.id))
    if new.state is FiringState.SKIPPED:
        raise Conflict(
            f"schedule {name!r} does not fire now: {new.reason}", hint="its overlap rule is `forbid`"
        )
    (firing,) = schedules.insert(schedule.id, [new], replacing=overlap is Overlap.REPLACE)
    return firing


def backfill(schedules: Schedules, name: str, start: str, end: str, *, dry_run: bool) -> Backfill:
    """Fire for times that have passed, as people write them, and have not succeeded; `dry_run`: only look which.

    Raises:
        UsageError: those are no times, or too many.
    """
    schedule, now = schedules.get(name), schedules.now()
    passed = _passed(schedule.definition, start, end, now=now)
    known = schedules.between(passed[0], passed[-1] + 1, schedules=[schedule.id]) if passed else ()
    stay = {firing.scheduled_for for firing in known if firing.state in STAY}
    wanted = [time for time in passed if time not in stay]
    if wanted and not dry_run:
        schedules.revive(schedule.id, wanted, due=now)
        new = [NewFiring(time, now, Cause.BACKFILL) for time in wanted]
        schedules.insert(schedule.id, new, replacing=False)
    return Backfill(wanted, len(passed) - len(wanted))


def _passed(definition: Definition, start: str, end: str, *, now: int) -> list[int]:
    low, high = moment_of(start, definition.zone), _end_of(end, definition.zone)
    if low > min(high, now):
        raise UsageError(
            f"{start} is later than {'now' if low > now else end}",
            hint="--from is the first time, --to the last",
        )
    after = times(definition.expression, definition.zone).after(low - 1)
    found = list(islice(takewhile(lambda time: time <= min(high, now), after), MOST + 1))
    if len(found) > MOST:
        raise UsageError(f"there are more than {MOST} times between them", hint="take a part of that")
    return found


def _end_of(text: str, zone: str) -> int:
    """The same for the last time: a day is meant as a whole."""
    if len(text) == len("2026-11-01"):
        return moment_of(f"{text}T23:59:59", zone)
    return moment_of(text, zone)


def moment_of(text: str, zone: str) -> int:
    """A time as people write it, in that zone unless it names another.

    Raises:
        UsageError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time", hint="write 2026-11-01 or 2026-11-01T02:30") from None
    if not EARLIEST <= found.year <= LATEST:
        raise UsageError(f"{text!r} is too far away", hint=f"from {EARLIEST} to {LATEST}")
    local = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
    return round(local.timestamp() * 1000)

"""What becomes of a schedule whose time has come; a function of the schedule, what goes on and the time, and of nothing else.

time ──┬─ late by no more than the grace ─► on time ──► overlap: fires, or is skipped
       └─ later: nobody was there ────────► missed: recorded as such, or caught up with
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from runner.errors import UsageError
from runner.scheduling.times import Times, first, following, jitter, latest, times
from runner.tracking.schedules import (
    Cause,
    Decision,
    Definition,
    Firing,
    FiringState,
    Missed,
    NewFiring,
    Overlap,
    Schedule,
    Upcoming,
)

LISTED = 100  # missed times that are recorded at once; earlier ones are not
COMPARED = 50  # times between which the jitter must fit
NOBODY = "no scheduler was there"
LATER = "a later one came"


def decide(schedule: Schedule, going: Sequence[Firing], now: int) -> Decision:
    """See `Schedules.fire`."""
    definition = schedule.definition
    when = times(definition.expression, definition.zone)
    come = _come(schedule, when, now)
    if not come:
        return Decision(upcoming=upcoming(schedule.name, definition, now))
    on_time = [new for new in come if now - new.due <= definition.grace * 1000]
    missed = [replace(new, cause=Cause.CATCH_UP) for new in come[: len(come) - len(on_time)]]
    caught_up, given_up = _caught_up(definition, missed, prompt=bool(on_time))
    if given_up and given_up[0].scheduled_for > schedule.upcoming.time:
        given_up[0] = replace(given_up[0], reason=f"{NOBODY}; earlier times are not listed")
    return Decision(
        firings=(*given_up, *_overlapped(definition.overlap, [*caught_up, *on_time], going)),
        upcoming=upcoming(schedule.name, definition, come[-1].scheduled_for),
        replacing=definition.overlap is Overlap.REPLACE and bool(caught_up or on_time),
    )


def overlapped(overlap: Overlap, new: NewFiring, going: Sequence[Firing]) -> NewFiring:
    """A firing out of turn, as the overlap rule has it."""
    return _overlapped(overlap, [new], going)[0]


def upcoming(name: str, definition: Definition, moment: int) -> Upcoming:
    """The first time of a schedule after a moment."""
    time = first(times(definition.expression, definition.zone), moment)
    return Upcoming(time, due(name, definition, time))


def due(name: str, definition: Definition, time: int) -> int:
    """When the firing for that time may start."""
    return time + jitter(name, time, definition.jitter * 1000)


def check_jitter(definition: Definition, now: int) -> None:
    """Firings must not overtake each other.

    Raises:
        UsageError: the jitter is longer than the schedule's times are apart.
    """
    coming = following(times(definition.expression, definition.zone), now, COMPARED)
    shortest = min((later - earlier for earlier, later in pairwise(coming)), default=0)
    if definition.jitter * 1000 > shortest:
        raise UsageError(
            f"a jitter of {definition.jitter} s is longer than the time between two firings, {shortest // 1000} s",
            hint="make it shorter",
        )


def _come(schedule: Schedule, when: Times, now: int) -> list[NewFiring]:
    """The times until now that have not been decided about, the latest of them if there are many."""
    found = [
        NewFiring(time, due(schedule.name, schedule.definition, time), Cause.CLOCK)
        for time in latest(when, now, LISTED, since=schedule.upcoming.time)
    ]
    return [new for new in found if new.due <= now]


def _caught_up(
    definition: Definition, missed: Sequence[NewFiring], *, prompt: bool
) -> tuple[Sequence[NewFiring], list[NewFiring]]:
    """Those that run after all, and those that do not. One that is on time stands for all that were missed."""
    count = {Missed.SKIP: 0, Missed.ONCE: 0 if prompt else 1, Missed.ALL: definition.most}[definition.missed]
    cut = max(0, len(missed) - count)
    given_up = [replace(new, state=FiringState.MISSED, reason=NOBODY) for new in missed[:cut]]
    return missed[cut:], given_up


def _overlapped(overlap: Overlap, new: Sequence[NewFiring], going: Sequence[Firing]) -> list[NewFiring]:
    match overlap:
        case Overlap.ALLOW | Overlap.QUEUE:
            return list(new)
        case Overlap.REPLACE:
            return [_skipped(each, LATER) for each in new[:-1]] + list(new[-1:])
        case Overlap.FORBID:
            return _forbidden(new, going)


def _forbidden(new: Sequence[NewFiring], going: Sequence[Firing]) -> list[NewFiring]:
    """What is caught up with waits for its turn; what comes by the clock, or is asked for now, does not."""
    reason = _hindrance(going)
    kept: list[NewFiring] = []
    for each in new:
        if each.cause in {Cause.CATCH_UP, Cause.BACKFILL} or not reason:
            kept.append(each)
        else:
            kept.append(_skipped(each, reason))
        if each.cause is Cause.CLOCK:
            reason = reason or "the one before it goes on"
    return kept


def _hindrance(going: Sequence[Firing]) -> str:
    """Why no other may start; "" if one may."""
    for firing in going:
        if firing.active:
            again = firing.state is FiringState.WAITING
            return "the one before it is to be tried again" if again else "the one before it goes on"
        if firing.cause in {Cause.CLOCK, Cause.MANUAL}:
            return "the one before it has not started yet"
    return ""


def _skipped(new: NewFiring, reason: str) -> NewFiring:
    return replace(new, state=FiringState.SKIPPED, reason=reason)

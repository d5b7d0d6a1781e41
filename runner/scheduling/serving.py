"""The scheduler put together: a ticker over a store, whose firings are processes of this machine."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from msgspec.structs import replace

from runner.process.detached import Detached
from runner.scheduling import commands, ending, hooks
from runner.scheduling.hooks import moment
from runner.scheduling.ticker import Started, Ticker
from runner.settings import Settings
from runner.tracking import this_process_lease
from runner.tracking.model import Lease
from runner.tracking.schedules import Cause, Event, Fired, Firing, FiringState, NewFiring, Schedule
from runner.tracking.sql.store import SqlStore

CLAIM = 60.0  # seconds in which the process of a firing has to be there


def scheduler(store: SqlStore, *, settings: Settings, at_once: int, say: Callable[[str], None]) -> Ticker:
    """One for this machine, which has at most `at_once` firings running."""

    def start(schedule: Schedule, firing: Firing) -> Started:
        say(f"{schedule.name}: firing of {moment(firing.scheduled_for)} starts{_which(firing)}")
        variables = commands.variables(settings, store=store.uri)
        return Detached(commands.takes_over(firing), env=variables)

    def lease(now: int) -> Lease:
        return replace(this_process_lease(settings), until=now + int(CLAIM * 1000))

    def abandoned(now: int) -> None:
        ending.abandoned(store, now, settings=settings, say=say, tell=_tell_beside)

    return Ticker(
        schedules=store.schedules,
        clock=store.schedules,
        start=start,
        abandoned=abandoned,
        fired=lambda fired: _tell(fired, settings, say),
        lease=lease,
        at_once=at_once,
        say=say,
    )


@contextmanager
def beside(ticker: Ticker) -> Iterator[None]:
    """Tick in a thread for the length of the block; what was started goes on after it."""
    over = threading.Event()
    thread = threading.Thread(target=ticker.run, args=(over.is_set,), name="scheduler", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _which(firing: Firing) -> str:
    parts = [
        f"attempt {firing.attempt}" if firing.attempt > 1 else "",
        firing.cause.value if firing.cause is not Cause.CLOCK else "",
    ]
    told = ", ".join(part for part in parts if part)
    return f" ({told})" if told else ""


def _tell(fired: Fired, settings: Settings, say: Callable[[str], None]) -> None:
    """What does not run."""
    name, new = fired.schedule.name, fired.decision.firings
    for each in new:
        if each.state is FiringState.SKIPPED:
            say(f"{name}: firing of {moment(each.scheduled_for)} skipped: {each.reason}")
    missed = [each for each in new if each.state is FiringState.MISSED]
    if missed:
        say(f"{name}: {len(missed)} missed, the last of them {moment(missed[-1].scheduled_for)}")
        _tell_missed(fired.schedule, missed, settings, say)


def _tell_missed(
    schedule: Schedule, missed: list[NewFiring], settings: Settings, say: Callable[[str], None]
) -> None:
    fact = hooks.Fact(
        event=Event.MISSED,
        schedule=schedule.name,
        state=FiringState.MISSED.value,
        scheduled_for=missed[-1].scheduled_for,
        reason=f"{len(missed)} missed: {missed[-1].reason}",
    )
    targets = schedule.definition.hooks.get(Event.MISSED, ())
    _tell_beside(fact, targets, environ=settings.environ, say=say)


def _tell_beside(
    fact: hooks.Fact, targets: tuple[str, ...], *, environ: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Beside the ticks, which wait for nobody."""
    told = partial(hooks.tell, fact, targets, environ=environ, say=say)
    if targets:
        threading.Thread(target=told, name="hooks", daemon=True).start()

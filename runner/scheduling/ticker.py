"""Ticks: what is due becomes firings, what was left behind is taken up, and what may start gets a process of its own.

A ticker holds nothing: all of it is in the database, and the processes go on without it. So it may be killed at any time,
and any number of tickers may work on one database.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from runner.errors import RunnerError
from runner.scheduling.deciding import decide, upcoming
from runner.scheduling.pruning import prune
from runner.scheduling.times import Clock
from runner.tracking.model import Lease
from runner.tracking.schedules import Decision, Fired, Firing, Schedule, Schedules, Upcoming

TICK = 1.0  # seconds between two
SLICE = 0.5  # seconds of one wait: a signal that arrives just before it is heeded after it
BATCH = 50  # schedules in one transaction
BACK = 60_000  # ms by which a clock must have been set back before we look at all schedules
PRUNING = 600_000  # ms between two looks for old firings
AGAIN = 10_000  # ms until a firing whose process did not come up gets another


class Started(Protocol):
    """A process that was started for a firing."""

    @property
    def code(self) -> int | None:
        """Its exit code; None while it goes on."""
        ...


@dataclass(slots=True)
class Ticker:
    """One scheduler.

    Attributes:
        start: starts the process that takes over a claimed firing.
        abandoned: takes up what schedulers or processes that died have left.
        fired: is told what was decided about a schedule.
        lease: of this process, from that moment on.
        at_once: firings that this scheduler has running at most.
        say: a line for the log.
    """

    schedules: Schedules
    clock: Clock
    start: Callable[[Schedule, Firing], Started]
    abandoned: Callable[[int], None]
    fired: Callable[[Fired], None]
    lease: Callable[[int], Lease]
    at_once: int
    say: Callable[[str], None]
    _running: list[tuple[Firing, str, Started]] = field(default_factory=list)
    _latest: int | None = None
    _pruned: int = 0

    def run(self, stopping: Callable[[], bool]) -> None:
        """Tick until told to stop. Trouble with the database is said, and may pass."""
        while not stopping():
            begun = time.monotonic()
            try:
                self.tick()
            except RunnerError as error:
                self.say(f"{error}; trying again")
            while (left := begun + TICK - time.monotonic()) > 0 and not stopping():
                time.sleep(min(left, SLICE))

    def tick(self) -> None:
        """All that there is to do now."""
        now = self.clock.now()
        self._reap(now)
        self._heed_clock(now)
        self._fire(now)
        self.abandoned(now)
        self._start(now)
        self._prune(now)

    def _fire(self, now: int) -> None:
        while True:
            fired = self.schedules.fire(now, self._decide, limit=BATCH)
            for each in fired:
                self.fired(each)
            if len(fired) < BATCH:
                return

    def _decide(self, schedule: Schedule, going: Sequence[Firing], now: int) -> Decision:
        """One schedule that cannot be understood, perhaps because this machine lacks its zone, holds up no other."""
        try:
            return decide(schedule, going, now)
        except RunnerError as error:
            self.say(f"{schedule.name}: {error}")
            return Decision(upcoming=Upcoming(schedule.upcoming.time, now + AGAIN))

    def _start(self, now: int) -> None:
        free = self.at_once - len(self._running)
        if free <= 0:
            return
        for schedule, firing in self.schedules.claim(now, self.lease(now), limit=free):
            try:
                self._running.append((firing, schedule.name, self.start(schedule, firing)))
            except RunnerError as error:
                self.say(f"{schedule.name}: {error}")
                self.schedules.give_back(firing.id, firing.claims, due=now + AGAIN)

    def _reap(self, now: int) -> None:
        running, self._running = self._running, []
        for firing, name, started in running:
            if started.code is None:
                self._running.append((firing, name, started))
            elif self.schedules.give_back(firing.id, firing.claims, due=now + AGAIN):
                self.say(f"{name}: the process of a firing did not come up (exit code {started.code})")

    def _heed_clock(self, now: int) -> None:
        """After a leap ahead, schedules wait for times far away; when the clock is set right they must not go on waiting.

        A scheduler that begins looks, too: the clock may have been set right when there was none.
        """
        back = self._latest is not None and now < self._latest - BACK
        if back:
            self.say("the clock was set back")
        if back or self._latest is None:
            self._rewind(now)
        self._latest = now

    def _rewind(self, now: int) -> None:
        for schedule in self.schedules.all():
            coming = self._next(schedule, now)
            if coming is not None and coming.time < schedule.upcoming.time:
                self.schedules.rewind(schedule.id, coming)

    def _next(self, schedule: Schedule, now: int) -> Upcoming | None:
        """When it would fire if it were new; None if it cannot be understood here."""
        try:
            return upcoming(schedule.name, schedule.definition, now - 1)
        except RunnerError as error:
            self.say(f"{schedule.name}: {error}")
            return None

    def _prune(self, now: int) -> None:
        """Every now and then, a little of each."""
        self._pruned = self._pruned or now  # the first tick has enough to do
        if self._pruned <= now < self._pruned + PRUNING:
            return
        self._pruned = now
        for schedule in self.schedules.all():
            prune(self.schedules, schedule.id, now)

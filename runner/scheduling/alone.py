"""One schedule fired by somebody else's clock (cron, systemd, ...): a tick for it alone, and its firings run here.

The rows are those that a scheduler would make. So history, overlap rule, missed times and retries are the same, and nothing fires
twice, should both be at work.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from runner.errors import RunnerError
from runner.process.child import Sink
from runner.scheduling.deciding import decide, due, overlapped
from runner.scheduling.ending import abandoned
from runner.scheduling.executing import Execution
from runner.scheduling.pruning import prune
from runner.scheduling.times import first, latest, times
from runner.scheduling.watching import lease
from runner.settings import Settings
from runner.tracking.schedules import Cause, Firing, FiringState, NewFiring, Overlap, Schedule
from runner.tracking.sql.store import SqlStore

TOLERANCE = 30_000  # ms by which a clock that starts us may be ahead of the database's
YEARS = 8 * 366 * 86_400_000  # ms: the 29th of February may be as far away
SLICE = 0.5


@dataclass(frozen=True, slots=True)
class Alone:
    """One schedule, fired without a scheduler."""

    store: SqlStore
    schedule: Schedule
    settings: Settings
    say: Callable[[str], None]
    sink: Sink

    def now(self) -> Firing | None:
        """Fire for the time that has just come, and run all that waits. None if nothing is due."""
        if self.schedule.paused:
            return None
        self._take_up()
        moment = self._nearest(self.store.schedules.now())
        start = due(self.schedule.name, self.schedule.definition, moment)
        self._sleep_until(start)
        self.store.schedules.fire(
            max(start, self.store.schedules.now()), decide, limit=1, only=self.schedule.id
        )
        fired = self._ran(moment)
        prune(self.store.schedules, self.schedule.id, self.store.schedules.now())
        return fired

    def at(self, moment: int) -> Firing | None:
        """Fire for that time, and run all that waits. None if the schedule is paused."""
        if self.schedule.paused:
            return None
        self._take_up()
        schedules, overlap = self.store.schedules, self.schedule.definition.overlap
        going = schedules.going(self.schedule.id)
        new = overlapped(overlap, NewFiring(moment, schedules.now(), Cause.CLOCK), going)
        schedules.insert(self.schedule.id, [new], replacing=overlap is Overlap.REPLACE)
        return self._ran(moment)

    def _nearest(self, now: int) -> int:
        """The schedule's last time; or its next one, if that is so near that we may have been started by a clock that is ahead."""
        when = times(self.schedule.definition.expression, self.schedule.definition.zone)
        coming = first(when, now)
        last = latest(when, now, 1, since=now - YEARS) or [0]
        return coming if coming - now <= min(TOLERANCE, (coming - last[-1]) // 4) else last[-1]

    def _ran(self, moment: int) -> Firing | None:
        """The firing for that time, after all that was to run has."""
        schedules = self.store.schedules
        while self._waiting():
            now = schedules.now()
            claimed = schedules.claim(now, lease(self.settings, now), limit=1, only=self.schedule.id)
            for _schedule, firing in claimed:
                self._run(firing)
            if not claimed:
                self._take_up()
                time.sleep(SLICE)
        return schedules.at(self.schedule.id, moment)

    def _waiting(self) -> bool:
        """Whether something is to run that may: the schedule can be paused meanwhile, or removed."""
        schedules, number = self.store.schedules, self.schedule.id
        going = schedules.going(number)
        return (
            any(each.state is FiringState.WAITING for each in going) and not schedules.numbered(number).paused
        )

    def _take_up(self) -> None:
        """What died with its process, perhaps with the whole machine, must not stand in the way for ever."""
        abandoned(
            self.store,
            self.store.schedules.now(),
            settings=self.settings,
            say=self.say,
            only=self.schedule.id,
        )

    def _run(self, firing: Firing) -> None:
        run(self.store, firing.id, firing.claims, settings=self.settings, say=self.say, sink=self.sink)

    def _sleep_until(self, moment: int) -> None:
        while (left := (moment - self.store.schedules.now()) / 1000) > 0:
            time.sleep(min(left, SLICE))


def run(
    store: SqlStore,
    firing: int,
    claims: int,
    *,
    settings: Settings,
    say: Callable[[str], None],
    sink: Sink = lambda _stream, _data: None,
) -> Firing | None:
    """Run a firing that was claimed; None if somebody else has it by now."""
    now = store.schedules.now()
    started = store.schedules.start(firing, claims, lease(settings, now), now)
    if started is None:
        raise RunnerError(f"firing {firing} is not ours any more: somebody else has it, or it has ended")
    schedule, mine = started
    return Execution(schedule, mine, store, settings, say, sink).run()

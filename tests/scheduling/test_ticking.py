"""A scheduler whose clock is ours: asleep, set forward, set back, without its database, with what others have left."""

import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from msgspec import structs

from runner.errors import Unavailable
from runner.process import ProgramMissing
from runner.scheduling import pruning
from runner.scheduling.deciding import upcoming
from runner.scheduling.ending import abandoned
from runner.scheduling.serving import scheduler
from runner.scheduling.ticker import Ticker
from runner.scheduling.watching import Watch
from runner.settings import Settings
from runner.tracking import open_database_store, this_process_lease
from runner.tracking.model import Lease, RunStatus
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
)
from runner.tracking.sql.schedules import SqlSchedules
from runner.tracking.sql.store import SqlStore
from tests.scheduling.test_times import moment
from tests.tracking.conftest import new_database

__all__ = ["new_database"]

HOUR = 3_600_000
NOON = moment("2026-11-21T12:00")
HOURLY = Definition(expression="@hourly", uri="/nowhere", overlap=Overlap.ALLOW)
ELSEWHERE = Lease("elsewhere", 1, "1", 0)


@dataclass
class Process:
    """Stands for the process of a firing."""

    code: int | None = None


@dataclass
class World:
    """A scheduler, its clock, and what it started and said."""

    store: SqlStore
    settings: Settings
    time: int = NOON - 1
    started: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    process: Process = field(default_factory=Process)
    comes_up: bool = True  # what is started does start the firing

    def now(self) -> int:
        return self.time

    def add(self, name: str = "s", **changes: object) -> Schedule:
        definition = replace(HOURLY, **changes)  # type: ignore[arg-type]
        return self.store.schedules.add(name, definition, upcoming=upcoming(name, definition, self.time))

    def ticker(self, at_once: int = 100) -> Ticker:
        def start(_schedule: Schedule, firing: Firing) -> Process:
            self.started.append((firing.scheduled_for - NOON) // HOUR)
            if self.comes_up:
                lease = this_process_lease(self.settings)
                self.store.schedules.start(firing.id, firing.claims, lease, self.time)
            return self.process

        def left(now: int) -> None:
            abandoned(self.store, now, settings=self.settings, say=self.said.append)

        return Ticker(
            schedules=self.store.schedules,
            clock=self,
            start=start,
            abandoned=left,
            fired=lambda _fired: None,
            lease=lambda now: structs.replace(this_process_lease(self.settings), until=now + 60_000),
            at_once=at_once,
            say=self.said.append,
        )

    def states(self, name: str = "s") -> list[tuple[int, str]]:
        """Hour after noon and state, in order."""
        found = self.store.schedules.history(name, limit=1000)
        return [((each.scheduled_for - NOON) // HOUR, each.state.value) for each in reversed(found)]

    def running(self, schedule: Schedule, *, lease: Lease = ELSEWHERE, time: int = NOON) -> Firing:
        """A firing that was claimed and started under that lease."""
        schedules = self.store.schedules
        schedules.insert(schedule.id, [NewFiring(time, time, Cause.CLOCK)], replacing=False)
        ((_, claimed),) = schedules.claim(time, lease, limit=1)
        found = schedules.start(claimed.id, claimed.claims, lease, time)
        assert found is not None
        return found[1]


@pytest.fixture
def world(home: Path, settings: Settings, new_database: Path) -> Iterator[World]:
    home.mkdir()
    shutil.copy(new_database, home / "runner.db")
    with closing(open_database_store(settings)) as store:
        yield World(store, settings)


def test_each_tick_starts_what_has_come(world: World) -> None:
    world.add()
    ticker = world.ticker()

    for world.time in (NOON - 1, NOON, NOON + 1000, NOON + HOUR, NOON + HOUR):
        ticker.tick()

    assert world.started == [0, 1]


@pytest.mark.parametrize(
    ("missed", "started"), [(Missed.SKIP, []), (Missed.ONCE, [3]), (Missed.ALL, [0, 1, 2, 3])]
)
def test_a_machine_that_sleeps_through_four_firings(
    world: World, missed: Missed, started: Sequence[int]
) -> None:
    world.add(missed=missed)
    ticker = world.ticker()
    ticker.tick()

    world.time = NOON + 3 * HOUR + HOUR // 2
    ticker.tick()
    world.time = NOON + 4 * HOUR
    ticker.tick()

    assert world.started == [*started, 4]
    assert len(world.states()) == 5  # none is unaccounted for


def test_a_clock_that_leaps_ahead_and_is_set_right_does_not_silence_a_schedule(world: World) -> None:
    world.add()
    ticker = world.ticker()
    ticker.tick()

    world.time = NOON + 9000 * HOUR
    ticker.tick()
    for world.time in (NOON, NOON + HOUR):
        ticker.tick()

    assert "the clock was set back" in world.said
    assert world.started == [9000, 0, 1]


def test_an_hour_that_comes_again_fires_nothing_again(world: World) -> None:
    world.add()
    ticker = world.ticker()

    for world.time in (NOON, NOON + HOUR, NOON - HOUR // 2, NOON, NOON + HOUR, NOON + 2 * HOUR):
        ticker.tick()

    assert world.started == [0, 1, 2]


def test_no_more_run_at_once_than_there_is_room_for(world: World) -> None:
    for name in "abc":
        world.add(name)
    ticker = world.ticker(at_once=2)

    world.time = NOON
    ticker.tick()
    ticker.tick()

    assert len(world.started) == 2


def test_a_process_that_does_not_come_up_is_started_again_after_a_while(world: World) -> None:
    world.add()
    world.comes_up = False
    ticker = world.ticker()
    world.time = NOON
    ticker.tick()

    world.process.code = 1
    ticker.tick()
    assert world.started == [0]
    world.time += 10_000
    ticker.tick()

    assert world.started == [0, 0]
    assert "did not come up" in world.said[0]


def test_what_a_dead_scheduler_had_claimed_is_started_by_another(world: World) -> None:
    schedule = world.add()
    world.store.schedules.insert(schedule.id, [NewFiring(NOON, NOON, Cause.CLOCK)], replacing=False)
    world.store.schedules.claim(NOON, ELSEWHERE, limit=1)
    world.time = NOON + 1

    world.ticker().tick()

    assert world.started == [0]


def test_a_claim_of_which_its_scheduler_never_heard_ends_with_its_time(world: World) -> None:
    schedule = world.add()
    world.store.schedules.insert(schedule.id, [NewFiring(NOON, NOON, Cause.CLOCK)], replacing=False)
    mine = structs.replace(this_process_lease(world.settings), until=NOON + 60_000)
    world.store.schedules.claim(NOON, mine, limit=1)
    ticker = world.ticker()

    for world.time in (NOON + 59_000, NOON + 60_001):
        ticker.tick()

    assert world.started.count(0) == 1


def test_a_process_that_cannot_be_started_leaves_its_firing_to_be_started_later(world: World) -> None:
    world.add()
    ticker = world.ticker()
    working, world.time = ticker.start, NOON

    def failing(_schedule: Schedule, _firing: Firing) -> Process:
        raise ProgramMissing("no python")

    ticker.start = failing
    ticker.tick()
    ticker.start = working
    ticker.tick()
    assert world.started == []
    world.time += 10_000
    ticker.tick()

    assert world.started == [0]
    assert world.said == ["s: no python"]


def test_a_firing_whose_process_died_runs_again(world: World) -> None:
    world.running(world.add())
    ticker = world.ticker()
    world.time = NOON + 1
    ticker.tick()
    assert world.started == []  # what it has left behind is ended first
    world.time += 5000

    ticker.tick()

    assert world.started == [0]
    assert "tried again: its process died" in world.said[0]


def test_but_not_while_its_run_lives(world: World) -> None:
    schedule = world.add()
    firing = world.running(schedule)
    tag = {"runner.firing": f"{firing.id}.{firing.claims}"}
    run = world.store.create_run(
        "0", tags=tag, status=RunStatus.RUNNING, lease=this_process_lease(world.settings)
    )
    world.time = NOON + 1
    ticker = world.ticker()

    ticker.tick()
    assert world.states() == [(0, "running")]
    world.store.update_run(run.id, status=RunStatus.FINISHED, ended=1)
    ticker.tick()

    assert world.started == []
    assert world.states() == [(0, "succeeded")]
    assert world.store.schedules.firing(firing.id).run_id == run.id  # which its process had not come to tell


def test_what_dies_again_and_again_fails(world: World) -> None:
    schedule = world.add()
    world.running(schedule)
    world.comes_up = False
    schedules, ticker = world.store.schedules, world.ticker()
    for _ in range(8):
        world.time += 5000
        ticker.tick()
        for firing in schedules.going(schedule.id):
            schedules.start(firing.id, firing.claims, ELSEWHERE, world.time)

    assert world.states() == [(0, "failed")]


def test_a_zone_that_this_machine_does_not_know_holds_up_no_other_schedule(world: World) -> None:
    world.add()
    odd = world.add("odd")
    world.store.schedules.change(
        "odd", replace(HOURLY, zone="Mars/Base"), paused=False, upcoming=odd.upcoming
    )
    world.time = NOON

    world.ticker().tick()

    assert world.started == [0]
    assert "Mars/Base" in world.said[0]


def test_a_database_that_is_away_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add()
    world.time = NOON
    ticker = world.ticker()
    answers = iter([Unavailable("away"), None])

    def tick() -> None:
        if (trouble := next(answers)) is not None:
            raise trouble

    monkeypatch.setattr(Ticker, "tick", lambda _self: tick())
    monkeypatch.setattr(sys.modules["runner.scheduling.ticker"], "TICK", 0.01)
    rounds = iter([False, True, False, True, True])
    ticker.run(lambda: next(rounds))

    assert world.said == ["away; trying again"]


def test_one_decision_is_carried_out_wholly_or_not_at_all(world: World) -> None:
    schedule = world.add()
    bad = NewFiring(NOON, NOON, Cause.CLOCK, FiringState.WAITING, "x")

    def decide(found: Schedule, _going: Sequence[Firing], _now: int) -> Decision:
        return Decision(firings=(bad,), upcoming=replace(found.upcoming, time=None))  # type: ignore[arg-type]

    world.time = NOON
    with pytest.raises(Unavailable):
        world.store.schedules.fire(NOON, decide, limit=1)

    assert world.states() == []
    assert world.store.schedules.get("s").upcoming == schedule.upcoming


def test_a_scheduler_that_begins_when_the_clock_is_right_again_waits_for_no_time_far_away(
    world: World,
) -> None:
    world.time = NOON + 9000 * HOUR
    world.add()
    ticker = world.ticker()

    for world.time in (NOON - 1, NOON, NOON + HOUR):
        ticker.tick()

    assert world.started == [0, 1]


def test_a_clock_that_is_set_back_is_heeded_although_a_zone_is_unknown(world: World) -> None:
    odd = world.add("odd")
    world.store.schedules.change("odd", replace(HOURLY, zone="Mars/Base"), upcoming=odd.upcoming)
    world.add()
    ticker = world.ticker()

    for world.time in (NOON + 9000 * HOUR, NOON, NOON + HOUR):
        ticker.tick()

    assert world.started == [9000, 0, 1]


def test_a_time_that_comes_again_stops_nothing_that_it_had_started(world: World) -> None:
    world.add(overlap=Overlap.REPLACE)
    ticker = world.ticker()

    for world.time in (NOON, NOON - HOUR // 2, NOON):  # the clock is set back
        ticker.tick()

    (firing,) = world.store.schedules.history("s", limit=9)
    assert (firing.state, firing.stopping) == (FiringState.RUNNING, False)


def test_a_hook_that_takes_long_holds_up_no_tick(world: World, tmp_path: Path) -> None:
    told = tmp_path / "told"
    hook = f"sh -c 'sleep 3; touch {told}'"
    firing = world.running(world.add(hooks={"failure": (hook,)}))
    schedules = world.store.schedules
    for _ in range(2):
        schedules.end(firing.id, firing.claims, FiringState.WAITING, now=NOON, due=NOON)
        ((_, claimed),) = schedules.claim(NOON, ELSEWHERE, limit=1)
        started = schedules.start(claimed.id, claimed.claims, ELSEWHERE, NOON)
        assert started is not None
        firing = started[1]
    schedules.change("s", paused=True)

    scheduler(world.store, settings=world.settings, at_once=1, say=world.said.append).tick()

    assert world.states() == [(0, "failed")]
    assert not told.exists()
    deadline = time.monotonic() + 30
    while not told.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_history_is_bounded_and_keeps_what_led_to_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "KEPT", 5)
    schedule = world.add(expression="@hourly", missed=Missed.SKIP)
    times = [NOON - 100 * HOUR + hour * HOUR for hour in range(40)]
    missed = [NewFiring(time, time, Cause.CLOCK, FiringState.MISSED) for time in times]
    world.store.schedules.insert(schedule.id, missed, replacing=False)
    firing = world.running(schedule, time=times[0] - 1)
    run = world.store.create_run("0")
    world.store.schedules.link(firing.id, firing.claims, run.id)
    world.store.schedules.end(firing.id, firing.claims, FiringState.SUCCEEDED, now=NOON)
    ticker = world.ticker()

    for world.time in (NOON - 1, NOON + 11 * 60_000):
        ticker.tick()

    left = world.store.schedules.history("s", limit=1000)
    assert [each.scheduled_for for each in left] == [NOON, *reversed(times[-4:]), times[0] - 1]
    assert left[-1].run_id == run.id


def test_a_run_is_linked_although_the_database_was_away_when_it_began(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    firing = world.running(world.add(), lease=this_process_lease(world.settings))
    run = world.store.create_run("0")
    announced = tmp_path / "announced"
    announced.write_text(f'{{"run_id": "{run.id}"}}\n')
    link, troubles = SqlSchedules.link, [Unavailable("away")]

    def away_at_first(schedules: SqlSchedules, number: int, claims: int, run_id: str) -> None:
        if troubles:
            raise troubles.pop()
        link(schedules, number, claims, run_id)

    monkeypatch.setattr(SqlSchedules, "link", away_at_first)
    watch = Watch(firing, world.store, world.settings, timeout=None, announced=announced)

    for _ in range(2):
        assert watch.run() is not None

    assert world.store.schedules.firing(firing.id).run_id == run.id


def test_a_schedule_of_a_newer_version_holds_up_no_other(world: World, home: Path) -> None:
    newer = world.add("newer")
    world.store.schedules.insert(newer.id, [NewFiring(1, 1, Cause.MANUAL)], replacing=False)
    world.add()
    with closing(sqlite3.connect(home / "runner.db")) as db:
        db.execute("UPDATE runner_schedules SET definition = '{\"schema\": 2}' WHERE name = 'newer'")
        db.commit()
    ticker = world.ticker()

    for world.time in (NOON - 1, NOON, NOON + HOUR):
        ticker.tick()

    assert world.started == [0, 1]
    assert world.store.schedules.firing(1).state is FiringState.WAITING

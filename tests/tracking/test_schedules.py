"""Schedules and firings as they are kept, on every kind of database."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from runner.errors import Conflict, NotFound, TrackingError
from runner.scheduling.deciding import decide
from runner.settings import Settings
from runner.tracking import Store, this_process_lease
from runner.tracking.model import Lease
from runner.tracking.schedules import (
    Cause,
    Definition,
    Firing,
    FiringState,
    Missed,
    NewFiring,
    OnlyIf,
    Overlap,
    Retry,
    Schedule,
    Schedules,
    Upcoming,
)
from runner.tracking.sql.store import SqlStore

each = pytest.mark.parametrize
HOURLY = Definition(expression="@hourly", uri="/project")
HOUR = 3_600_000
FIRST = Upcoming(HOUR, HOUR)
GONE = Lease("elsewhere", 1, "1", HOUR + 30_000)


@pytest.fixture
def schedules(store: Store) -> Schedules:
    assert isinstance(store, SqlStore)
    return store.schedules


@pytest.fixture
def lease(settings: Settings) -> Lease:
    return this_process_lease(settings)


def added(schedules: Schedules, name: str = "s", **changes: object) -> Schedule:
    return schedules.add(name, replace(HOURLY, **changes), upcoming=FIRST)  # type: ignore[arg-type]


def waiting(
    schedules: Schedules, schedule: Schedule, *times: int, cause: Cause = Cause.CLOCK
) -> Sequence[Firing]:
    new = [NewFiring(time, time, cause) for time in times]
    return schedules.insert(schedule.id, new, replacing=False)


def test_a_schedule_comes_back_as_it_was_added(schedules: Schedules) -> None:
    definition = Definition(
        expression="30 2 * * *",
        uri="https://example.com/x.git",
        zone="Europe/Berlin",
        version="main",
        entry_point="train",
        parameters={"alpha": "0.1", "note": "zwei Wörter 🚀"},
        from_environment={"token": "API_TOKEN"},
        options=("--env-manager=local",),
        directory="/srv",
        missed=Missed.ALL,
        most=3,
        grace=5,
        overlap=Overlap.REPLACE,
        jitter=60,
        retry=Retry(most=2, after=("program",), delay=1, longest=9),
        timeout=99,
        only_if=OnlyIf.DATA,
        hooks={"failure": ("mail me",)},
    )

    made = schedules.add("nightly", definition, upcoming=Upcoming(5, 7))

    assert made.definition == definition
    assert (made.name, made.paused, made.upcoming) == ("nightly", False, Upcoming(5, 7))
    assert schedules.get("nightly") == made == schedules.numbered(made.id)
    assert schedules.all() == [made]


def test_the_clock_of_the_database_is_that_of_this_machine(schedules: Schedules, lease: Lease) -> None:
    assert abs(schedules.now() - (lease.until - 30_000)) < 5000


def test_a_name_is_taken_once(schedules: Schedules) -> None:
    added(schedules)

    with pytest.raises(Conflict, match="already"):
        added(schedules)


@each("name", ["", "a b", "-x", "x/y", "é", "x" * 251, "a\nb"])
def test_names_that_would_not_fit_where_they_are_written_are_refused(schedules: Schedules, name: str) -> None:
    with pytest.raises(TrackingError, match="no name for a schedule"):
        added(schedules, name)


def test_an_unknown_name_is_told_with_the_nearest(schedules: Schedules) -> None:
    added(schedules, "nightly")

    with pytest.raises(NotFound) as raised:
        schedules.get("nightli")

    assert raised.value.hint == "did you mean 'nightly'?"


def test_a_schedule_is_changed(schedules: Schedules) -> None:
    added(schedules)

    made = schedules.change("s", replace(HOURLY, uri="/other"), paused=True, upcoming=Upcoming(9, 9))

    assert (made.definition.uri, made.paused, made.upcoming) == ("/other", True, Upcoming(9, 9))


def test_only_what_is_given_is_changed(schedules: Schedules) -> None:
    before = added(schedules)

    schedules.change("s", paused=True)
    schedules.fire(HOUR, decide, limit=10)
    made = schedules.change("s", replace(HOURLY, uri="/other"))

    assert (made.definition.uri, made.paused, made.upcoming) == ("/other", True, before.upcoming)


def test_what_has_ended_long_ago_is_forgotten_but_the_latest_and_the_last_success(
    schedules: Schedules, lease: Lease
) -> None:
    schedule = added(schedules)
    waiting(schedules, schedule, 1)
    ((_, firing),) = schedules.claim(HOUR, lease, limit=1)
    schedules.start(firing.id, firing.claims, lease, HOUR)
    schedules.end(firing.id, firing.claims, FiringState.SUCCEEDED, now=HOUR)
    skipped = [NewFiring(time, time, Cause.CLOCK, FiringState.SKIPPED) for time in range(2, 10)]
    schedules.insert(schedule.id, skipped, replacing=False)

    counts = [schedules.prune(schedule.id, keep=3, before=HOUR, limit=4) for _ in range(3)]

    assert sum(counts) == 5
    assert [each.scheduled_for for each in schedules.history("s", limit=99)] == [9, 8, 7, 1]


def test_each_time_fires_once_and_the_next_one_is_set(schedules: Schedules) -> None:
    schedule = added(schedules)

    first = schedules.fire(HOUR, decide, limit=10)
    again = schedules.fire(HOUR, decide, limit=10)
    waiting(schedules, schedule, HOUR)  # the same time, asked for once more

    assert [fired.schedule.name for fired in first] == ["s"]
    assert again == []
    assert [firing.scheduled_for for firing in schedules.history("s", limit=9)] == [HOUR]
    assert schedules.get("s").upcoming == Upcoming(2 * HOUR, 2 * HOUR)


def test_no_more_schedules_fire_at_once_than_asked_for(schedules: Schedules) -> None:
    for name in "abc":
        added(schedules, name)

    assert [len(schedules.fire(HOUR, decide, limit=2)) for _ in range(3)] == [2, 1, 0]


def test_a_paused_schedule_does_not_fire_but_what_a_person_asks_for_runs(
    schedules: Schedules, lease: Lease
) -> None:
    schedule = added(schedules)
    schedules.change("s", HOURLY, paused=True, upcoming=FIRST)

    assert schedules.fire(HOUR, decide, limit=10) == []
    waiting(schedules, schedule, 1, cause=Cause.CATCH_UP)
    waiting(schedules, schedule, 2, cause=Cause.MANUAL)
    assert [firing.cause for _, firing in schedules.claim(HOUR, lease, limit=9)] == [Cause.MANUAL]


def test_a_firing_is_claimed_once_and_in_order(schedules: Schedules, lease: Lease) -> None:
    schedule = added(schedules, overlap=Overlap.ALLOW)
    waiting(schedules, schedule, 3, 1, 2, HOUR + 1)

    first = schedules.claim(HOUR, lease, limit=2)
    second = schedules.claim(HOUR, lease, limit=9)

    assert [firing.scheduled_for for _, firing in first] == [1, 2]
    assert [firing.scheduled_for for _, firing in second] == [3]
    assert {firing.state for _, firing in first} == {FiringState.CLAIMED}


@each("overlap", [Overlap.FORBID, Overlap.QUEUE, Overlap.REPLACE])
def test_only_one_of_a_schedule_goes_on_unless_overlaps_are_allowed(
    schedules: Schedules, lease: Lease, overlap: Overlap
) -> None:
    schedule = added(schedules, overlap=overlap)
    other = added(schedules, "other", overlap=overlap)
    waiting(schedules, schedule, 1, 2)
    waiting(schedules, other, 3)

    claimed = schedules.claim(HOUR, lease, limit=9)

    assert [(each.name, firing.scheduled_for) for each, firing in claimed] == [("s", 1), ("other", 3)]
    firing = claimed[0][1]
    schedules.start(firing.id, firing.claims, lease, HOUR)
    assert schedules.claim(HOUR, lease, limit=9) == []
    assert schedules.end(firing.id, firing.claims, FiringState.SUCCEEDED, now=HOUR)
    assert [firing.scheduled_for for _, firing in schedules.claim(HOUR, lease, limit=9)] == [2]


def test_of_one_schedule_alone(schedules: Schedules, lease: Lease) -> None:
    schedule, other = added(schedules), added(schedules, "other")
    waiting(schedules, schedule, 1)
    waiting(schedules, other, 2)

    claimed = schedules.claim(HOUR, lease, limit=9, only=other.id)
    fired = schedules.fire(HOUR, decide, limit=9, only=schedule.id)

    assert [each.name for each, _ in claimed] == ["other"]
    assert [each.schedule.name for each in fired] == ["s"]


def test_whose_claim_was_taken_back_cannot_start_or_end_it(schedules: Schedules, lease: Lease) -> None:
    schedule = added(schedules)
    waiting(schedules, schedule, 1)
    ((_, firing),) = schedules.claim(HOUR, lease, limit=1)

    assert schedules.give_back(firing.id, firing.claims)
    ((_, again),) = schedules.claim(HOUR, lease, limit=1)

    assert again.claims == firing.claims + 1
    assert schedules.start(firing.id, firing.claims, lease, HOUR) is None
    assert schedules.start(again.id, again.claims, lease, HOUR) is not None
    assert schedules.renew(firing.id, firing.claims, lease) == "lost"
    assert schedules.renew(again.id, again.claims, lease) == "held"
    assert not schedules.end(firing.id, firing.claims, FiringState.FAILED, now=HOUR)
    assert not schedules.give_back(again.id, again.claims)  # it has started


def test_what_a_dead_process_held_is_overdue(schedules: Schedules, lease: Lease) -> None:
    schedule = added(schedules, overlap=Overlap.ALLOW)
    waiting(schedules, schedule, 1, 2)
    ((_, left),) = schedules.claim(HOUR, GONE, limit=1)
    schedules.claim(HOUR, lease, limit=1)

    assert schedules.overdue(HOUR) == []
    assert [firing.id for firing in schedules.overdue(HOUR + 30_001)] == [left.id]


def test_one_that_failed_is_tried_again_later(schedules: Schedules, lease: Lease) -> None:
    schedule = added(schedules)
    waiting(schedules, schedule, 1)
    ((_, firing),) = schedules.claim(HOUR, lease, limit=1)
    schedules.start(firing.id, firing.claims, lease, HOUR)
    schedules.link(firing.id, firing.claims, "abc")

    schedules.end(firing.id, firing.claims, FiringState.WAITING, now=HOUR, due=2 * HOUR, reason="network")

    (kept,) = schedules.history("s", limit=1)
    assert (kept.attempt, kept.due, kept.reason, kept.run_id, kept.active) == (
        2,
        2 * HOUR,
        "network",
        "abc",
        True,
    )
    assert schedules.claim(2 * HOUR - 1, lease, limit=1) == []
    assert len(schedules.claim(2 * HOUR, lease, limit=1)) == 1


def test_a_later_one_replaces_those_that_run_and_wait(schedules: Schedules, lease: Lease) -> None:
    schedule = added(schedules, overlap=Overlap.REPLACE)
    waiting(schedules, schedule, 1, 2)
    ((_, running),) = schedules.claim(HOUR, lease, limit=1)
    schedules.start(running.id, running.claims, lease, HOUR)

    schedules.fire(HOUR, decide, limit=9)

    assert schedules.renew(running.id, running.claims, lease) == "stop"
    assert schedules.claim(HOUR, lease, limit=9) == []  # not before the other has stopped
    schedules.end(running.id, running.claims, FiringState.WAITING, now=HOUR, due=HOUR)
    assert [(f.scheduled_for, f.state.value) for f in schedules.history("s", limit=9)] == [
        (HOUR, "waiting"),
        (2, "skipped"),
        (1, "stopped"),  # although it was to be tried again
    ]


def test_what_was_claimed_and_is_replaced_does_not_wait_again(schedules: Schedules, lease: Lease) -> None:
    schedule = added(schedules, overlap=Overlap.REPLACE)
    waiting(schedules, schedule, 1)
    ((_, claimed),) = schedules.claim(HOUR, lease, limit=1)
    schedules.fire(HOUR, decide, limit=9)

    schedules.give_back(claimed.id, claimed.claims)

    assert schedules.history("s", limit=9)[-1].state is FiringState.SKIPPED


def test_a_schedule_goes_with_its_history_but_not_while_a_firing_goes_on(
    schedules: Schedules, lease: Lease
) -> None:
    schedule = added(schedules)
    waiting(schedules, schedule, 1)
    ((_, firing),) = schedules.claim(HOUR, lease, limit=1)

    with pytest.raises(Conflict, match="goes on"):
        schedules.remove("s")
    schedules.give_back(firing.id, firing.claims)
    schedules.remove("s")

    assert schedules.all() == []
    assert schedules.claim(HOUR, lease, limit=1) == []


def test_the_last_outcomes_of_schedules(schedules: Schedules, lease: Lease) -> None:
    schedule = added(schedules, overlap=Overlap.ALLOW)
    added(schedules, "never")
    one, two, three = waiting(schedules, schedule, 1, 2, 3)
    for firing, state in ((one, FiringState.SUCCEEDED), (two, FiringState.FAILED)):
        schedules.claim(HOUR, lease, limit=1)
        schedules.start(firing.id, 1, lease, HOUR)
        schedules.end(firing.id, 1, state, now=HOUR + firing.scheduled_for, fingerprint="f")

    last = schedules.last_ended(schedule.id, before=three.id)
    success = schedules.last_ended(schedule.id, before=three.id, state=FiringState.SUCCEEDED)

    assert (last and last.id, success and success.id, success and success.fingerprint) == (
        two.id,
        one.id,
        "f",
    )
    assert schedules.last_ended(schedule.id, before=one.id, state=FiringState.SUCCEEDED) is None
    assert {key: each.id for key, each in schedules.last_firings([schedule.id, 77]).items()} == {
        schedule.id: two.id
    }


def test_a_clock_that_was_set_back_does_not_leave_a_schedule_waiting(schedules: Schedules) -> None:
    schedule = added(schedules)

    schedules.rewind(schedule.id, Upcoming(5 * HOUR, 5 * HOUR))
    assert schedules.get("s").upcoming == FIRST
    schedules.rewind(schedule.id, Upcoming(1, 1))
    assert schedules.get("s").upcoming == Upcoming(1, 1)


def test_a_definition_of_a_newer_version_says_so(schedules: Schedules) -> None:
    with pytest.raises(TrackingError, match="schema 2"):
        Definition.from_json({**HOURLY.to_json(), "schema": 2})
    with pytest.raises(TrackingError, match="this is no schedule"):
        Definition.from_json({"schema": 1, "expression": "@daily"})


def test_firings_of_a_span_are_told_and_tallied(schedules: Schedules, lease: Lease) -> None:
    first, second = added(schedules, "a"), added(schedules, "b")
    waiting(schedules, first, 1, 2, 3)
    waiting(schedules, second, 2)
    ((_, firing),) = schedules.claim(1, lease, limit=1)
    schedules.start(firing.id, firing.claims, lease, 10)
    schedules.end(firing.id, firing.claims, FiringState.SUCCEEDED, now=25)
    numbers = [first.id, second.id]

    found = schedules.between(1, 3, schedules=numbers)

    assert [(each.schedule, each.scheduled_for) for each in found] == [
        (first.id, 1),
        (first.id, 2),
        (second.id, 2),
    ]
    assert schedules.tallied(1, 3, schedules=numbers) == {
        first.id: {FiringState.SUCCEEDED: 1, FiringState.WAITING: 1},
        second.id: {FiringState.WAITING: 1},
    }
    assert schedules.tallied(9, 10, schedules=numbers) == {}
    assert schedules.lasted(numbers, latest=3) == {first.id: [15]}
    assert schedules.lasted(numbers, latest=2) == {}


def test_what_waits_for_a_scheduler_is_told_unless_it_waits_for_what_runs(
    schedules: Schedules, lease: Lease
) -> None:
    schedule, other = added(schedules), added(schedules, "other")
    waiting(schedules, schedule, 5, 7)
    waiting(schedules, other, 3)
    schedules.change("other", paused=True)

    assert schedules.untaken(4) is None
    assert schedules.untaken(9) == 5
    schedules.claim(9, lease, limit=1)
    assert schedules.untaken(9) is None

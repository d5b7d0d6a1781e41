"""Machines that slept, clocks that leapt, firings that go on: what becomes of the times that have come."""

from dataclasses import replace

import pytest

from runner.errors import UsageError
from runner.scheduling.deciding import check_jitter, decide, upcoming
from runner.tracking.schedules import (
    Cause,
    Decision,
    Definition,
    Firing,
    FiringState,
    Missed,
    Overlap,
    Schedule,
)
from tests.scheduling.test_times import moment

each = pytest.mark.parametrize
HOUR = 3_600_000
NOON = moment("2026-11-21T12:00")
HOURLY = Definition(expression="@hourly", uri="/project", grace=60)


def schedule(definition: Definition = HOURLY, since: int = NOON - 1) -> Schedule:
    """One whose first time is that after `since`."""
    return Schedule(
        id=1,
        name="s",
        definition=definition,
        paused=False,
        created=0,
        updated=0,
        upcoming=upcoming("s", definition, since),
    )


def firing(state: FiringState, cause: Cause = Cause.CLOCK, attempt: int = 1) -> Firing:
    return Firing(
        id=9, schedule=1, scheduled_for=NOON - HOUR, state=state, cause=cause, due=0, attempt=attempt
    )


def outcome(decision: Decision) -> list[tuple[int, str, str]]:
    """Hour after noon, state, cause."""
    return [((new.scheduled_for - NOON) // HOUR, new.state, new.cause) for new in decision.firings]


def test_what_is_on_time_fires_and_the_next_time_follows() -> None:
    decision = decide(schedule(), [], NOON + 500)

    assert outcome(decision) == [(0, "waiting", "clock")]
    assert decision.upcoming.time == NOON + HOUR


def test_what_is_late_within_its_grace_is_on_time() -> None:
    assert outcome(decide(schedule(), [], NOON + 60_000)) == [(0, "waiting", "clock")]
    assert outcome(decide(schedule(), [], NOON + 60_001)) == [(0, "waiting", "catch-up")]


@each(
    ("missed", "most", "expected"),
    [
        (Missed.SKIP, 10, ["missed", "missed", "missed", "missed"]),
        (Missed.ONCE, 10, ["missed", "missed", "missed", "catch-up"]),
        (Missed.ALL, 10, ["catch-up", "catch-up", "catch-up", "catch-up"]),
        (Missed.ALL, 2, ["missed", "missed", "catch-up", "catch-up"]),
    ],
)
def test_a_machine_that_slept_for_four_firings(missed: Missed, most: int, expected: list[str]) -> None:
    decision = decide(schedule(replace(HOURLY, missed=missed, most=most)), [], NOON + 3 * HOUR + 30 * 60_000)

    assert [
        "missed" if new.state is FiringState.MISSED else new.cause.value for new in decision.firings
    ] == expected
    assert [new.scheduled_for for new in decision.firings] == [NOON + hour * HOUR for hour in range(4)]
    assert decision.upcoming.time == NOON + 4 * HOUR


@each(
    ("missed", "expected"),
    [
        (Missed.SKIP, ["missed", "missed", "waiting"]),
        (Missed.ONCE, ["missed", "missed", "waiting"]),
        (Missed.ALL, ["waiting", "waiting", "waiting"]),
    ],
)
def test_a_machine_that_wakes_just_in_time_for_the_third(missed: Missed, expected: list[str]) -> None:
    decision = decide(schedule(replace(HOURLY, missed=missed)), [], NOON + 2 * HOUR + 1000)

    assert [new.state.value for new in decision.firings] == expected
    assert decision.firings[-1].cause is Cause.CLOCK


def test_after_a_leap_of_ten_years_only_the_latest_times_are_listed() -> None:
    minutely = replace(HOURLY, expression="* * * * *", missed=Missed.ALL, most=3)

    decision = decide(schedule(minutely), [], NOON + 10 * 8766 * HOUR + 30_000)

    states = [new.state.value for new in decision.firings]
    assert states == ["missed"] * 96 + ["waiting"] * 4  # the last one is on time
    assert "earlier times are not listed" in decision.firings[0].reason


def test_a_clock_that_went_back_fires_nothing_and_waits() -> None:
    decision = decide(schedule(), [], NOON - 2 * HOUR)

    assert decision.firings == ()


def test_several_times_within_the_grace_all_fire() -> None:
    fast = replace(HOURLY, expression="every 1s", overlap=Overlap.ALLOW)

    decision = decide(schedule(fast), [], NOON + 3000)

    assert [new.scheduled_for - NOON for new in decision.firings] == [0, 1000, 2000, 3000]


@each("going", [FiringState.CLAIMED, FiringState.RUNNING])
@each(
    ("overlap", "state", "replacing"),
    [
        (Overlap.FORBID, "skipped", False),
        (Overlap.ALLOW, "waiting", False),
        (Overlap.QUEUE, "waiting", False),
        (Overlap.REPLACE, "waiting", True),
    ],
)
def test_while_one_goes_on(overlap: Overlap, state: str, replacing: bool, going: FiringState) -> None:
    decision = decide(schedule(replace(HOURLY, overlap=overlap)), [firing(going)], NOON)

    assert outcome(decision) == [(0, state, "clock")]
    assert decision.replacing is replacing


def test_one_that_is_to_be_tried_again_forbids_another() -> None:
    decision = decide(schedule(), [firing(FiringState.WAITING, attempt=2)], NOON)

    assert outcome(decision) == [(0, "skipped", "clock")]
    assert decision.firings[0].reason == "the one before it is to be tried again"


def test_a_backfill_that_waits_does_not_forbid_what_comes_by_the_clock() -> None:
    decision = decide(schedule(), [firing(FiringState.WAITING, Cause.BACKFILL)], NOON)

    assert outcome(decision) == [(0, "waiting", "clock")]


def test_what_is_caught_up_with_waits_for_its_turn_where_overlaps_are_forbidden() -> None:
    both = replace(HOURLY, missed=Missed.ALL)

    decision = decide(schedule(both), [firing(FiringState.RUNNING)], NOON + 2 * HOUR)

    assert outcome(decision) == [
        (0, "waiting", "catch-up"),
        (1, "waiting", "catch-up"),
        (2, "skipped", "clock"),
    ]


def test_of_several_that_replace_each_other_the_last_runs() -> None:
    both = replace(HOURLY, missed=Missed.ALL, overlap=Overlap.REPLACE)

    decision = decide(schedule(both), [], NOON + 2 * HOUR)

    assert [new.state.value for new in decision.firings] == ["skipped", "skipped", "waiting"]


def test_with_a_jitter_a_firing_starts_later_and_is_on_time_then() -> None:
    spread = replace(HOURLY, jitter=1800)
    at = schedule(spread).upcoming
    assert 0 < at.due - at.time < 1800_000

    early, on_time = decide(schedule(spread), [], at.due - 1), decide(schedule(spread), [], at.due + 500)

    assert early.firings == ()
    assert outcome(on_time) == [(0, "waiting", "clock")]
    assert on_time.firings[0].due == at.due


def test_a_jitter_in_which_firings_would_overtake_each_other_is_refused() -> None:
    check_jitter(replace(HOURLY, jitter=3600), NOON)
    with pytest.raises(UsageError, match="longer than the time between two firings, 3600 s"):
        check_jitter(replace(HOURLY, jitter=3601), NOON)

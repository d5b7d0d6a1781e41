"""What a store tells those who watch it, in every database."""

import math
import time

import pytest

from runner.errors import NotFound
from runner.settings import Settings
from runner.tracking import open_store
from runner.tracking.model import Metric, Run
from runner.tracking.store import WatchedStore

NAN = math.nan


@pytest.fixture
def run(store: WatchedStore) -> Run:
    return store.create_run("0")


def log(store: WatchedStore, run: Run, *points: tuple[float, int, int]) -> None:
    store.log(run.id, metrics=[Metric("loss", value, at, step) for value, at, step in points])


def told(store: WatchedStore, before: object) -> bool:
    """Whether a change is told sooner or later: a database server is asked once a second."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if store.changes() != before:
            return True
        time.sleep(0.05)
    return False


def steps(points: tuple[Metric, ...]) -> list[int]:
    return [point.step for point in points]


def test_what_another_connection_commits_is_a_change(
    store: WatchedStore, run: Run, store_uri: str, settings: Settings
) -> None:
    other = open_store(settings, store_uri)
    before = store.changes()

    other.log(run.id, tags={"x": "1"})
    other.close()

    assert told(store, before)


def test_our_own_commit_is_a_change(store: WatchedStore, run: Run) -> None:
    before = store.changes()

    store.log(run.id, tags={"x": "1"})

    assert told(store, before)


def test_points_behind_the_latest_are_told_in_order(store: WatchedStore, run: Run) -> None:
    log(store, run, (1, 10, 0), (2, 20, 1))
    seen = store.new_points(run.id, None, limit=10, count=True)

    log(store, run, (5, 20, 2), (4, 20, 2), (3, 30, 1), (1, 40, 2))
    store.log(run.id, metrics=[Metric("other", 1, 1, 0)])
    new = store.new_points(run.id, seen.latest, limit=10, count=True)

    assert (seen.points, seen.counts) == ({}, {"loss": 2})
    assert [(point.step, point.time, point.value) for point in new.points["loss"]] == [
        (1, 30, 3), (2, 20, 4), (2, 20, 5), (2, 40, 1),
    ]  # fmt: skip
    assert steps(new.points["other"]) == [0]
    assert new.counts == {"loss": 6, "other": 1}


def test_nothing_new_is_told_as_nothing(store: WatchedStore, run: Run) -> None:
    log(store, run, (NAN, 10, 0), (math.inf, 10, 1), (NAN, 20, 2))
    seen = store.new_points(run.id, None, limit=10, count=False)

    again = store.new_points(run.id, seen.latest, limit=10, count=False)

    assert (dict(again.points), again.counts) == ({}, None)


def test_a_late_point_only_counts(store: WatchedStore, run: Run) -> None:
    log(store, run, (1, 10, 5))
    seen = store.new_points(run.id, None, limit=10, count=True)

    log(store, run, (1, 20, 3))
    new = store.new_points(run.id, seen.latest, limit=10, count=True)

    assert (dict(new.points), new.counts) == ({}, {"loss": 2})


def test_no_more_points_are_read_than_asked_for_and_one(store: WatchedStore, run: Run) -> None:
    seen = store.new_points(run.id, None, limit=3, count=False)

    log(store, run, *((0, at, at) for at in range(9)))
    new = store.new_points(run.id, seen.latest, limit=3, count=False)

    assert steps(new.points["loss"]) == [0, 1, 2, 3]


def test_points_of_a_run_that_is_not_there_are_not_found(store: WatchedStore) -> None:
    with pytest.raises(NotFound):
        store.new_points("nobody", None, limit=1, count=True)

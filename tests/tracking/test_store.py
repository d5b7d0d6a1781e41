"""Runs, which every store keeps alike."""

import threading
from collections.abc import Callable

import pytest

from runner.errors import Conflict, NotFound, TrackingError
from runner.settings import Settings
from runner.tracking import Store, this_process_lease
from runner.tracking.model import Lease, Lifecycle, Metric, Run, RunStatus

# runs -----------------------------------------------------------------------------------------------------


def test_a_run_comes_back_as_it_was_made(store: Store) -> None:
    run = store.create_run(
        "0",
        name="first",
        user="me",
        status=RunStatus.PREPARING,
        started=1000,
        params={"alpha": "0.50", "note": "two words; 'ü'"},
        tags={"team": "churn"},
    )

    assert store.run(run.id) == run
    assert (run.name, run.user, run.status, run.started, run.ended) == (
        "first",
        "me",
        RunStatus.PREPARING,
        1000,
        None,
    )
    assert run.params == {"alpha": "0.50", "note": "two words; 'ü'"}
    assert run.tags == {"mlflow.runName": "first", "team": "churn"}
    assert run.artifact_uri.endswith(f"/artifacts/0/{run.id}/artifacts")


def test_a_run_without_a_name_gets_one_that_can_be_spoken(store: Store) -> None:
    names = [store.create_run("0").name for _ in range(20)]

    assert len(set(names)) == 20
    for name in names:
        adjective, noun, number = name.split("-")
        assert adjective.isalpha()
        assert noun.isalpha()
        assert 100 <= int(number) <= 999


def test_a_run_that_is_refused_leaves_nothing(store: Store) -> None:
    with pytest.raises(TrackingError, match="no param name"):
        store.create_run("0", params={"fine": "1", "not/../fine": "1"})

    assert store.search_runs().items == ()


def test_the_name_and_its_mlflow_tag_follow_each_other(store: Store) -> None:
    tagged = store.create_run("0", tags={"mlflow.runName": "by-tag"})
    assert tagged.name == "by-tag"

    store.log(tagged.id, tags={"mlflow.runName": "later"})
    assert store.run(tagged.id).name == "later"

    store.update_run(tagged.id, name="last")
    assert store.run(tagged.id).tags["mlflow.runName"] == "last"

    with pytest.raises(TrackingError, match="two names"):
        store.create_run("0", name="a", tags={"mlflow.runName": "b"})
    with pytest.raises(TrackingError, match="no name for a run"):
        store.log(tagged.id, tags={"mlflow.runName": "two\nlines"})
    assert store.create_run("0", name="a", tags={"mlflow.runName": "a"}).name == "a"


def test_runs_are_found_by_id_prefix_name_and_position(store: Store) -> None:
    first = store.create_run("0", name="first", started=1)
    second = store.create_run("0", name="second", started=2)

    assert store.run(first.id) == first
    assert store.run("first") == first
    assert store.run(first.id[:12]) == first
    assert store.run("-1") == second
    assert store.run("-2") == first
    store.delete_run(second.id)
    assert store.run("-1") == first
    assert store.run("second").lifecycle is Lifecycle.DELETED


def test_the_newest_of_a_name_is_meant(store: Store) -> None:
    store.create_run("0", name="twice", started=5)
    newest = store.create_run("0", name="twice", started=9)

    assert store.run("twice") == newest


def test_a_prefix_that_fits_several_runs_lists_them(store: Store) -> None:
    runs: dict[str, Run] = {}
    prefix = None
    while prefix is None:  # until two ids begin alike; soon, with 16 beginnings for one character
        run = store.create_run("0")
        prefix = next((run.id[:4] for other in runs if other[:4] == run.id[:4]), None)
        runs[run.id] = run

    with pytest.raises(Conflict, match=f"several runs begin with '{prefix}'"):
        store.run(prefix)


@pytest.mark.parametrize(
    "reference",
    ["nope", "-3", "-" + "9" * 30, "-" + "9" * 5000, "", "abc", "%", "a\0b", "\udcff", "-x", "-0"],
)
def test_a_reference_to_no_run_is_an_error(store: Store, reference: str) -> None:
    store.create_run("0", name="some-name")

    with pytest.raises(TrackingError):
        store.run(reference)


def test_an_unknown_run_suggests_a_near_name(store: Store) -> None:
    store.create_run("0", name="amber-falcon-212")

    with pytest.raises(NotFound) as missing:
        store.run("amber-falcon-122")

    assert missing.value.hint == "did you mean 'amber-falcon-212'?"


def test_a_run_is_updated_field_by_field(store: Store) -> None:
    run = store.create_run("0", name="old", started=1)

    store.update_run(run.id, status=RunStatus.FINISHED, ended=5)
    store.update_run(run.id, name="new")
    store.update_run(run.id, started=2)

    found = store.run(run.id)
    assert (found.name, found.status, found.started, found.ended) == ("new", RunStatus.FINISHED, 2, 5)


def test_an_ended_run_may_end_differently(store: Store) -> None:
    """A client's exit hook says FINISHED before the runner knows the exit code."""
    run = store.create_run("0")
    store.update_run(run.id, status=RunStatus.FINISHED, ended=5)

    store.update_run(run.id, status=RunStatus.FAILED)

    assert store.run(run.id).status is RunStatus.FAILED


def test_a_deleted_run_is_readable_and_not_writable(store: Store) -> None:
    run = store.create_run("0", params={"a": "1"})
    store.delete_run(run.id)

    assert store.run(run.id).params == {"a": "1"}
    writes: list[Callable[[], None]] = [
        lambda: store.log(run.id, tags={"a": "b"}),
        lambda: store.update_run(run.id, name="x"),
        lambda: store.delete_tag(run.id, "mlflow.runName"),
    ]
    for write in writes:
        with pytest.raises(Conflict, match="is deleted"):
            write()
    assert store.search_runs().items == ()
    assert [each.id for each in store.search_runs(lifecycle=Lifecycle.DELETED).items] == [run.id]
    assert [each.id for each in store.search_runs(lifecycle=None).items] == [run.id]

    store.restore_run(run.id)

    store.log(run.id, tags={"a": "b"})
    assert store.run(run.id).tags["a"] == "b"


def test_a_run_that_is_deleted_while_it_goes_on_still_ends(store: Store, settings: Settings) -> None:
    lease = this_process_lease(settings)
    run = store.create_run("0", status=RunStatus.RUNNING, lease=lease)
    store.delete_run(run.id)

    assert store.renew_lease(run.id, lease) is False
    store.update_run(run.id, status=RunStatus.FINISHED, ended=5)

    found = store.run(run.id)
    assert (found.status, found.ended, found.lifecycle) == (RunStatus.FINISHED, 5, Lifecycle.DELETED)
    for change in ({"status": RunStatus.RUNNING}, {"status": RunStatus.KILLED, "name": "x"}):
        with pytest.raises(Conflict, match="is deleted"):
            store.update_run(run.id, **change)


def test_whoever_names_an_unknown_run_is_told(store: Store, settings: Settings) -> None:
    lease = this_process_lease(settings)
    calls: list[Callable[[], object]] = [
        lambda: store.log("unknown", tags={"a": "b"}),
        lambda: store.update_run("unknown", name="x"),
        lambda: store.delete_run("unknown"),
        lambda: store.restore_run("unknown"),
        lambda: store.metric_history("unknown", "loss"),
        lambda: store.renew_lease("unknown", lease),
    ]
    for call in calls:
        with pytest.raises(NotFound, match="no run 'unknown'"):
            call()


# search ---------------------------------------------------------------------------------------------------


def test_pages_join_without_gap_or_overlap(store: Store) -> None:
    ids = [store.create_run("0", started=number).id for number in range(25)]

    seen: list[str] = []
    token = None
    while True:
        page = store.search_runs(limit=10, page_token=token)
        seen += [run.id for run in page.items]
        token = page.next_token
        if token is None:
            break

    assert seen == ids[::-1]
    assert store.search_runs(limit=25).next_token is None


@pytest.mark.parametrize("token", ["", "x", "-1", "1.5", "9" * 30, "٣"])
def test_a_page_token_that_we_did_not_give_is_refused(store: Store, token: str) -> None:
    with pytest.raises(TrackingError, match="no page token"):
        store.search_runs(page_token=token)


@pytest.mark.parametrize("limit", [0, -1, 50_001])
def test_a_limit_out_of_range_is_refused(store: Store, limit: int) -> None:
    with pytest.raises(TrackingError, match="cannot be had"):
        store.search_runs(limit=limit)


def test_a_search_keeps_to_its_experiments(store: Store) -> None:
    other = store.create_experiment("other").id
    mine, theirs = store.create_run("0", params={"a": "1"}), store.create_run(other, params={"a": "1"})

    def found(ids: list[str] | None) -> set[str]:
        return {run.id for run in store.search_runs(experiment_ids=ids, filter="params.a = 1").items}

    assert found(None) == {mine.id, theirs.id}
    assert found([other]) == {theirs.id}
    assert found(["0", other]) == {mine.id, theirs.id}
    assert found([]) == found(["99", "x", "9" * 30]) == set()


# leases ---------------------------------------------------------------------------------------------------


def test_a_run_whose_lease_is_over_is_lost(store: Store) -> None:
    there = Lease("another host", 1, "", until=1000)
    run = store.create_run("0", status=RunStatus.RUNNING, lease=there)

    assert store.expire_leases(1000) == []
    assert store.expire_leases(1001) == [run.id]

    found = store.run(run.id)
    assert (found.status, found.ended) == (RunStatus.LOST, 1001)
    assert store.renew_lease(run.id, there) is False
    assert store.expire_leases(2000) == []


def test_a_renewed_lease_keeps_the_run(store: Store) -> None:
    run = store.create_run("0", status=RunStatus.RUNNING, lease=Lease("another host", 1, "", until=1000))

    assert store.renew_lease(run.id, Lease("another host", 1, "", until=3000)) is True

    assert store.expire_leases(2000) == []
    assert store.run(run.id).status is RunStatus.RUNNING


def test_an_ended_or_deleted_run_needs_no_lease(store: Store) -> None:
    lease = Lease("another host", 1, "", until=1000)
    ended = store.create_run("0", lease=lease)
    deleted = store.create_run("0", lease=lease)
    store.update_run(ended.id, status=RunStatus.KILLED)
    store.delete_run(deleted.id)

    assert store.renew_lease(ended.id, lease) is False
    assert store.renew_lease(deleted.id, lease) is False
    assert store.expire_leases(2000) == [deleted.id]
    assert store.run(ended.id).status is RunStatus.KILLED


def test_the_store_serves_several_threads(store: Store) -> None:
    run = store.create_run("0")
    errors: list[Exception] = []

    def log(thread: int) -> None:
        try:
            for step in range(20):
                store.log(run.id, metrics=[Metric(f"m{thread}", step, 1, step)])
        except Exception as error:  # noqa: BLE001 - told by the assertion
            errors.append(error)

    threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert {key: point.step for key, point in store.run(run.id).metrics.items()} == {
        f"m{number}": 19 for number in range(4)
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("status = 'RUNNING'", {"PREPARING", "RUNNING"}),
        ("status != 'RUNNING'", {"PENDING", "QUEUED", "FINISHED", "FAILED", "KILLED", "LOST"}),
        ("status = 'SCHEDULED'", {"PENDING", "QUEUED"}),
        ("status = 'FAILED'", {"FAILED", "LOST"}),
        ("status = 'FAILED' AND status != 'LOST'", {"FAILED"}),
        ("status = 'PREPARING'", {"PREPARING"}),
        ("status LIKE 'RUNNING'", {"RUNNING"}),
        ("status = 'running'", set()),
        ("status = 'BOGUS'", set()),
    ],
)
def test_mlflows_words_for_a_status_mean_what_its_clients_see(
    store: Store, text: str, found: set[str]
) -> None:
    for status in RunStatus:
        store.create_run("0", name=status.value, status=status)

    assert {run.name for run in store.search_runs(filter=text).items} == found

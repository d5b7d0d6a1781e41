"""Experiments, which every store keeps alike."""

import pytest

from runner.errors import Conflict, NotFound, TrackingError
from runner.tracking import Store
from runner.tracking.model import Lifecycle


def test_a_new_store_has_the_default_experiment(store: Store) -> None:
    default = store.experiment("0")

    assert (default.id, default.name) == ("0", "Default")
    assert default.artifact_location.startswith("file:///")
    assert default.artifact_location.endswith("/artifacts/0")
    assert store.experiment("Default") == default


def test_experiments_are_listed_newest_first(store: Store) -> None:
    first = store.create_experiment("first", tags={"team": "churn"})
    second = store.create_experiment("second", artifact_location="s3://bucket/there")

    assert store.experiments() == [second, first, store.experiment("0")]
    assert first.tags == {"team": "churn"}
    assert second.artifact_location == "s3://bucket/there"


def test_the_name_of_an_experiment_is_unique_even_after_its_deletion(store: Store) -> None:
    store.create_experiment("churn")
    with pytest.raises(Conflict, match="an experiment 'churn' already"):
        store.create_experiment("churn")
    store.delete_experiment("churn")

    with pytest.raises(Conflict, match="a deleted experiment") as refused:
        store.create_experiment("churn")

    assert refused.value.hint == "runner experiments restore 1"


def test_an_experiment_is_found_by_id_before_name(store: Store) -> None:
    first = store.create_experiment("2")
    second = store.create_experiment("other")

    assert store.experiment("2") == second
    assert store.experiment("1") == first


def test_an_unknown_experiment_suggests_a_near_name(store: Store) -> None:
    store.create_experiment("churn")

    with pytest.raises(NotFound, match="no experiment 'chrun'") as missing:
        store.experiment("chrun")

    assert missing.value.hint == "did you mean 'churn'?"


@pytest.mark.parametrize("reference", ["9" * 30, "٣", "", "x\0y", "\udc80"])
def test_odd_references_to_experiments_are_errors(store: Store, reference: str) -> None:
    with pytest.raises(TrackingError):
        store.experiment(reference)


def test_renaming_keeps_the_id_and_refuses_taken_names(store: Store) -> None:
    made = store.create_experiment("old")

    renamed = store.rename_experiment("old", "new")

    assert (renamed.id, renamed.name) == (made.id, "new")
    assert store.rename_experiment("new", "new").name == "new"
    with pytest.raises(Conflict):
        store.rename_experiment("new", "Default")
    store.delete_experiment("new")
    with pytest.raises(Conflict, match="is deleted"):
        store.rename_experiment("new", "newer")


@pytest.mark.parametrize("name", ["", "  ", "x" * 501, "two\nlines", "\x1b[31mred"])
def test_what_is_no_name_for_an_experiment_is_refused(store: Store, name: str) -> None:
    with pytest.raises(TrackingError, match="no name for an experiment"):
        store.create_experiment(name)


def test_deleting_an_experiment_deletes_its_runs_and_restoring_restores_them(store: Store) -> None:
    experiment = store.create_experiment("churn")
    run = store.create_run(experiment.id)

    store.delete_experiment("churn")

    assert store.experiments() == [store.experiment("0")]
    assert [each.name for each in store.experiments(lifecycle=Lifecycle.DELETED)] == ["churn"]
    assert len(store.experiments(lifecycle=None)) == 2
    assert store.run(run.id).lifecycle is Lifecycle.DELETED
    with pytest.raises(Conflict, match="is deleted"):
        store.create_run(experiment.id)

    store.restore_experiment("churn")

    assert store.run(run.id).lifecycle is Lifecycle.ACTIVE


def test_the_default_experiment_stays(store: Store) -> None:
    with pytest.raises(Conflict, match="default experiment"):
        store.delete_experiment("0")

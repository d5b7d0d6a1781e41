"""What clients of the tracking protocol need of a store beyond what the command line does."""

import pytest

from runner.errors import Conflict, NotFound, TrackingError
from runner.tracking import Store
from runner.tracking.model import Metric


def test_a_name_is_a_name_even_if_it_looks_like_an_id(store: Store) -> None:
    store.create_experiment("first")
    named = store.create_experiment("1")

    assert store.experiment_named("1") == named
    with pytest.raises(NotFound, match="no experiment '2'"):
        store.experiment_named("2")


def test_tags_of_an_experiment_are_set_replaced_and_deleted(store: Store) -> None:
    churn = store.create_experiment("churn", tags={"team": "a", "kept": "x"})

    store.tag_experiment(churn.id, {"team": "b", "new": "y"})
    store.delete_experiment_tag(churn.id, "new")

    assert store.experiment(churn.id).tags == {"team": "b", "kept": "x"}
    with pytest.raises(NotFound, match="no tag 'new'"):
        store.delete_experiment_tag(churn.id, "new")
    with pytest.raises(TrackingError, match="no tag name"):
        store.tag_experiment(churn.id, {"../x": "y"})


def test_a_moved_run_is_found_in_its_new_experiment_by_everything_it_holds(store: Store) -> None:
    churn = store.create_experiment("churn")
    run = store.create_run("0", params={"alpha": "0.1"})
    store.log(run.id, metrics=[Metric("loss", 0.5, 1)])

    store.move_run(run.id, churn.id)

    moved = store.run(run.id)
    assert (moved.experiment_id, moved.artifact_uri) == (churn.id, run.artifact_uri)
    ordered = store.search_runs(
        experiment_ids=[churn.id], filter="params.alpha < 1 AND metrics.loss < 1", order_by=["metrics.loss"]
    )
    assert [found.id for found in ordered.items] == [run.id]
    assert not store.search_runs(experiment_ids=["0"]).items


def test_a_run_moves_only_from_life_to_life(store: Store) -> None:
    gone = store.create_experiment("gone")
    store.delete_experiment(gone.id)
    run = store.create_run("0")

    with pytest.raises(Conflict, match="deleted"):
        store.move_run(run.id, gone.id)
    with pytest.raises(Conflict, match="deleted"):
        store.tag_experiment(gone.id, {"a": "b"})
    with pytest.raises(Conflict, match="deleted"):
        store.delete_experiment_tag(gone.id, "a")
    store.delete_run(run.id)
    with pytest.raises(Conflict, match="deleted"):
        store.move_run(run.id, "0")

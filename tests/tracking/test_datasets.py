"""Data sets and models that runs use and make."""

import pytest
from msgspec.structs import replace

from runner.errors import Conflict, NotFound, TrackingError
from runner.tracking import Store
from runner.tracking.model import Dataset, DatasetInput, Metric, ModelOutput

WINE = Dataset(name="wine", digest="d1", source_type="local", source="wine.csv", schema="{}", profile="{}")


def used(dataset: Dataset, context: str | None = None) -> DatasetInput:
    return DatasetInput(dataset, {} if context is None else {"mlflow.data.context": context})


def test_a_run_tells_the_data_sets_that_it_uses(store: Store) -> None:
    run = store.create_run("0")
    other = replace(WINE, name="beer", schema=None, profile=None)

    store.log_inputs(run.id, datasets=[used(WINE, "train"), used(other)])

    assert store.run(run.id).datasets == (used(WINE, "train"), used(other))
    assert store.search_runs().items == (store.run(run.id),)
    assert store.run(store.create_run("0").id).datasets == ()


def test_a_data_set_is_one_by_its_name_and_digest_and_its_first_description_stays(store: Store) -> None:
    first, second = store.create_run("0"), store.create_run("0")
    elsewhere = replace(WINE, source="other.csv")

    store.log_inputs(first.id, datasets=[used(WINE, "train"), used(elsewhere, "again")])
    store.log_inputs(first.id, datasets=[used(WINE, "test")])
    store.log_inputs(second.id, datasets=[used(elsewhere, "test"), used(replace(WINE, digest="d2"), "test")])

    assert store.run(first.id).datasets == (used(WINE, "train"),)
    assert [one.dataset.source for one in store.run(second.id).datasets] == ["wine.csv", "wine.csv"]
    assert [one.dataset.digest for one in store.run(second.id).datasets] == ["d1", "d2"]


def test_the_data_sets_of_experiments_are_told_with_their_contexts(store: Store) -> None:
    number = store.create_experiment("other").id
    here, there = store.create_run("0"), store.create_run(number)
    store.log_inputs(here.id, datasets=[used(WINE, "train")])
    store.log_inputs(store.create_run("0").id, datasets=[used(WINE, "train")])
    store.log_inputs(store.create_run("0").id, datasets=[used(WINE, "test")])
    store.log_inputs(there.id, datasets=[used(WINE)])

    def told(*experiments: str) -> list[tuple[str, str, str, str]]:
        return [(one, data.name, data.digest, context) for one, data, context in store.datasets(experiments)]

    assert told("0") == [("0", "wine", "d1", "test"), ("0", "wine", "d1", "train")]
    assert told(number, "0")[2:] == [(number, "wine", "d1", "")]
    assert told("17", "none") == told() == []


def test_a_data_set_that_a_metric_has_named_is_described_by_the_run_that_uses_it(store: Store) -> None:
    run, model = store.create_run("0"), store.models.create("0")
    store.log(run.id, metrics=[Metric("acc", 1.0, 1, 0, model.id, "wine", "d1")])

    assert store.run(run.id).datasets == ()
    assert store.datasets(["0"]) == []
    store.log_inputs(run.id, datasets=[used(WINE)])

    assert store.run(run.id).datasets == (used(WINE),)


@pytest.mark.parametrize(
    ("dataset", "tags"),
    [
        (replace(WINE, name=""), {}),
        (replace(WINE, name="w" * 501), {}),
        (replace(WINE, name="w\0"), {}),
        (replace(WINE, digest="d" * 37), {}),
        (replace(WINE, source_type=""), {}),
        (replace(WINE, source="s" * 65_536), {}),
        (replace(WINE, schema="s" * 1_048_576), {}),
        (WINE, {"k" * 256: "v"}),
        (WINE, {"k": "v" * 501}),
    ],
)
def test_a_data_set_that_mlflow_could_not_have_is_refused(
    store: Store, dataset: Dataset, tags: dict[str, str]
) -> None:
    run = store.create_run("0")

    with pytest.raises(TrackingError, match=r"data set|NUL"):
        store.log_inputs(run.id, datasets=[used(WINE), DatasetInput(dataset, tags)])

    assert store.run(run.id).datasets == ()


def test_runs_use_and_make_models_once_each(store: Store) -> None:
    train, judge = store.create_run("0"), store.create_run("0")
    model, other = store.models.create("0"), store.models.create("0")

    store.log_outputs(train.id, [ModelOutput(model.id, 3), ModelOutput(other.id, 1)])
    store.log_outputs(train.id, [ModelOutput(model.id, 7)])
    store.log_inputs(judge.id, models=[model.id, model.id])
    store.log_outputs(judge.id, [ModelOutput(model.id)])

    assert store.run(train.id).models_made == (ModelOutput(other.id, 1), ModelOutput(model.id, 7))
    assert store.run(judge.id).models_used == (model.id,)
    assert store.run(judge.id).models_made == (ModelOutput(model.id, 0),)
    assert store.run(train.id).models_used == ()


def test_inputs_and_outputs_that_cannot_be_are_refused_and_leave_nothing(store: Store) -> None:
    run, gone = store.create_run("0"), store.create_run("0")
    store.delete_run(gone.id)

    with pytest.raises(NotFound, match="m-none"):
        store.log_inputs(run.id, datasets=[used(WINE)], models=["m-none"])
    with pytest.raises(NotFound, match="m-none"):
        store.log_outputs(run.id, [ModelOutput("m-none")])
    with pytest.raises(TrackingError, match="out of range"):
        store.log_outputs(run.id, [ModelOutput("m-none", 2**63)])
    with pytest.raises(NotFound):
        store.log_inputs("none", datasets=[used(WINE)])
    with pytest.raises(Conflict, match="deleted"):
        store.log_inputs(gone.id, datasets=[used(WINE)])

    assert (store.run(run.id).datasets, store.run(run.id).models_made) == ((), ())
    assert store.datasets(["0"]) == []


def test_what_a_run_uses_and_makes_goes_with_it_into_another_experiment(store: Store) -> None:
    run, stays = store.create_run("0"), store.create_run("0")
    number = store.create_experiment("other").id
    model = store.models.create("0", source_run_id=run.id)
    for one in (run, stays):
        store.log_inputs(one.id, datasets=[used(WINE, "train")])
    store.log(run.id, metrics=[Metric("acc", 1.0, 1, 0, model.id, "wine", "d1")])

    store.move_run(run.id, number)

    assert store.run(run.id).datasets == store.run(stays.id).datasets == (used(WINE, "train"),)
    assert [one[0] for one in store.datasets([number, "0"])] == ["0", number]
    (moved,) = store.models.search([number]).items
    assert (moved.id, moved.metrics[0].metric.dataset_name) == (model.id, "wine")


def test_runs_are_searched_and_ordered_by_the_data_sets_that_they_use(store: Store) -> None:
    wine = store.create_run("0", name="wine")
    both = store.create_run("0", name="both")
    store.create_run("0", name="none")
    beer = replace(WINE, name="beer", digest="d2")
    store.log_inputs(wine.id, datasets=[used(WINE, "train")])
    store.log_inputs(both.id, datasets=[used(replace(WINE, digest="d3"), "test"), used(beer)])

    def found(text: str = "", *order: str) -> list[str]:
        return [run.name for run in store.search_runs(filter=text, order_by=order).items]

    assert sorted(found("datasets.name = 'wine'")) == ["both", "wine"]
    assert found("dataset.context = 'train'") == ["wine"]
    assert found("datasets.name = 'wine' AND datasets.digest = 'd2'") == ["both"]  # of two data sets
    assert found("datasets.digest IN ('d1', 'd9')") == ["wine"]
    assert found("datasets.name LIKE 'b%'") == found("datasets.name ILIKE 'B%'") == ["both"]
    assert found("datasets.name != 'wine'") == ["both"]
    assert found("", "datasets.name") == ["both", "wine", "none"]
    assert found("", "datasets.name DESC") == ["wine", "both", "none"]
    assert found("", "dataset.digest DESC") == ["both", "wine", "none"]

"""Logged models and their search, in every database."""

import math

import pytest

from runner.errors import Conflict, NotFound, TrackingError
from runner.tracking import Store
from runner.tracking.logged_models import LoggedModel, ModelMetric, ModelOrder, ModelStatus, Registration
from runner.tracking.model import Entry, Lifecycle, Metric


def test_a_new_model_is_pending_and_has_a_place_for_its_files(store: Store) -> None:
    run = store.create_run("0")

    made = store.models.create(
        "0", name="net", type="mlp", source_run_id=run.id, params={"depth": "3"}, tags={"team": "a"}
    )

    assert made.id.startswith("m-")
    assert len(made.id) == 34
    assert (made.name, made.type, made.status, made.lifecycle) == (
        "net",
        "mlp",
        ModelStatus.PENDING,
        Lifecycle.ACTIVE,
    )
    location = store.experiment("0").artifact_location
    assert made.artifact_uri == f"{location}/models/{made.id}/artifacts"
    assert (made.params, made.tags, made.source_run_id) == ({"depth": "3"}, {"team": "a"}, run.id)
    assert store.models.get(made.id) == made
    assert store.models.create("0").name


def test_a_model_changes_in_status_params_and_tags(store: Store) -> None:
    model = store.models.create("0", params={"a": "1"}, tags={"x": "1"})

    assert store.models.set_status(model.id, ModelStatus.READY).status is ModelStatus.READY
    store.models.log_params(model.id, {"a": "1", "b": "v" * 10_000})
    assert store.models.tag(model.id, {"x": "2", "y": "w" * 70_000}).tags["x"] == "2"
    store.models.delete_tag(model.id, "y")

    found = store.models.get(model.id)
    assert (found.params, found.tags) == ({"a": "1", "b": "v" * 10_000}, {"x": "2"})
    with pytest.raises(Conflict, match="'a' of model"):
        store.models.log_params(model.id, {"c": "1", "a": "2"})
    with pytest.raises(NotFound, match="No tag with key 'y'"):
        store.models.delete_tag(model.id, "y")
    assert set(store.models.get(model.id).params) == {"a", "b"}


def test_a_deleted_model_is_found_only_by_who_asks_for_it_and_takes_no_changes(store: Store) -> None:
    model = store.models.create("0")

    store.models.delete(model.id)
    store.models.delete(model.id)

    assert store.models.get(model.id, deleted=True).lifecycle is Lifecycle.DELETED
    assert store.models.search(["0"]).items == ()
    with pytest.raises(NotFound):
        store.models.get(model.id)
    with pytest.raises(NotFound):
        store.models.tag(model.id, {"a": "b"})
    with pytest.raises(NotFound):
        store.models.set_status(model.id, ModelStatus.READY)


def test_models_are_deleted_and_restored_with_their_experiment(store: Store) -> None:
    number = store.create_experiment("other").id
    model = store.models.create(number)

    store.delete_experiment(number)

    with pytest.raises(NotFound):
        store.models.get(model.id)
    with pytest.raises(Conflict, match="deleted"):
        store.models.create(number)
    store.restore_experiment(number)
    assert store.models.get(model.id) == model


def test_a_model_that_cannot_be_is_refused(store: Store) -> None:
    for name in ("", "a/b", "a:b", "a.b", "a%b", 'a"', "a'b", "a\n", "n" * 501):
        with pytest.raises(TrackingError, match="no name for a logged model"):
            store.models.create("0", name=name)
    with pytest.raises(TrackingError, match="type"):
        store.models.create("0", type="t" * 501)
    with pytest.raises(TrackingError, match="param"):
        store.models.create("0", params={"../up": "x"})
    with pytest.raises(NotFound, match="no run 'none'"):
        store.models.create("0", source_run_id="none")
    with pytest.raises(NotFound, match="experiment"):
        store.models.create("17")
    for model_id in ("m-none", "m-\x01", ""):
        with pytest.raises(NotFound, match="Logged model with ID"):
            store.models.get(model_id)
    assert store.models.search(["0"]).items == ()


def test_a_model_tells_the_latest_point_for_each_metric_and_data_set(store: Store) -> None:
    run, other = store.create_run("0"), store.create_run("0")
    model = store.models.create("0")
    points = [
        Metric("acc", 0.1, 10, 5, model.id, "wine", "d1"),
        Metric("acc", 0.2, 20, 1, model.id, "wine", "d1"),  # later, whatever its step
        Metric("acc", 0.3, 5, 0, model.id, "wine"),
        Metric("acc", 0.4, 5, 0, model.id),
        Metric("loss", math.inf, 5, 0, model.id),
        Metric("other", 1.0, 5, 0),
    ]

    store.log(run.id, metrics=points)
    store.log(run.id, metrics=points)  # a client that tries again
    store.log(other.id, metrics=[Metric("acc", 0.5, 6, 0, model.id)])

    told = {(one.metric, one.run_id) for one in store.models.get(model.id).metrics}
    assert told == {
        (points[1], run.id),
        (points[2], run.id),
        (Metric("acc", 0.5, 6, 0, model.id), other.id),
        (points[4]._replace(value=1.7976931348623157e308), run.id),
    }
    assert store.run(run.id).metrics["acc"].value == 0.1  # of a run the greatest step is the latest
    assert [point.value for point in store.metric_history(run.id, "acc")] == [0.3, 0.4, 0.2, 0.1]


def test_a_metric_that_is_no_number_is_told_so(store: Store) -> None:
    run, model = store.create_run("0"), store.models.create("0")

    store.log(run.id, metrics=[Metric("loss", math.nan, 1, 0, model.id)])

    ((point),) = store.models.get(model.id).metrics
    assert isinstance(point, ModelMetric)
    assert math.isnan(point.metric.value)


def test_a_metric_about_an_unknown_model_refuses_its_entry_and_no_other(store: Store) -> None:
    run, model = store.create_run("0"), store.models.create("0")
    good = Entry(run.id, metrics=(Metric("good", 1.0, 1, 0, model.id),))
    bad = Entry(run.id, params={"p": "1"}, metrics=(Metric("bad", 1.0, 1, 0, "m-none"),))
    long = Entry(run.id, metrics=(Metric("bad", 1.0, 1, 0, model.id, "n" * 501),))

    refusals = store.log_all([bad, good, long])

    assert isinstance(refusals[0], NotFound)
    assert refusals[1] is None
    assert isinstance(refusals[2], TrackingError)
    assert (set(store.run(run.id).metrics), store.run(run.id).params) == ({"good"}, {})


def test_a_model_tells_the_versions_that_were_made_of_it(store: Store) -> None:
    model = store.models.create("0")
    store.registry.create("churn")
    for _ in range(2):
        store.registry.create_version("churn", f"models:/{model.id}")

    assert store.models.get(model.id).registrations == (Registration("churn", 1), Registration("churn", 2))


# searches -------------------------------------------------------------------------------------------------


@pytest.fixture
def models(store: Store) -> dict[str, LoggedModel]:
    """Three models with metrics on two data sets, and one without; c is in an experiment of its own."""
    run = store.create_run("0")
    number = store.create_experiment("apart").id
    made = {
        "a": store.models.create("0", name="a", type="mlp", source_run_id=run.id, params={"lr": "0.1"}),
        "b": store.models.create("0", name="b", params={"lr": "0.02"}, tags={"team": "x"}),
        "c": store.models.create(number, name="c", tags={"team": "y"}),
        "d": store.models.create("0", name="d"),
    }
    store.models.set_status(made["a"].id, ModelStatus.READY)
    store.models.set_status(made["b"].id, ModelStatus.FAILED)

    def point(
        model: str, value: float, time: int, data: str | None = None, digest: str | None = None
    ) -> Metric:
        return Metric("val/acc", value, time, 0, made[model].id, data, digest)

    store.log(
        run.id,
        metrics=[
            *(point("a", 0.9, 1), point("a", 0.2, 2)),
            *(point("a", 0.5, 0, "wine", "1"), point("a", 0.6, 0, "beer", "1")),
            *(point("b", 0.4, 1), point("b", 0.7, 0, "wine", "2")),
            point("c", math.nan, 1),
        ],
    )
    return made


def names(store: Store, text: str = "", order: str = "", **more: object) -> str:
    """Names of what is found in both experiments, in one text."""
    field, _, direction = order.partition(" ")
    orders = [ModelOrder(field=field, ascending=direction != "DESC")] if order else [ModelOrder(field="name")]
    options: dict[str, object] = {"order_by": orders, **more}
    page = store.models.search(["0", "1"], filter=text, **options)  # type: ignore[arg-type]
    return "".join(model.name for model in page.items)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "abcd"),
        ("name = 'a'", "a"),
        ("attributes.name IN ('a', 'c') AND model_type != 'mlp'", "c"),
        ("name LIKE 'A'", ""),
        ("name ILIKE 'A'", "a"),
        ("status = 'READY'", "a"),
        ("status = 'LOGGED_MODEL_PENDING'", "cd"),
        ("status IN ('FAILED', 'READY')", "ab"),
        ("status = 'UPLOAD_FAILED'", "b"),
        ("source_run_id = ''", "bcd"),
        ("creation_timestamp > 0 AND last_updated_timestamp < 5", ""),
        ("params.lr = '0.1'", "a"),
        ("params.lr < 0.05", "b"),
        ("tags.team != 'x'", "c"),
        ("metrics.`val/acc` > 0.8", "a"),
        ("metrics.`val/acc` < 0.45", "ab"),
        ("metrics.`val/acc` != 100", "abc"),
        ("metrics.`val/acc` > 0.5 AND metrics.`val/acc` < 0.5", "ab"),
        ("metrics.none > 0", ""),
    ],
)
def test_models_are_searched_by_filters(
    store: Store, models: dict[str, LoggedModel], text: str, found: str
) -> None:
    assert names(store, text) == found


def test_data_sets_narrow_what_a_metric_means(store: Store, models: dict[str, LoggedModel]) -> None:
    wine, first = [("wine", None)], [("wine", "1")]

    assert names(store, datasets=wine) == "ab"
    assert names(store, datasets=first) == "a"
    assert names(store, "metrics.`val/acc` > 0.55", datasets=wine) == "b"
    assert names(store, "metrics.`val/acc` > 0.55", datasets=[("beer", "1"), ("wine", "1")]) == "a"
    assert names(store, "metrics.`val/acc` > 0.8", datasets=wine) == ""
    assert names(store, "name = 'd'", datasets=wine) == ""


VALUE = "metrics.val/acc"


@pytest.mark.parametrize(
    ("orders", "found"),
    [
        ([ModelOrder(field="attributes.name", ascending=False)], "dcba"),
        ([ModelOrder(field="status")], "cdab"),
        ([ModelOrder(field=VALUE)], "abcd"),  # 0.2, 0.4, NaN, none
        ([ModelOrder(field=VALUE, ascending=False)], "bacd"),
        ([ModelOrder(field=VALUE, dataset_name="wine", ascending=False)], "bacd"),
        ([ModelOrder(field=VALUE, dataset_name="wine", dataset_digest="1", ascending=False)], "abcd"),
        ([ModelOrder(field=VALUE, dataset_name="wine", dataset_digest="2")], "bacd"),
        ([ModelOrder(field=VALUE, dataset_name=name, ascending=False) for name in ("beer", "wine")], "abcd"),
        ([ModelOrder(field="params.lr")], "bacd"),
    ],
)
def test_models_are_ordered(
    store: Store, models: dict[str, LoggedModel], orders: list[ModelOrder], found: str
) -> None:
    last = [] if orders[0].field == "attributes.name" else [ModelOrder(field="name")]

    assert names(store, order_by=[*orders, *last]) == found


def test_the_newest_models_come_first(store: Store, models: dict[str, LoggedModel]) -> None:
    newest = sorted(models.values(), key=lambda model: (-model.created, model.id))

    assert names(store, order_by=[]) == "".join(model.name for model in newest)
    assert names(store, order="creation_timestamp DESC")[0] in {
        model.name for model in newest if model.created == newest[0].created
    }


def test_pages_follow_one_another_and_belong_to_their_search(
    store: Store, models: dict[str, LoggedModel]
) -> None:
    order = [ModelOrder(field="name")]
    first = store.models.search(["0", "1"], order_by=order, limit=3)
    second = store.models.search(["0", "1"], order_by=order, limit=3, page_token=first.next_token)

    assert [model.name for model in first.items + second.items] == ["a", "b", "c", "d"]
    assert second.next_token is None
    for other in (
        {"experiment_ids": ["0"], "order_by": order},
        {"experiment_ids": ["0", "1"], "order_by": order, "filter": "name != 'q'"},
        {"experiment_ids": ["0", "1"]},
        {"experiment_ids": ["0", "1"], "order_by": order, "datasets": [("wine", None)]},
    ):
        with pytest.raises(TrackingError, match="another search"):
            store.models.search(page_token=first.next_token, **other)
    for token in ("", "3", "-", "nonsense"):
        with pytest.raises(TrackingError, match="page token"):
            store.models.search(["0"], page_token=token)


def test_a_search_that_makes_no_sense_is_refused(store: Store) -> None:
    for text in (
        "colour = 'x'",
        "name > 5",
        "metrics.a = 'x'",
        "datasets.name = 'x'",
        "name = 'a' OR name = 'b'",
    ):
        with pytest.raises(TrackingError, match="filter"):
            store.models.search(["0"], filter=text)
    for field in ("colour", "", "metrics.", "metrics.`", "datasets.name"):
        with pytest.raises(TrackingError, match="order"):
            store.models.search(["0"], order_by=[ModelOrder(field=field)])
    with pytest.raises(TrackingError, match="at most 32 keys"):
        store.models.search(["0"], order_by=[ModelOrder(field="name")] * 33)
    with pytest.raises(TrackingError, match="100 data sets"):
        store.models.search(["0"], datasets=[("wine", None)] * 101)
    with pytest.raises(TrackingError, match="20001 experiments at once"):
        store.models.search([str(number) for number in range(20_001)])
    everything = [str(number) for number in range(20_000)]
    assert (
        store.models.search(
            everything, datasets=[("wine", "1")] * 100, order_by=[ModelOrder(field="metrics.a")]
        ).items
        == ()
    )
    assert store.models.search([]).items == store.models.search(["x", "9"]).items == ()

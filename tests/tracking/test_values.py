"""What is logged: every store keeps it alike, or refuses it."""

import math

import pytest

from runner.errors import Conflict, NotFound, TrackingError
from runner.tracking import Store
from runner.tracking.model import Metric


def test_the_latest_metric_has_the_greatest_step_then_time_then_value(store: Store) -> None:
    run = store.create_run("0")
    points = [Metric("loss", 3.0, 20, 2), Metric("loss", 9.0, 99, 1), Metric("loss", 4.0, 20, 2)]

    store.log(run.id, metrics=points)
    store.log(run.id, metrics=[Metric("loss", 1.0, 10, 2)])

    assert store.run(run.id).metrics == {"loss": Metric("loss", 4.0, 20, 2)}
    assert store.metric_history(run.id, "loss") == [
        Metric("loss", 9.0, 99, 1),
        Metric("loss", 1.0, 10, 2),
        Metric("loss", 3.0, 20, 2),
        Metric("loss", 4.0, 20, 2),
    ]


def test_a_point_that_is_sent_twice_is_kept_once(store: Store) -> None:
    run = store.create_run("0")
    points = [Metric("loss", 0.5, 1), Metric("loss", math.nan, 1)]

    for _ in range(3):
        store.log(run.id, metrics=points)

    assert len(store.metric_history(run.id, "loss")) == 2


def test_nan_and_infinities_are_kept(store: Store) -> None:
    run = store.create_run("0")

    store.log(
        run.id,
        metrics=[
            Metric("nan", math.nan, 1),
            Metric("inf", math.inf, 1),
            Metric("minus", -math.inf, 1),
            Metric("whole", 3, 1, -(2**63)),
        ],
    )

    metrics = store.run(run.id).metrics
    assert math.isnan(metrics["nan"].value)
    assert metrics["inf"].value == 1.7976931348623157e308
    assert metrics["minus"].value == -1.7976931348623157e308
    assert metrics["whole"] == Metric("whole", 3.0, 1, -(2**63))


def test_several_values_at_once_are_kept_to_the_letter(store: Store) -> None:
    params = {
        "quotes": "'\"\\",
        "lines": "a\n\tb\u2028\x1b",
        "beyond": "\U0001f642",
        "number": "1e400",
        "mark": "%s :a {}",
    }
    values = [0.1 + 0.2, 5e-324, -1e22, 1.7976931348623157e308]
    run = store.create_run("0", params=params)

    store.log(run.id, metrics=[Metric("loss", value, 1, step) for step, value in enumerate(values)])

    assert store.run(run.id).params == params
    assert [point.value for point in store.metric_history(run.id, "loss")] == values


def test_a_param_keeps_its_first_value_and_nothing_of_a_refused_batch_is_kept(store: Store) -> None:
    run = store.create_run("0", params={"alpha": "0.5"})
    store.log(run.id, params={"alpha": "0.5", "beta": "1"})

    with pytest.raises(Conflict, match=r"param 'alpha' .* is '0.5' already and cannot become '0.50'"):
        store.log(
            run.id,
            params={"gamma": "1", "alpha": "0.50"},
            tags={"new": "tag"},
            metrics=[Metric("loss", 1, 1)],
        )

    found = store.run(run.id)
    assert found.params == {"alpha": "0.5", "beta": "1"}
    assert "new" not in found.tags
    assert found.metrics == {}


def test_a_tag_takes_its_last_value_and_can_be_deleted(store: Store) -> None:
    run = store.create_run("0", tags={"team": "churn"})
    store.log(run.id, tags={"team": "fraud"})
    assert store.run(run.id).tags["team"] == "fraud"

    store.delete_tag(run.id, "team")

    assert "team" not in store.run(run.id).tags
    with pytest.raises(NotFound, match="no tag 'team'"):
        store.delete_tag(run.id, "team")


def test_nothing_to_log_is_fine(store: Store) -> None:
    store.log("unknown")  # not even looked up


@pytest.mark.parametrize("key", ["a", "val/loss", "a.b-c_d e:f", "Größe", "x" * 250, "a..b"])
def test_keys_as_mlflow_has_them_are_kept(store: Store, key: str) -> None:
    run = store.create_run("0", params={key: "1"}, tags={key: "1"})
    store.log(run.id, metrics=[Metric(key, 1, 1)])

    found = store.run(run.id)
    assert (found.params[key], found.tags[key], found.metrics[key].value) == ("1", "1", 1)


@pytest.mark.parametrize(
    "key", ["", ".", "..", "../a", "/a", "a//b", "a/", "a/../b", "a@b", "a%b", "🙂", "x" * 251, "a\nb"]
)
def test_other_keys_are_refused(store: Store, key: str) -> None:
    run = store.create_run("0")

    for refused in ({"params": {key: "1"}}, {"tags": {key: "1"}}, {"metrics": [Metric(key, 1, 1)]}):
        with pytest.raises(TrackingError, match="name"):
            store.log(run.id, **refused)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"params": {"a": "x" * 6001}}, "6001 characters, more than 6000"),
        ({"tags": {"a": "x" * 8001}}, "more than 8000"),
        ({"params": {"a": "x\0"}}, "NUL"),
        ({"tags": {"a": "\udc80"}}, "not UTF-8"),
        ({"metrics": [Metric("a", 1, -1)]}, "out of range"),
        ({"metrics": [Metric("a", 1, 1, 2**63)]}, "out of range"),
        ({"metrics": [Metric("a", 1, 2**63)]}, "out of range"),
    ],
)
def test_what_is_too_much_is_refused_and_never_cut(
    store: Store, values: dict[str, object], message: str
) -> None:
    run = store.create_run("0")

    with pytest.raises(TrackingError, match=message):
        store.log(run.id, **values)  # type: ignore[arg-type]

    assert store.run(run.id) == run


def test_longest_values_are_kept(store: Store) -> None:
    run = store.create_run("0", params={"a": "x" * 6000}, tags={"a": "y" * 8000})

    assert store.run(run.id) == run


def test_many_keys_and_runs_go_beyond_the_limit_of_one_statement(store: Store) -> None:
    params = {f"p{number}": str(number) for number in range(1200)}
    run = store.create_run("0", params=params)
    assert store.run(run.id).params == params

    names = [store.create_run("0", name=f"n{number}", started=number).name for number in range(520)]
    page = store.search_runs(limit=1000, filter="start_time < 1000")
    assert [each.name for each in page.items] == names[::-1]

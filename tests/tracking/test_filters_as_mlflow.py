"""The filter language against MLflow's own store: the same runs in both, the same questions, the same answers."""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runner.errors import TrackingError
from runner.settings import Settings
from runner.tracking import Store, open_store
from runner.tracking.model import Metric, RunStatus

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, about pydantic and the Python that it is imported under
    import mlflow.entities
    from mlflow.exceptions import MlflowException
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@dataclass(frozen=True)
class Given:
    """A run of the seeded set."""

    name: str
    started: int
    status: str = "FINISHED"
    user: str = "ann"
    ended: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Sequence[float]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


RUNS = (
    Given("plain", 100),
    Given("first", 200, ended=300, params={"alpha": "0.1", "model": "Ridge"}, metrics={"loss": [0.5, 0.3]}),
    Given("second", 300, ended=400, params={"alpha": "0.5", "model": "ridge"}, metrics={"loss": [0.1]}),
    Given("third", 400, "FAILED", params={"alpha": "10", "note": "it's"}, metrics={"loss": [math.nan]}),
    Given("fourth", 500, "KILLED", user="bob", metrics={"loss": [math.inf], "val/loss": [1]}),
    Given("fifth", 600, "RUNNING", metrics={"loss": [-math.inf], "val/loss": [2]}, tags={"team": "churn"}),
    Given("sixth", 700, tags={"team": "Churn", "a.b": "x"}, params={"a.b": "y", "k-e y": "z"}),
    Given("seventh", 800, tags={"team": 'say "hi"'}, metrics={"loss": [0], "a.b": [-2.5]}),
    Given("Upper", 900, tags={"team": ""}, params={"alpha": "", "model": "50%"}, metrics={"big": [1e300]}),
    Given("ninth_x", 1000, ended=2000, params={"alpha": "abc", "model": "a_b"}, metrics={"loss": [0.3]}),
    Given("ninthyx", 1100, user="", params={"model": "axb"}, tags={"team": "two\nlines"}),
    Given("twice", 1200, metrics={"loss": [0.3], "val/loss": [1]}, tags={"team": "churn"}),
)

FILTERS = """
metrics.loss < 0.3
metrics.loss <= 0.3
metrics.loss > 0.3
metrics.loss >= 0.3
metrics.loss = 0.3
metrics.loss != 0.3
metrics.loss = 0
metrics.loss != 0
metrics.loss < 1e400
metrics.loss > -1
metrics.loss >= -1.7976931348623157e308
metric.loss < .5
metrics.loss < 5.
metrics.loss < 5e-1
metrics.missing = 1
metrics.missing != 1
metrics.big > 1e299
metrics.`val/loss` = 1
metrics."val/loss" >= 2
metrics.a.b = -2.5
metrics.`a.b` < 0
params.alpha = '0.1'
params.alpha = "0.1"
params.alpha != '0.1'
params.alpha = ''
params.alpha = '0.10'
params.alpha LIKE '0.%'
params.alpha LIKE '%'
parameters.model = 'ridge'
param.model LIKE 'ridge'
parameter.model ILIKE 'ridge'
params.model LIKE 'R%'
params.model ILIKE 'r%'
params.model LIKE '50%'
params.model LIKE 'a_b'
params.model = 'a_b'
params.note = "it's"
params.a.b = 'y'
params.`k-e y` = 'z'
params.note IS NULL
params.note IS NOT NULL
params.note is not null
params.missing IS NULL
params.missing != 'x'
tags.team = 'churn'
tag.team != 'churn'
tags.team ILIKE 'CHURN'
tags.team LIKE 'ch%'
tags.team = 'say "hi"'
tags.team = ''
tags.team IS NULL
tags.team IS NOT NULL AND tags.team != ''
tags.team LIKE '%lines'
tags.a.b = 'x'
tags.mlflow.runName = 'first'
tags.`mlflow.runName` LIKE 'f%'
attributes.status = 'FINISHED'
attribute.status != 'FINISHED'
attr.status LIKE 'F%'
run.status = 'finished'
status ILIKE 'finished'
status = 'RUNNING'
run_name = 'first'
attributes.run_name LIKE '%th'
attributes.run_name != 'first'
run_name ILIKE 'upper'
run_name LIKE 'upper'
run_name LIKE 'ninth_x'
attributes.`run name` = 'first'
attributes."Run name" = 'first'
`Run Name` = 'first'
user_id = 'ann'
attributes.user_id != 'ann'
user_id = ''
start_time > 500
attributes.start_time >= 500
start_time != 500
attributes.created < 300
Created = 200
end_time > 0
attributes.end_time < 1000
end_time != 300
artifact_uri LIKE '%artifacts'
run_id != 'x'
run_id LIKE '%'
attributes.run_id NOT IN ('a', 'b')
run_id IN ('a')
attributes.run_id NOT IN ('a',)
metrics.loss < 0.4 AND params.model ILIKE 'ridge'
metrics.loss < 0.4 and tags.team IS NULL and status = 'FINISHED'
metrics.loss > 0 AND metrics.loss < 0.4 AND metrics.loss != 0.1
params.alpha = '0.1' AND params.alpha = '0.5'
datasets.name = 'train'
dataset.digest != 'abc'
datasets.context IN ('train', 'test')
datasets.name NOT IN ('train')
""".strip().splitlines()

ORDERS = """
metrics.loss
metrics.loss ASC
metrics.loss DESC
metrics.loss desc
metrics.`val/loss` DESC
metrics.a.b
metrics.missing DESC
params.alpha
params.alpha DESC
parameter.model ASC
tags.team
tag.team DESC
tags.`a.b`
start_time
attributes.start_time DESC
Created ASC
end_time
end_time DESC
attributes.end_time ASC
status
attributes.status DESC
run_name
run_name DESC
user_id DESC
metrics.loss DESC, start_time ASC
status ASC, metrics.loss DESC
params.model, tags.team DESC, metrics.loss
""".strip().splitlines()

BAD = """
   =
metrics.loss
metrics.loss <
metrics.loss < 'a'
metrics.loss == 1
metrics.loss <> 1
metrics.loss < 1 OR metrics.loss > 2
NOT metrics.loss < 1
(metrics.loss < 1)
metrics.loss BETWEEN 1 AND 2
metrics.loss LIKE '1'
metrics.loss IN ('1')
metrics.loss IS NULL
metrics.loss < +5
metrics.val/loss < 1
params.alpha > '0.1'
params.alpha IN ('0.1')
params.alpha NOT LIKE '0.1'
params.alpha = abc
tags.team = churn
tags.team = 5
tags.team < 'x'
attributes.status = RUNNING
attributes.start_time = '500'
attributes.start_time LIKE '5'
attributes.start_time IS NULL
attributes.status IN ('FINISHED')
attributes.run_id IN (a)
attributes.run_id IN ()
attributes.unknown = 'x'
alpha = 'x'
loss < 0.5
Metrics.loss < 0.5
model.loss < 0.5
datasets.size = 'x'
datasets.name < 'x'
""".strip().splitlines()
BAD_ORDERS = ["", "metrics.loss up", "unknown", "model.loss", "metrics.loss ASC DESC"]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    directory = tmp_path_factory.mktemp("mlflow")
    open_: Callable[..., Any] = SqlAlchemyStore
    store = open_(f"sqlite:///{directory / 'mlflow.db'}", (directory / "artifacts").as_uri())
    for given in RUNS:
        run = store.create_run("0", given.user, given.started, [], given.name).info.run_id
        store.log_batch(
            run,
            [
                mlflow.entities.Metric(key, value, 1, step)
                for key, values in given.metrics.items()
                for step, value in enumerate(values)
            ],
            [mlflow.entities.Param(*item) for item in given.params.items()],
            [mlflow.entities.RunTag(*item) for item in given.tags.items()],
        )
        status = mlflow.entities.RunStatus.from_string(given.status)
        store.update_run_info(run, status, given.ended, None)
    yield store
    store._dispose_engine()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, new_database: Path) -> Iterator[Store]:
    home = tmp_path_factory.mktemp("runner")
    (home / "runner.db").write_bytes(new_database.read_bytes())
    store = open_store(Settings.from_environ({"RUNNER_HOME": str(home)}))
    for given in RUNS:
        run = store.create_run("0", name=given.name, user=given.user, started=given.started, tags=given.tags)
        store.log(
            run.id,
            params=given.params,
            metrics=[
                Metric(key, value, 1, step)
                for key, values in given.metrics.items()
                for step, value in enumerate(values)
            ],
        )
        store.update_run(run.id, status=RunStatus(given.status), ended=given.ended)
    yield store
    store.close()


def in_mlflow(store: Any, text: str, order_by: Sequence[str] = ()) -> list[str]:
    found = store.search_runs(["0"], text, mlflow.entities.ViewType.ACTIVE_ONLY, 100, list(order_by))
    return [run.info.run_name for run in found]


def here(store: Store, text: str, order_by: Sequence[str] = ()) -> list[str]:
    page = store.search_runs(experiment_ids=["0"], filter=text, order_by=order_by)
    return [run.name for run in page.items]


def test_without_a_filter_both_give_all_runs_newest_first(ours: Store, theirs: Any) -> None:
    assert here(ours, "") == in_mlflow(theirs, "") == [given.name for given in reversed(RUNS)]


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_finds_what_mlflow_finds(ours: Store, theirs: Any, text: str) -> None:
    assert here(ours, text) == in_mlflow(theirs, text)


def test_the_filters_are_worth_asking(ours: Store) -> None:
    """Most of them find some runs and not all, or the comparison would say little."""
    telling = [text for text in FILTERS if 0 < len(here(ours, text)) < len(RUNS)]

    assert len(telling) > len(FILTERS) * 0.7


@pytest.mark.parametrize("text", ORDERS)
def test_an_order_sorts_as_mlflow_sorts(ours: Store, theirs: Any, text: str) -> None:
    order = [part.strip() for part in text.split(",")]

    assert here(ours, "", order) == in_mlflow(theirs, "", order)


def test_ids_are_compared_in_both(ours: Store, theirs: Any) -> None:
    found = theirs.search_runs(["0"], "", mlflow.entities.ViewType.ACTIVE_ONLY, 100, [])
    their_ids = {run.info.run_name: run.info.run_id for run in found}
    our_ids = {run.name: run.id for run in ours.search_runs().items}
    for text in ("run_id IN ({}, {})", "attributes.run_id NOT IN ({}, {})", "run_id = {}", "run_id != {}"):
        asked = [text.format(f"'{ids['first']}'", f"'{ids['Upper']}'") for ids in (our_ids, their_ids)]

        assert here(ours, asked[0]) == in_mlflow(theirs, asked[1])


@pytest.mark.parametrize("text", BAD)
def test_what_mlflow_refuses_is_refused(ours: Store, theirs: Any, text: str) -> None:
    with pytest.raises(MlflowException):
        in_mlflow(theirs, text)
    with pytest.raises(TrackingError) as refused:
        here(ours, text)

    assert "^" in (refused.value.detail or "")


@pytest.mark.parametrize("text", BAD_ORDERS)
def test_an_order_that_mlflow_refuses_is_refused(ours: Store, theirs: Any, text: str) -> None:
    with pytest.raises(MlflowException):
        in_mlflow(theirs, "", [text])
    with pytest.raises(TrackingError):
        here(ours, "", [text])


def test_a_key_twice_in_an_order_is_refused_by_both(ours: Store, theirs: Any) -> None:
    order = ["metrics.loss", "metric.loss DESC"]
    with pytest.raises(MlflowException):
        in_mlflow(theirs, "", order)
    with pytest.raises(TrackingError, match="twice"):
        here(ours, "", order)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("params.alpha < 0.5", ["first"]),
        ("params.alpha >= 0.1 AND params.alpha <= 10", ["third", "second", "first"]),
        ("params.alpha = 0.10", ["first"]),
        ("params.alpha != 0.1", ["third", "second"]),
        ("params.alpha > -1e300", ["third", "second", "first"]),
    ],
)
def test_beyond_mlflow_params_are_compared_as_numbers(
    ours: Store, theirs: Any, text: str, names: list[str]
) -> None:
    assert here(ours, text) == names
    with pytest.raises(MlflowException):
        in_mlflow(theirs, text)


@pytest.mark.parametrize("order", ["-metrics.val/loss", "metrics.val/loss DESC", "-metrics.`val/loss`"])
def test_beyond_mlflow_an_order_needs_no_quotes(ours: Store, order: str) -> None:
    assert here(ours, "metrics.`val/loss` > 0", [order]) == ["fifth", "twice", "fourth"]

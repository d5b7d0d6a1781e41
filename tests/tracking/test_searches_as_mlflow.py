"""Searches for experiments, registered models and model versions against MLflow's own stores, as for runs beside it."""

import sqlite3
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runner.errors import TrackingError
from runner.settings import Settings
from runner.tracking import Store, open_store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, about pydantic and the Python that it is imported under
    import mlflow.entities
    import mlflow.entities.model_registry
    from mlflow.exceptions import MlflowException
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as TheirRegistry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TheirStore

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

Search = Callable[[str, Sequence[str]], list[str]]
"""From a filter and an order to the names of what is found."""


@dataclass(frozen=True)
class Given:
    """An experiment or a registered model of the seeded set, with its time; versions are (run id, source, tags)."""

    name: str
    time: int
    tags: Mapping[str, str] = field(default_factory=dict)
    versions: Sequence[tuple[str, str, Mapping[str, str]]] = ()


GIVEN = (
    Given(
        "churn",
        500,
        {"team": "growth", "val/a": "x"},
        (("r1", "s3://b/one", {"stage": "dev"}), ("", "s3://b/two", {})),
    ),
    Given("Churn", 400, {"team": "Growth", "empty": ""}, (("r2", "gs://b/one", {"stage": "Dev"}),)),
    Given("net_a", 300, {"a.b": "y"}, (("r1", "s3://c/100%", {"stage": "dev", "a.b": "z"}),)),
    Given("netxa", 200, {"team": "it's"}, (("r3", "s3://b/one", {"stage": ""}), ("r1", "s3://b/one", {}))),
    Given("50 x", 100, {}, ()),
    Given("two words", 100, {"team": "two\nlines"}, (("r1", "az://d", {"mine": 'say "hi"'}),)),
)

TAGS = """
tags.team = 'growth'
tag.team != 'growth'
tags.team LIKE '%rowth'
tags.team ILIKE 'GROWTH'
tags.team LIKE 'G_owth'
tags.`val/a` = 'x'
tags."val/a" = 'x'
tags.a.b = 'y'
tags.empty = ''
tags.none = 'x'
tags.none != 'x'
tags.team = "it's"
tags.team = 'two
lines'
tags.team != 'x' AND tags.empty LIKE '%'
"""
NAMES = """
name = 'churn'
name != 'churn'
name LIKE 'c%'
name ILIKE 'c%'
name LIKE 'net_a'
name ILIKE 'NET_A'
name LIKE '50%'
attribute.name = 'two words'
name = "churn"
name ILIKE '%n%' AND tags.team != 'growth'
"""
EXPERIMENTS = f"""
{TAGS}
{NAMES}
tags.team IS NULL
tags.team IS NOT NULL AND name LIKE '%n%'
experiment_id = '3'
experiment_id != '3'
experiment_id IN ('1', '3', '99')
attribute.experiment_id NOT IN ('1', '3')
creation_time = 400
creation_time > 200
creation_time >= 200 AND creation_time < 400
creation_time != 100
last_update_time <= 1300
last_update_time > 1300
"""
MODELS = f"""
{TAGS}
{NAMES}
name IN ('churn', '50 x', 'none')
name NOT IN ('churn', '50 x')
name IN ('churn')
tags.`mlflow.prompt.is_prompt` != 'true'
tag.`mlflow.prompt.is_prompt` != 'true' AND name LIKE 'net%'
"""
VERSIONS = """
name = 'churn'
name != 'churn'
name LIKE 'c%'
name ILIKE 'C%'
name IN ('churn', 'netxa')
name NOT IN ('churn', 'netxa')
run_id = 'r1'
run_id != 'r1'
run_id = ''
run_id LIKE 'r%'
run_id IN ('r1', 'r3')
run_id NOT IN ('r1')
source_path = 's3://b/one'
source_path LIKE 's3://%'
source_path ILIKE 'S3://B/%'
source_path != 's3://b/one'
attribute.source_path = 'az://d'
version_number = 2
version_number > 1
version_number <= 1
version_number != 1
version_number = '2'
version_number >= 1 AND run_id = 'r1'
tags.stage = 'dev'
tags.stage != 'dev'
tag.stage LIKE 'd%'
tag.stage ILIKE 'DEV'
tags.a.b = 'z'
tags.mine = 'say "hi"'
tags.none != 'x'
tags.`mlflow.prompt.is_prompt` != 'true'
name = 'churn' AND run_id = 'r1' AND tags.stage = 'dev'
"""

EXPERIMENT_ORDERS = """
name
name DESC
attribute.name ASC
experiment_id
experiment_id DESC
creation_time
creation_time DESC
last_update_time ASC
creation_time DESC, name
creation_time, experiment_id
"""
MODEL_ORDERS = """
name
name DESC
name ASC
timestamp
timestamp DESC
last_updated_timestamp ASC
timestamp DESC, name DESC
"""
VERSION_ORDERS = """
name
name DESC
version_number
version_number DESC
creation_timestamp
creation_timestamp DESC
last_updated_timestamp ASC
attribute.name DESC, version_number ASC
version_number DESC, name
"""

BAD = """
name
name =
name = churn
name == 'churn'
name = 'a' OR name = 'b'
NOT name = 'a'
(name = 'a')
name BETWEEN 'a' AND 'b'
name NOT LIKE 'a'
name > 'a'
tags.team = 5
tags.team > 'x'
tags.team IN ('x')
params.alpha = 'x'
metrics.loss < 1
unknown = 'x'
attribute.unknown = 'x'
Tags.team = 'x'
"""
BAD_EXPERIMENTS = f"""
{BAD}
name IN ('a')
experiment_id LIKE '1'
creation_time = '5'
creation_time LIKE '5'
creation_time IS NULL
name IS NULL
"""
BAD_MODELS = f"""
{BAD}
name = 5
name IN (a)
version_number = 1
run_id = 'r1'
"""
BAD_VERSIONS = f"""
{BAD}
source_path IN ('a')
version_number = 'x'
version_number LIKE '1'
version_number IN ('1')
run_id = 5
"""
BAD_ORDERS = ["", "name up", "unknown", "tags", "metrics.loss", "name ASC DESC"]


def lines(text: str) -> list[str]:
    """One for each filter; a filter may go on in a line that begins with "lines"."""
    joined = text.replace("\nlines", "\0lines")
    return [line.replace("\0", "\n") for line in joined.splitlines() if line.strip()]


def cases(**texts: str) -> list[Any]:
    return [
        pytest.param(kind, line, id=f"{kind}: {line!r}")
        for kind, text in texts.items()
        for line in lines(text)
    ]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Search]]:
    directory = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{directory / 'mlflow.db'}"
    open_store_: Callable[..., Any] = TheirStore
    open_registry: Callable[..., Any] = TheirRegistry
    store, registry = open_store_(uri, (directory / "artifacts").as_uri()), open_registry(uri)
    model_tag: Callable[..., Any] = mlflow.entities.model_registry.RegisteredModelTag
    version_tag: Callable[..., Any] = mlflow.entities.model_registry.ModelVersionTag
    for given in GIVEN:
        store.create_experiment(
            given.name, tags=[mlflow.entities.ExperimentTag(*item) for item in given.tags.items()]
        )
        registry.create_registered_model(given.name, [model_tag(*item) for item in given.tags.items()])
        for run_id, source, tags in given.versions:
            registry.create_model_version(
                given.name, source, run_id, [version_tag(*item) for item in tags.items()]
            )
    _timed(
        directory / "mlflow.db",
        experiments=("experiments", "creation_time", "last_update_time"),
        models=("registered_models", "creation_time", "last_updated_time"),
        versions="UPDATE model_versions SET creation_time = :time + version, last_updated_time = 2 * :time + version"
        " WHERE name = :name",
    )
    yield {
        "experiments": lambda text, order: [
            found.name
            for found in store.search_experiments(
                mlflow.entities.ViewType.ACTIVE_ONLY, 100, text, list(order), None
            )
        ],
        "models": lambda text, order: [
            found.name for found in registry.search_registered_models(text, 100, list(order))
        ],
        "versions": lambda text, order: [
            f"{found.name} {found.version}"
            for found in registry.search_model_versions(text, 100, list(order))
        ],
    }
    store._dispose_engine()
    registry._dispose_engine()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, new_database: Path) -> Iterator[Mapping[str, Search]]:
    home = tmp_path_factory.mktemp("runner")
    (home / "runner.db").write_bytes(new_database.read_bytes())
    store: Store = open_store(Settings.from_environ({"RUNNER_HOME": str(home)}))
    for given in GIVEN:
        store.create_experiment(given.name, tags=given.tags)
        store.registry.create(given.name, tags=given.tags)
        for run_id, source, tags in given.versions:
            store.registry.create_version(given.name, source, run_id=run_id, tags=tags)
    _timed(
        home / "runner.db",
        experiments=("runner_experiments", "created", "updated"),
        models=("runner_registered_models", "created", "updated"),
        versions="UPDATE runner_model_versions SET created = :time + version, updated = 2 * :time + version"
        " WHERE model = (SELECT id FROM runner_registered_models WHERE name = :name)",
    )
    yield {
        "experiments": lambda text, order: [
            found.name for found in store.search_experiments(filter=text, order_by=order).items
        ],
        "models": lambda text, order: [
            found.name for found in store.registry.search(filter=text, order_by=order).items
        ],
        "versions": lambda text, order: [
            f"{found.model} {found.version}"
            for found in store.registry.search_versions(filter=text, order_by=order).items
        ],
    }
    store.close()


def _timed(path: Path, *, experiments: Sequence[str], models: Sequence[str], versions: str) -> None:
    """Give all of it the times of the seeded set: neither store lets anybody choose them."""
    with sqlite3.connect(path) as db:
        for given in GIVEN:
            values = {"name": given.name, "time": given.time, "later": 1500 - given.time}
            for table, created, updated in (experiments, models):
                db.execute(
                    f"UPDATE {table} SET {created} = :time, {updated} = :later WHERE name = :name", values
                )
            db.execute(versions, values)
        for table, created, updated in (experiments,):
            db.execute(f"UPDATE {table} SET {created} = 1, {updated} = 1 WHERE name = 'Default'")
    db.close()


@pytest.mark.parametrize(("kind", "text"), cases(experiments=EXPERIMENTS, models=MODELS, versions=VERSIONS))
def test_a_filter_finds_what_mlflow_finds(
    ours: Mapping[str, Search], theirs: Mapping[str, Search], kind: str, text: str
) -> None:
    assert ours[kind](text, []) == theirs[kind](text, [])


@pytest.mark.parametrize("kind", ["experiments", "models", "versions"])
def test_without_a_filter_both_give_all_in_the_same_order(
    ours: Mapping[str, Search], theirs: Mapping[str, Search], kind: str
) -> None:
    assert ours[kind]("", []) == theirs[kind]("", [])


def test_the_filters_are_worth_asking(ours: Mapping[str, Search]) -> None:
    """Most of them find something and not all, or the comparison would say little."""
    for kind, text in (("experiments", EXPERIMENTS), ("models", MODELS), ("versions", VERSIONS)):
        every = len(ours[kind]("", []))
        telling = [line for line in lines(text) if 0 < len(ours[kind](line, [])) < every]

        assert len(telling) > len(lines(text)) * 0.8


@pytest.mark.parametrize(
    ("kind", "text"),
    cases(experiments=EXPERIMENT_ORDERS, models=MODEL_ORDERS, versions=VERSION_ORDERS),
)
def test_an_order_sorts_as_mlflow_sorts(
    ours: Mapping[str, Search], theirs: Mapping[str, Search], kind: str, text: str
) -> None:
    order = [part.strip() for part in text.split(",")]

    assert ours[kind]("", order) == theirs[kind]("", order)


@pytest.mark.parametrize(
    ("kind", "text"), cases(experiments=BAD_EXPERIMENTS, models=BAD_MODELS, versions=BAD_VERSIONS)
)
def test_what_mlflow_refuses_is_refused(
    ours: Mapping[str, Search], theirs: Mapping[str, Search], kind: str, text: str
) -> None:
    with pytest.raises((MlflowException, ValueError)):
        theirs[kind](text, [])
    with pytest.raises(TrackingError) as refused:
        ours[kind](text, [])

    assert "^" in (refused.value.detail or "")


@pytest.mark.parametrize("kind", ["experiments", "models", "versions"])
@pytest.mark.parametrize("order", BAD_ORDERS)
def test_an_order_that_mlflow_refuses_is_refused(
    ours: Mapping[str, Search], theirs: Mapping[str, Search], kind: str, order: str
) -> None:
    with pytest.raises((MlflowException, ValueError)):
        theirs[kind]("", [order])
    with pytest.raises(TrackingError):
        ours[kind]("", [order])


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("models", "tags.team IS NULL", ["50 x", "net_a"]),
        ("versions", "tags.stage IS NOT NULL AND name LIKE 'net%'", ["netxa 1", "net_a 1"]),
        ("experiments", "attributes.name = 'churn'", ["churn"]),
        ("models", "timestamp < 1101", ["Churn", "churn"]),
        ("versions", "creation_timestamp > 500", ["churn 2", "churn 1"]),
    ],
)
def test_beyond_mlflow_more_can_be_asked(
    ours: Mapping[str, Search], theirs: Mapping[str, Search], kind: str, text: str, found: list[str]
) -> None:
    assert sorted(ours[kind](text, [])) == sorted(found)
    with pytest.raises((MlflowException, ValueError)):
        theirs[kind](text, [])

"""Filters that few runs fit: what an index finds is what one finds by looking at every run."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runner.settings import Settings
from runner.tracking import Store, open_store
from runner.tracking.model import Metric
from runner.tracking.sql import choosing, conditions, searching
from runner.tracking.sql.narrowing import ALL, BEGINNING
from runner.tracking.sql.store import SqlStore
from runner.tracking.tables import Chosen

LONG = "x" * BEGINNING
FILTERS = [
    "tags.team = 'vision'",
    f"tags.path = '{LONG}a'",
    "params.lr = '0.1'",
    "params.lr = 'auto'",
    "params.lr = 0.1",
    "metrics.loss < 0.3",
    "metrics.loss >= 0.0 and params.lr = '1e-3'",
    "attributes.run_name = 'run-3'",
    "attributes.run_name LIKE 'run-1%'",
    "attributes.run_id LIKE 'a%'",
    "tags.team = 'none'",
]
OURS = [
    "team in (vision, audio)",
    f"path = '{LONG}a'",
    "lr = 0.1",
    "lr = auto",
    "loss < 0.3",
    "loss = 0.2 and team = vision",
    "name in (run-1, run-2)",
    "name like 'run-1%'",
]


@pytest.fixture
def seeded(store: Store) -> Store:
    choose = random.Random(5)
    with store.joined() as joined:
        other = joined.create_experiment("other").id
        for number in range(50):
            run = joined.create_run(
                choose.choice(["0", other]),
                name=f"run-{number % 40}",
                started=number,
                params={"lr": choose.choice(["0.1", "1e-1", "1e-3", "auto"])},
                tags={"team": choose.choice(["vision", "audio", "text"]), "path": LONG + choose.choice("ab")},
            )
            joined.log(run.id, metrics=[Metric("loss", choose.choice([0.2, 0.4, float("nan")]), 1)])
            if number % 9 == 0:
                joined.delete_run(run.id)
    return store


@pytest.mark.parametrize("experiments", [None, ["0"], ["0", "1"]])
def test_an_index_finds_what_looking_at_every_run_finds(
    seeded: Store, experiments: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(most: int) -> tuple[object, ...]:
        monkeypatch.setattr(conditions, "FEW", most)
        monkeypatch.setattr(choosing, "FEW", most)
        searches = [seeded.search_runs(experiment_ids=experiments, filter=text).items for text in FILTERS]
        chosen = [Chosen(experiments=experiments, filter=text) for text in OURS]
        tables = seeded.tables
        return (
            searches,
            [tables.table(each, sort=["metrics.loss"], columns=(), offset=0, limit=9) for each in chosen],
            [tables.columns(each) for each in chosen],
            [
                tables.groups(each, by=["tags.team"], but=(), columns=(), sort=(), offset=0, limit=9)
                for each in chosen
            ],
        )

    assert found(1000) == found(-1)


# plans -----------------------------------------------------------------------------------------------------


class Told:
    """Answers statements, and notes SQLite's plans of them."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self.plans: list[str] = []

    def execute(self, statement: str, values: dict[str, object]) -> list[tuple[object, ...]]:
        plan = self._connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        self.plans.append("; ".join(row[3] for row in plan))
        return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def told(database: Path, settings: Settings) -> Iterator[Told]:
    with closing(open_store(settings)) as store:
        assert isinstance(store, SqlStore)
        for number in range(20):
            store.create_run(
                "0", name=f"run-{number}", params={"lr": "0.1"}, tags={"parent": f"run-{number}"}
            )
    with closing(Told(database)) as told:
        yield told


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("tags.parent = 'run-3'", "ix_runner_tags_key_id_beginning (key_id=? AND beginning=?)"),
        ("params.lr = '0.2'", "ix_runner_params_experiment_key_id_number"),
        ("attributes.run_name = 'run-3'", "ix_runner_runs_name (name=?)"),
        ("attributes.run_name LIKE 'run-3%'", "ix_runner_runs_name (name>? AND name<?)"),
        ("attributes.run_id LIKE 'abc%'", "(uuid>? AND uuid<?)"),
    ],
)
@pytest.mark.parametrize("experiments", [None, ["0"], ["0", "1", "2"]])
def test_a_search_for_what_few_have_starts_from_the_index(
    told: Told, text: str, index: str, experiments: list[str] | None
) -> None:
    search = searching.compiled(text, experiment_ids=experiments)

    search.numbers(told, limit=10, offset=0)  # type: ignore[arg-type]

    counting, answering = told.plans
    assert index in counting
    assert index in answering
    assert "SEARCH n USING INTEGER PRIMARY KEY (rowid=?)" in answering  # the run, and no other
    assert ALL in search.statement


def test_what_many_have_is_looked_for_from_the_newest_run_on(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "FEW", 10)
    search = searching.compiled("tags.parent LIKE 'run%' and params.lr = '0.1'", experiment_ids=["0"])

    assert len(search.numbers(told, limit=5, offset=0)) == 5  # type: ignore[arg-type]

    assert "SEARCH r USING INDEX ix_runner_runs_experiment_lifecycle_started" in told.plans[-1]

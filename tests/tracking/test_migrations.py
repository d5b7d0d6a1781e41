"""A store of version 0001, as the migration of that version makes it, becomes one of ours."""

import json
import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config

import runner.tracking.database
from runner.settings import Settings
from runner.tracking import open_database_store, open_store
from runner.tracking.database.migrating import migrate
from runner.tracking.logged_models import ModelStatus
from runner.tracking.model import Dataset, DatasetInput, Lifecycle, ModelOutput
from runner.tracking.opening import VERSION_TABLE
from tests.services.databases import DatabaseServer

MIGRATIONS = Path(runner.tracking.database.__file__).with_name("migrations")
ROOT = "file:///srv/artifacts"
NUMBER = f"m-{'1' * 32}"
MODEL = {
    "id": NUMBER,
    "name": "net",
    "path": f"models/{NUMBER}",
    "created": 5,
    "updated": 6,
    "type": "mlp",
    "status": "LOGGED_MODEL_READY",
    "step": 7,
    "params": {"lr": "0.1", "kept": "yes"},
    "tags": {"team": "x"},
}
WINE = {"name": "wine", "digest": "d1", "source_type": "local", "source": "{}", "schema": "s", "profile": ""}
CONTEXT = {"key": "mlflow.data.context", "value": "train"}
UPSERT = (
    "ON CONFLICT (run, key_id) DO UPDATE SET value = excluded.value",
    "ON DUPLICATE KEY UPDATE value = VALUES(value)",
)
TAGS: Mapping[str, Mapping[str, object]] = {
    "a": {
        "runner.dataset.1111": {"dataset": WINE, "tags": [CONTEXT]},
        f"runner.model.{NUMBER}": MODEL,
        "runner.plan": "sha256:0",
    },
    "b": {
        "runner.dataset.1111": {"dataset": {**WINE, "source": "other"}, "tags": []},
        f"runner.input.{NUMBER}": {"model_id": NUMBER},
        "runner.input.m-1": {"model_id": "m-1"},
    },
    "c": {
        f"runner.model.m-{'2' * 32}": {
            **MODEL,
            "id": f"m-{'2' * 32}",
            "status": "LOGGED_MODEL_UPLOAD_FAILED",
        },
        "runner.model.mine": "mine",
        "runner.dataset.list": [],
        "runner.dataset.half": {"dataset": {"name": "half"}},
        "runner.model.odd": {**MODEL, "params": {"deep": {"er": 1}}},
        "runner.input.long": {"model_id": "m" * 65},
        "runner_model_x": "not ours",
        "path": "é" * 64 + "/a",
    },
}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    server: DatabaseServer = request.getfixturevalue(request.param)
    return server.new_database()


def filled(uri: str) -> None:
    """The tables of version 0001 with runs a, b and c (which is deleted), and their tags."""
    engine = sqlalchemy.create_engine(uri)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as db:
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
        db.exec_driver_sql(
            "INSERT INTO runner_experiments (id, name, artifact_location, lifecycle, created, updated)"
            f" VALUES (0, 'Default', '{ROOT}/0', 'active', 1, 1)"
        )
        for number, (name, tags) in enumerate(TAGS.items(), 1):
            stage, deleted = ("deleted", "9") if name == "c" else ("active", "NULL")
            db.exec_driver_sql(
                "INSERT INTO runner_runs (id, uuid, experiment, name, user_name, status, started, lifecycle, deleted,"
                f" artifact_uri) VALUES ({number}, '{name}', 0, '{name}', '', 'FINISHED', {number}, '{stage}', {deleted},"
                f" '{ROOT}/0/{name}/artifacts')"
            )
            for key, value in tags.items():
                _tag(db, number, key, value if isinstance(value, str) else json.dumps(value))
    engine.dispose()


def _tag(db: sqlalchemy.Connection, run: int, key: str, value: str) -> None:
    """As all versions have recorded it."""
    found = sqlalchemy.text("SELECT id FROM runner_key_names WHERE name = :key")
    if db.execute(found, {"key": key}).scalar() is None:
        db.execute(sqlalchemy.text("INSERT INTO runner_key_names (name) VALUES (:key)"), {"key": key})
    db.execute(
        sqlalchemy.text(
            "INSERT INTO runner_tags (run, key_id, value) VALUES (:run, :key, :value) "
            + UPSERT[db.dialect.name == "mysql"]
        ),
        {"run": run, "key": db.execute(found, {"key": key}).scalar(), "value": value},
    )


def test_data_sets_and_models_that_tags_held_are_in_their_tables_and_nothing_is_lost(uri: str) -> None:
    filled(uri)

    migrate(uri, ROOT)

    store = open_store(Settings.from_environ(os.environ), uri)
    a, b, c = (store.run(name) for name in "abc")
    wine = Dataset(name="wine", digest="d1", source_type="local", source="{}", schema="s")
    assert a.datasets == (DatasetInput(wine, {"mlflow.data.context": "train"}),)
    assert b.datasets == (DatasetInput(wine),)
    assert (a.models_made, a.models_used) == ((ModelOutput(NUMBER, 7),), ())
    assert (b.models_made, set(b.models_used)) == ((), {NUMBER, "m-1"})
    model = store.models.get(NUMBER)
    assert (model.name, model.type, model.status, model.source_run_id) == (
        "net",
        "mlp",
        ModelStatus.READY,
        "a",
    )
    assert (model.params, model.tags) == ({"lr": "0.1", "kept": "yes"}, {"team": "x"})
    assert (model.created, model.updated, model.experiment_id) == (5, 6, "0")
    assert model.artifact_uri == f"{ROOT}/0/a/artifacts/models/{NUMBER}"
    assert [found.id for found in store.models.search(["0"], filter="params.lr < 0.2").items] == [NUMBER]
    gone = store.models.get(f"m-{'2' * 32}", deleted=True)
    assert (gone.lifecycle, gone.status) == (Lifecycle.DELETED, ModelStatus.FAILED)
    assert (set(a.tags), set(b.tags)) == ({"runner.plan"}, set())
    assert set(c.tags) == set(TAGS["c"]) - {f"runner.model.m-{'2' * 32}"}  # somebody's own
    assert c.tags["runner.model.mine"] == "mine"
    store.close()


def test_experiments_are_numbered_on_from_those_that_there_are(uri: str) -> None:
    filled(uri)
    engine = sqlalchemy.create_engine(uri)
    with engine.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO runner_experiments (id, name, artifact_location, lifecycle, created, updated)"
            f" VALUES (41, 'last', '{ROOT}/41', 'active', 1, 1)"
        )
    engine.dispose()

    migrate(uri, ROOT)
    with closing(open_database_store(Settings.from_environ({"RUNNER_TRACKING_URI": uri}))) as store:
        assert store.create_experiment("new").id == "42"


def test_runs_are_found_by_tags_that_were_there_before(uri: str) -> None:
    filled(uri)
    migrate(uri, ROOT)
    for _ in range(2):  # once more: MariaDB may have been broken off half-way
        engine = sqlalchemy.create_engine(uri)
        with engine.begin() as db:
            db.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0004'")
        engine.dispose()
        migrate(uri, ROOT)

    with closing(open_store(Settings.from_environ(os.environ), uri)) as store:
        found = store.search_runs(filter="tags.`runner.plan` = 'sha256:0'").items
        long = store.search_runs(filter=f"tags.path = '{'é' * 64}/a'", lifecycle=None).items
        other = store.search_runs(filter=f"tags.path = '{'é' * 64}/b'", lifecycle=None).items
    assert [[run.name for run in each] for each in (found, long, other)] == [["a"], ["c"], []]


def test_tags_that_a_process_of_the_version_before_goes_on_recording_are_found(uri: str) -> None:
    filled(uri)
    migrate(uri, ROOT)
    engine = sqlalchemy.create_engine(uri)

    with closing(open_store(Settings.from_environ(os.environ), uri)) as store:

        def names(value: str) -> list[str]:
            return [run.name for run in store.search_runs(filter=f"tags.late = '{value}'").items]

        for value in ("a", "A ", "😀" * 65):
            with engine.begin() as db:
                _tag(db, 1, "late", value)
            assert [names(value), names(value[:-1] or "A")] == [["a"], []]
        assert names("a") == []
    engine.dispose()


def test_more_tags_than_are_read_at_once_are_all_converted(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'old.db'}"
    filled(uri)
    engine = sqlalchemy.create_engine(uri)
    with engine.begin() as db:
        for number in range(1200):
            _tag(db, 1 + number % 3, f"runner.input.x{number}", json.dumps({"model_id": f"x{number}"}))
    engine.dispose()

    migrate(uri, ROOT)

    store = open_store(Settings.from_environ(os.environ), uri)
    assert sum(len(store.run(name).models_used) for name in "abc") == 1200 + 2
    store.close()

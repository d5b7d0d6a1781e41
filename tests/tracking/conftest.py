"""A store for each test: through the standard library's sqlite3, SQLAlchemy's engine, and on database servers."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from runner.settings import Settings
from runner.tracking import Store, open_store
from runner.tracking.database.engine import EngineDatabase
from runner.tracking.database.schema import counters, metadata
from runner.tracking.sql.experiments import create_default
from tests.services.databases import DatabaseServer

SQLITE = {"sqlite3": "sqlite", "sqlalchemy": "sqlite+pysqlite"}
SERVERS = ("postgresql", "mariadb")
Shared: TypeAlias = tuple[str, EngineDatabase]  # its URI, and a connection


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the first command makes it; copied, because making one takes longer than most tests."""
    home = tmp_path_factory.mktemp("template")
    settings = Settings.from_environ({"RUNNER_HOME": str(home)})
    open_store(settings).close()
    return home / "runner.db"


@pytest.fixture
def database(home: Path, new_database: Path) -> Path:
    """The file of this test's store."""
    home.mkdir()
    shutil.copy(new_database, home / "runner.db")
    return home / "runner.db"


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings.from_environ(os.environ)


@pytest.fixture(scope="session")
def shared_databases() -> Iterator[dict[str, Shared]]:
    """The database on each server that tests have used: it is emptied between them."""
    shared: dict[str, Shared] = {}
    yield shared
    for _, database in shared.values():
        database.close()


@pytest.fixture(params=[*SQLITE, *SERVERS])
def store_uri(request: pytest.FixtureRequest, settings: Settings) -> str:
    """Where this test's store is, made and empty."""
    if request.param in SQLITE:
        return f"{SQLITE[request.param]}:///{request.getfixturevalue('database')}"
    server: DatabaseServer = request.getfixturevalue(request.param)
    known: dict[str, Shared] = request.getfixturevalue("shared_databases")
    if request.param not in known:
        uri = server.new_database()
        open_store(settings, uri).close()
        known[request.param] = uri, EngineDatabase(uri)
        return uri
    uri, database = known[request.param]
    empty(database, settings)
    return uri


@pytest.fixture
def store(store_uri: str, settings: Settings) -> Iterator[Store]:
    store = open_store(settings, store_uri)
    yield store
    store.close()


def empty(database: EngineDatabase, settings: Settings) -> None:
    """Make it a new one: to make its tables takes longer than most tests."""
    with database.transaction() as db:
        for table in reversed(metadata.sorted_tables):
            if table is not counters:
                db.execute(f"DELETE FROM {table.name}")
        db.execute("UPDATE runner_counters SET last_number = 0")
        create_default(db, artifact_root=settings.artifact_root)

"""A store for each test, through the standard library's sqlite3 and through SQLAlchemy's engine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.settings import Settings
from runner.tracking import Store, open_store


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


@pytest.fixture(params=["sqlite", "sqlite+pysqlite"], ids=["sqlite3", "sqlalchemy"])
def store(request: pytest.FixtureRequest, database: Path, settings: Settings) -> Iterator[Store]:
    store = open_store(settings, f"{request.param}:///{database}")
    yield store
    store.close()

"""`runner db`: the tables brought up to date, and looked at."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.settings import Settings
from runner.tracking import Artifacts, Store, open_store
from runner.tracking.database.checking import CHECKS
from runner.tracking.model import Metric
from runner.tracking.opening import HEAD, VERSION_TABLE
from tests.conftest import Cli
from tests.services.databases import DatabaseServer


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    store = open_store(settings)
    run = store.create_run("0", params={"a": "1"})
    Artifacts(run.artifact_uri).put_bytes(b"x", "a.txt")
    store.log(
        run.id, metrics=[Metric("m", value, 1, step) for step, value in enumerate((3.0, float("nan"), 1.0))]
    )
    yield store
    store.close()


def harm(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "runner.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_new_database_is_made(cli: Cli) -> None:
    assert cli("db", "upgrade").out == f"the tables were not there, and are {HEAD}\n"
    assert cli("db", "upgrade").out == f"the tables are up to date: {HEAD}\n"
    assert json.loads(cli("db", "upgrade", "--json").out) == {"before": HEAD, "after": HEAD}


def test_a_good_database_is_found_to_be_good(cli: Cli, store: Store) -> None:
    outcome = cli("db", "check")

    assert outcome.code == 0
    assert outcome.out.splitlines() == ["CHECK\tRESULT", *(f"{name}\tok" for name in ("version", *CHECKS))]


HARM = {
    "UPDATE runner_latest_metrics SET value = 9": ("latest metrics", "is no recorded point"),
    "UPDATE runner_latest_metrics SET step = 0, value = 3": ("latest metrics", "is not the newest"),
    "DELETE FROM runner_latest_metrics": ("latest metrics", "is missing"),
    "DROP INDEX ix_runner_runs_name": ("tables", "ix_runner_runs_name"),
    "DELETE FROM runner_runs": ("references", "name a run that is not in runner_runs"),
}


@pytest.mark.parametrize("statement", HARM)
def test_what_is_wrong_is_told(cli: Cli, store: Store, home: Path, statement: str) -> None:
    check, told = HARM[statement]
    harm(home, statement)

    outcome = cli("db", "check", "--json")

    assert outcome.code == 7
    checks = json.loads(outcome.out)["checks"]
    assert told in str(checks[check])
    assert [name for name, wrong in checks.items() if wrong] == [check]


def test_a_damaged_file_is_found(cli: Cli, store: Store, home: Path) -> None:
    harm(home, "PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    content = bytearray((home / "runner.db").read_bytes())
    for page in range(10, len(content) // 4096):
        content[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    (home / "runner.db").write_bytes(content)

    outcome = cli("db", "check")

    assert outcome.code == 7


def test_artifacts_that_are_not_there_are_told(cli: Cli, store: Store, home: Path) -> None:
    shutil.rmtree(home / "artifacts")

    outcome = cli("db", "check")

    assert outcome.code == 7
    assert "is not there, and 1 runs have their artifacts below it" in outcome.out


def test_tables_of_another_client_do_no_harm(cli: Cli, store: Store, home: Path) -> None:
    harm(home, "CREATE TABLE runs (run_uuid TEXT)")

    assert cli("db", "check").code == 0


def test_a_database_of_another_version_is_told(cli: Cli, store: Store, home: Path) -> None:
    harm(home, f"UPDATE {VERSION_TABLE} SET version_num = '0001'")

    outcome = cli("db", "check")

    assert outcome.code == 7
    assert f"0001; this version needs {HEAD}" in outcome.out


def test_a_servers_database_is_upgraded_and_checked(
    cli: Cli, settings: Settings, database_server: DatabaseServer
) -> None:
    uri = database_server.new_database()

    assert "not there, and are" in cli("db", "--tracking-uri", uri, "upgrade").out
    with closing(open_store(replace(settings, tracking_uri=uri))) as store:
        run = store.create_run("0")
        Artifacts(run.artifact_uri).put_bytes(b"x", "a.txt")
        store.log(run.id, metrics=[Metric("m", 1.5, 1, 1), Metric("m", float("inf"), 2, 1)])
    outcome = cli("db", "--tracking-uri", uri, "check")
    assert outcome.code == 0, outcome.out

    database_server.execute("UPDATE runner_latest_metrics SET value = 9", uri)
    assert "is no recorded point" in cli("db", "--tracking-uri", uri, "check").out


def test_an_mlflow_server_is_no_database(cli: Cli) -> None:
    outcome = cli("db", "--tracking-uri", "http://me:secret@127.0.0.1:1", "check")

    assert outcome.code == 7
    assert "secret" not in outcome.err

"""From a tracking URI to a store: made, brought up to date, shared, refused."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import runner.tracking
from runner.errors import TrackingError
from runner.settings import Settings
from runner.tracking import Artifacts, open_store
from runner.tracking.database.schema import metadata
from runner.tracking.opening import HEAD, VERSION_TABLE

MIGRATIONS = Path(runner.tracking.__file__).parent / "database" / "migrations"
ROOT = Path(runner.tracking.__file__).parents[2]
OPEN = """
import os, sys
from runner.settings import Settings
from runner.tracking import Artifacts, open_store
store = open_store(Settings.from_environ(os.environ))
"""


def start(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", OPEN + code, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_first_use_makes_the_store(home: Path, settings: Settings) -> None:
    assert not home.exists()

    store = open_store(settings)
    store.close()

    assert store.uri == f"sqlite:///{home}/runner.db"
    assert (home / "runner.db").is_file()


def test_a_relative_path_counts_from_here_and_is_told_in_full(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    store = open_store(settings, "sqlite:///deep/er/runs.db")
    store.close()

    assert store.uri == f"sqlite:///{tmp_path}/deep/er/runs.db"
    assert (tmp_path / "deep" / "er" / "runs.db").is_file()


@pytest.mark.parametrize(
    "name", ["h?x=1", "h%41b", "h#x", "h x", "h\u00e4 \u6f22", "a:b@c", "h&mode=ro", "h%3Fmode=ro"]
)
def test_a_home_may_have_signs_that_mean_something_in_a_url(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    settings = Settings.from_environ({"RUNNER_HOME": str(home)})

    for _ in range(2):  # a new store, and one that is there
        store = open_store(settings)
        run = store.create_run("0")
        Artifacts(run.artifact_uri).put_bytes(b"x", "a.txt")
        store.close()

    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert {path.name for path in home.iterdir()} == {"artifacts", "runner.db", "runner.db.lock"}
    assert len(list((home / "artifacts").rglob("a.txt"))) == 2


def test_what_is_stored_is_there_after_closing(database: Path, settings: Settings) -> None:
    store = open_store(settings)
    run = store.create_run("0", params={"a": "1"})
    store.close()

    again = open_store(settings)

    assert again.run(run.id) == run
    again.close()


@pytest.mark.parametrize(
    ("uri", "message", "hint"),
    [
        ("runs.db", "no tracking URI", "sqlite:///runs.db"),
        ("/tmp/mlruns", "no tracking URI", "sqlite:////tmp/mlruns"),
        ("databricks", "Databricks cannot be recorded in", "sqlite:///"),
        ("databricks://profile", "Databricks cannot be recorded in", "sqlite:///"),
        ("file:///tmp/mlruns", "no tracking URI", "sqlite:///"),
        ("sqlite://", "no tracking URI", "sqlite:///"),
        ("sqlite:///", "no tracking URI", "sqlite:///"),
        ("sqlite:///:memory:", "would be forgotten", "sqlite:///runs.db"),
        ("mysql://", "no tracking URI", "sqlite:///runs.db"),
        ("postgresql+nonsense://me:secret@host/db", "no driver for postgresql+nonsense://", "sqlite:///"),
    ],
)
def test_a_uri_that_is_no_store_is_explained(settings: Settings, uri: str, message: str, hint: str) -> None:
    with pytest.raises(TrackingError) as refused:
        open_store(settings, uri)

    assert message in str(refused.value)
    assert hint in (refused.value.hint or "")
    assert "secret" not in str(refused.value)


def test_a_file_that_is_no_database_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("dear diary\n" * 500)

    with pytest.raises(TrackingError, match="not a database") as refused:
        open_store(settings, f"sqlite:///{file}")

    assert "no SQLite database" in (refused.value.hint or "")
    assert file.read_text() == "dear diary\n" * 500


def test_somebody_elses_database_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    connection.close()

    with pytest.raises(TrackingError, match="a database of something else"):
        open_store(settings, f"sqlite:///{file}")


def test_an_mlflow_database_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("CREATE TABLE runs (run_uuid VARCHAR(32))")
    connection.close()

    for scheme in ("sqlite", "sqlite+pysqlite"):
        with pytest.raises(TrackingError, match="is an MLflow database") as refused:
            open_store(settings, f"{scheme}:///{file}")
        assert "name another file" in (refused.value.hint or "")


def test_an_mlflow_client_that_uses_our_file_does_not_harm_our_tables(
    database: Path, settings: Settings
) -> None:
    """It makes its own tables in any database that it is pointed at."""
    mlflow_tables = {"runs", "experiments", "params", "tags", "metrics", "latest_metrics", "alembic_version"}
    with sqlite3.connect(database) as connection:
        for table in mlflow_tables:
            connection.execute(f"CREATE TABLE {table} (id INTEGER)")
    connection.close()

    store = open_store(settings)
    run = store.create_run("0", params={"a": "1"})

    assert store.run(run.id) == run
    store.close()


def test_a_newer_database_asks_for_an_upgrade(database: Path, settings: Settings) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()

    with pytest.raises(TrackingError, match="newer version of runner") as refused:
        open_store(settings)

    assert refused.value.hint == "upgrade runner"


def test_a_directory_in_place_of_the_file_is_explained(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="refuses"):
        open_store(settings, f"sqlite:///{tmp_path}")


def test_a_directory_that_cannot_be_made_is_explained(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(TrackingError, match="cannot be made"):
        open_store(settings, f"sqlite:///{tmp_path}/file/runs.db")


def test_a_lock_that_cannot_be_made_is_explained(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "runs.db.lock").mkdir()

    with pytest.raises(TrackingError, match="cannot be made"):
        open_store(settings, f"sqlite:///{tmp_path}/runs.db")


# tables ---------------------------------------------------------------------------------------------------


def test_head_is_the_last_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


def test_the_migrations_build_what_the_schema_describes(new_database: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{new_database}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_no_name_of_ours_is_one_of_mlflows_or_a_reserved_word() -> None:
    reserved = {"user", "key", "keys", "rank", "groups", "system", "lead", "end", "order", "group", "table"}

    assert all(table.startswith("runner_") for table in metadata.tables)
    columns = {column.name for table in metadata.tables.values() for column in table.columns}
    assert not columns & reserved


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("runs", "ix_runner_runs_started"),
        ("runs of an experiment", "ix_runner_runs_experiment_lifecycle_started"),
        ("a metric", "ix_runner_latest_metrics_experiment_key_id_value"),
        ("a param", "ix_runner_params_experiment_key_id_number"),
    ],
)
def test_questions_are_answered_from_an_index(new_database: Path, question: str, index: str) -> None:
    statements = {
        "runs": "SELECT id FROM runner_runs r ORDER BY started DESC LIMIT 10",
        "runs of an experiment": "SELECT id FROM runner_runs WHERE experiment = 1 AND lifecycle = 'active' ORDER BY started DESC",
        "a metric": "SELECT run FROM runner_latest_metrics WHERE experiment IN (1) AND key_id = 1 AND value < 1",
        "a param": "SELECT run FROM runner_params WHERE experiment IN (1) AND key_id = 1 AND number < 1",
    }
    connection = sqlite3.connect(new_database)

    plan = connection.execute(f"EXPLAIN QUERY PLAN {statements[question]}").fetchall()

    connection.close()
    assert index in str(plan)
    assert "TEMP B-TREE" not in str(plan)


# processes ------------------------------------------------------------------------------------------------


def test_eight_processes_may_be_the_first_at_once(settings: Settings) -> None:
    processes = [start("print(store.create_run('0').id)") for _ in range(8)]
    answers = [process.communicate() for process in processes]

    assert [error for _, error in answers if error] == []
    store = open_store(settings)
    assert {out.strip() for out, _ in answers} == {run.id for run in store.search_runs().items}
    assert [experiment.name for experiment in store.experiments()] == ["Default"]
    store.close()


def test_a_first_use_that_is_killed_does_not_stand_in_the_way(settings: Settings) -> None:
    die = "import os; from runner.tracking.database import making; making.create_default = lambda *_, **__: os.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", f"{die}\n{OPEN}"], cwd=ROOT, check=False)

    store = open_store(settings)

    assert killed.returncode == -9  # with all tables made, and nothing committed
    assert store.create_run("0").experiment_id == "0"
    store.close()


def test_a_migration_that_fails_half_way_leaves_nothing(
    settings: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise sqlalchemy.exc.OperationalError("INSERT", {}, Exception("disk I/O error"))

    uri = f"sqlite+pysqlite:///{home / 'runner.db'}"  # a plain file is made without migrations
    home.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr("runner.tracking.database.migrating.create_default", fail)  # the last step of all
        with pytest.raises(TrackingError, match="cannot be made or brought up to date"):
            open_store(settings, uri)

    connection = sqlite3.connect(home / "runner.db")
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()
    open_store(settings).close()


def test_an_up_to_date_store_opens_without_sqlalchemy(database: Path) -> None:
    process = start("print(sorted({'sqlalchemy', 'alembic', 'asyncio', 'rich'} & set(sys.modules)))")

    assert process.communicate() == ("[]\n", "")


def test_opening_an_up_to_date_store_costs_next_to_nothing(database: Path, settings: Settings) -> None:
    def cost() -> float:
        started = time.process_time()
        open_store(settings).close()
        return time.process_time() - started

    assert min(cost() for _ in range(5)) < 0.005


def test_eight_processes_write_at_once_and_nothing_is_lost(database: Path, settings: Settings) -> None:
    store = open_store(settings)
    shared = store.create_run("0")
    code = """
from runner.tracking.model import Metric
me, shared = sys.argv[1:]
for step in range(25):
    run = store.create_run("0", name=f"{me}-{step}", params={"step": str(step)})
    store.log(shared, metrics=[Metric(f"m{me}", step, step, step)], tags={f"t{step}": me})
"""

    processes = [start(code, str(number), shared.id) for number in range(8)]
    errors = [process.communicate()[1] for process in processes]

    assert [error for error in errors if error] == []
    names = {run.name for run in store.search_runs(limit=1000).items}
    assert {f"{me}-{step}" for me in range(8) for step in range(25)} <= names
    assert all(len(store.metric_history(shared.id, f"m{me}")) == 25 for me in range(8))
    assert {f"t{step}" for step in range(25)} <= store.run(shared.id).tags.keys()
    store.close()


def test_a_writer_that_is_killed_loses_nothing_that_it_was_told_is_kept(
    database: Path, settings: Settings
) -> None:
    code = """
from runner.tracking.model import Metric
run = store.create_run("0", name="victim")
for step in range(10**9):
    store.log(run.id, metrics=[Metric("loss", step, step, step)], tags={"step": str(step)})
    os.write(1, f"{step}\\n".encode())
"""
    for _ in range(3):
        process = start(code)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(20)]
        os.kill(process.pid, signal.SIGKILL)
        told = int([*lines, *process.stdout][-1])
        process.communicate()

        store = open_store(settings)
        run = store.run("victim")
        kept = [point.step for point in store.metric_history(run.id, "loss")]
        assert kept == list(range(len(kept)))
        assert len(kept) - 1 in {told, told + 1}  # the last may be kept and not yet told
        assert int(run.tags["step"]) == run.metrics["loss"].step == kept[-1]  # all of a call, or nothing
        store.close()


def test_a_store_that_another_process_holds_for_too_long_says_so(
    database: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.tracking.database.sqlite.BUSY", 0.05)
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    store = open_store(settings)

    with pytest.raises(TrackingError, match="locked") as refused:
        store.create_run("0")

    assert "is it stopped?" in (refused.value.hint or "")
    assert len(store.search_runs().items) == 0  # readers go on
    holder.close()
    assert store.create_run("0").experiment_id == "0"
    store.close()


def test_a_full_disk_is_explained_and_the_store_goes_on(database: Path, settings: Settings) -> None:
    store = open_store(settings)
    (connection,) = store._database._idle  # type: ignore[attr-defined]
    ((pages,),) = connection.execute("PRAGMA page_count").fetchall()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    run = store.create_run("0")

    with pytest.raises(TrackingError, match="full") as refused:
        store.log(run.id, tags={f"t{number}": "x" * 5000 for number in range(50)})

    assert "make room" in (refused.value.hint or "")
    connection.execute("PRAGMA max_page_count = 1000000")
    store.log(run.id, tags={"after": "all"})
    assert store.run(run.id).tags == {"after": "all", "mlflow.runName": run.name}
    store.close()


def test_joined_changes_that_a_full_disk_has_undone_do_not_count_as_done(
    database: Path, settings: Settings
) -> None:
    """SQLite rolls the whole transaction back then, with what was done in it before."""
    store = open_store(settings)
    (connection,) = store._database._idle  # type: ignore[attr-defined]
    first, second = store.create_run("0"), store.create_run("0")
    ((pages,),) = connection.execute("PRAGMA page_count").fetchall()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    with pytest.raises(TrackingError, match="gave up a transaction"), store.joined() as joined:  # noqa: PT012
        joined.log(first.id, tags={"first": "1"})
        with suppress(TrackingError):
            joined.log(second.id, tags={f"t{number}": "x" * 5000 for number in range(50)})
        with suppress(TrackingError):
            joined.log(second.id, tags={"last": "1"})

    assert store.run(first.id).tags.keys() == store.run(second.id).tags.keys() == {"mlflow.runName"}
    store.close()


def test_a_new_thread_takes_no_lock_from_the_others(settings: Settings) -> None:
    """Else another process that closes the file believes to be its last user, and removes the log that we write to."""
    path = Path(settings.tracking_uri.removeprefix("sqlite:///"))
    log = path.with_name(f"{path.name}-wal")
    with closing(open_store(settings)) as store:
        store.create_run("0")
        before = log.stat().st_ino
        reading = threading.Thread(target=store.experiments)
        reading.start()
        reading.join()

        code = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute('SELECT 1 FROM runner_runs'); c.close()"
        subprocess.run([sys.executable, "-c", code], check=True)

        assert log.stat().st_ino == before

"""`runner gc`: what it frees, and what it leaves alone."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.settings import Settings
from runner.tracking import Artifacts, open_database_store
from runner.tracking.model import Metric, Run, RunStatus
from runner.tracking.sql.store import SqlStore
from tests.conftest import Cli
from tests.services.databases import DatabaseServer

DAY = 24 * 3600


@pytest.fixture
def store(home: Path, settings: Settings) -> Iterator[SqlStore]:
    store = open_database_store(settings)
    yield store
    store.close()


def run_with_files(store: SqlStore, name: str, experiment: str = "0") -> Run:
    run = store.create_run(experiment, name=name, params={"a": "1"}, tags={"t": "1"})
    store.log(run.id, metrics=[Metric("m", 1.0, 1, 1)])
    Artifacts(run.artifact_uri).put_bytes(b"x" * 1000, "model.bin")
    return run


def folder(run: Run) -> Path:
    return Path(run.artifact_uri.removeprefix("file://")).parent


def aged(home: Path, days: float) -> None:
    """Everything that is deleted was deleted so long ago."""
    moment = int((time.time() - days * DAY) * 1000)
    with closing(sqlite3.connect(home / "runner.db")) as connection, connection:
        connection.execute("UPDATE runner_runs SET deleted = ? WHERE lifecycle = 'deleted'", (moment,))
        connection.execute(
            "UPDATE runner_logged_models SET deleted = ? WHERE lifecycle = 'deleted'", (moment,)
        )
        connection.execute("UPDATE runner_experiments SET updated = ? WHERE lifecycle = 'deleted'", (moment,))


def rows(home: Path) -> int:
    """How many rows the tables hold that hang on runs."""
    with closing(sqlite3.connect(home / "runner.db")) as connection:
        tables = ("runs", "params", "tags", "metrics", "latest_metrics")
        return sum(connection.execute(f"SELECT COUNT(*) FROM runner_{name}").fetchone()[0] for name in tables)


def test_a_run_that_was_deleted_long_ago_goes_with_its_rows_and_its_files(
    cli: Cli, store: SqlStore, home: Path
) -> None:
    kept, gone = run_with_files(store, "kept"), run_with_files(store, "gone")
    before = rows(home)
    store.delete_run(gone.id)
    aged(home, 31)

    outcome = cli("gc")

    assert outcome.code == 0, outcome.err
    assert f"freed run gone ({gone.id}), 1.0 kB" in outcome.out
    assert "freed 1 runs, 0 models, 0 experiments (1.0 kB of artifacts)" in outcome.out
    assert not folder(gone).exists()
    assert folder(kept).is_dir()
    assert [run.id for run in store.search_runs(lifecycle=None).items] == [kept.id]
    assert rows(home) == before // 2


def test_what_was_deleted_lately_stays_unless_all_is_asked_for(cli: Cli, store: SqlStore, home: Path) -> None:
    run = run_with_files(store, "lately")
    store.delete_run(run.id)
    aged(home, 3)

    assert "freed 0 runs" in cli("gc").out
    assert "freed 0 runs" in cli("gc", "--older-than", "4d").out
    assert folder(run).is_dir()
    assert "freed 1 runs" in cli("gc", "--older-than", "2d").out
    store.delete_run(run_with_files(store, "now").id)
    assert "freed 1 runs" in cli("gc", "--all").out


def test_a_dry_run_says_the_same_and_frees_nothing(cli: Cli, store: SqlStore, home: Path) -> None:
    run = run_with_files(store, "gone")
    store.delete_run(run.id)

    told = json.loads(cli("gc", "--all", "--dry-run", "--json").out)

    assert folder(run).is_dir()
    assert store.run(run.id).id == run.id
    done = json.loads(cli("gc", "--all", "--json").out)
    assert told == {**done, "dry_run": True}
    assert done["items"] == [
        {
            "kind": "run",
            "id": run.id,
            "name": "gone",
            "artifact_uri": run.artifact_uri,
            "bytes": 1000,
            "kept": None,
        }
    ]


def test_an_experiment_goes_with_its_runs_and_not_with_one_that_was_restored(
    cli: Cli, store: SqlStore
) -> None:
    whole, half = (store.create_experiment(name).id for name in ("whole", "half"))
    for experiment in (whole, half):
        run_with_files(store, "a", experiment)
    restored = run_with_files(store, "b", half)
    store.delete_experiment(whole)
    store.delete_experiment(half)
    store.restore_run(restored.id)

    cli("gc", "--all")

    assert {each.name for each in store.experiments(lifecycle=None)} == {"Default", "half"}
    assert [run.id for run in store.search_runs(lifecycle=None).items] == [restored.id]
    assert folder(restored).is_dir()


def test_files_of_no_run_go_with_their_experiment_and_those_of_a_run_that_moved_away_stay(
    cli: Cli, store: SqlStore, settings: Settings
) -> None:
    first, second = (store.create_experiment(name).id for name in ("first", "second"))
    root = Path(settings.artifact_root.removeprefix("file://"))
    for experiment in (first, second):
        (root / experiment / "nobody").mkdir(parents=True)
        (root / experiment / "nobody" / "secret.txt").write_text("secret")
    moved = run_with_files(store, "moved", second)
    store.move_run(moved.id, "0")
    for experiment in (first, second):
        store.delete_experiment(experiment)

    outcome = cli("gc", "--all")

    assert "2 experiments" in outcome.out, outcome.err
    assert not (root / first).exists()
    assert Artifacts(store.run(moved.id).artifact_uri).read("model.bin") == b"x" * 1000


def test_a_place_that_an_experiment_was_given_is_not_emptied(
    cli: Cli, store: SqlStore, settings: Settings, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").touch()
    given = store.create_experiment("given", artifact_location=mine.as_uri()).id
    store.delete_experiment(given)

    assert "1 experiments" in cli("gc", "--all").out
    assert (mine / "thesis.tex").exists()


def test_the_id_of_a_forgotten_experiment_is_not_used_again(cli: Cli, store: SqlStore) -> None:
    first, last = (store.create_experiment(name).id for name in ("first", "last"))
    store.delete_experiment(last)
    cli("gc", "--all")

    following = store.create_experiment("last").id

    assert [first, last, following] == ["1", "2", "3"]


def test_what_a_registered_version_was_made_from_stays(cli: Cli, store: SqlStore) -> None:
    run = run_with_files(store, "source")
    store.registry.create("churn")
    store.registry.create_version("churn", f"{run.artifact_uri}/model", run_id=run.id)
    store.delete_run(run.id)

    outcome = cli("gc", "--all")

    assert outcome.code == 0
    assert "kept run source" in outcome.err
    assert "the registered model 'churn'" in outcome.err
    assert folder(run).is_dir()
    assert store.run(run.id).id == run.id


def test_a_logged_model_goes_with_its_files_unless_a_version_was_made_from_it(
    cli: Cli, store: SqlStore
) -> None:
    gone, needed = (store.models.create("0", name=name) for name in ("gone", "needed"))
    for model in (gone, needed):
        Artifacts(model.artifact_uri).put_bytes(b"x" * 2000, "MLmodel")
    store.registry.create("churn")
    store.registry.create_version("churn", f"models:/{needed.id}", model_id=needed.id)
    for model in (gone, needed):
        store.models.delete(model.id)

    outcome = cli("gc", "--all")

    assert f"freed model gone ({gone.id}), 2.0 kB" in outcome.out
    assert f"kept model needed ({needed.id}): the registered model 'churn'" in outcome.err
    assert not Path(gone.artifact_uri.removeprefix("file://")).exists()
    assert Artifacts(needed.artifact_uri).read("MLmodel") == b"x" * 2000


def test_a_run_whose_files_are_gone_already_is_no_trouble(cli: Cli, store: SqlStore) -> None:
    run = store.create_run("0", name="bare")
    store.delete_run(run.id)

    assert "freed run bare" in cli("gc", "--all").out
    assert not folder(run).exists()


def test_artifacts_in_a_place_that_is_not_the_runs_own_are_never_touched(
    cli: Cli, store: SqlStore, home: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").touch()
    odd, plain = run_with_files(store, "odd"), run_with_files(store, "plain")
    with closing(sqlite3.connect(home / "runner.db")) as connection, connection:
        connection.execute("UPDATE runner_runs SET artifact_uri = ? WHERE uuid = ?", (mine.as_uri(), odd.id))
    store.delete_run(odd.id)
    store.delete_run(plain.id)

    outcome = cli("gc", "--all")

    assert outcome.code == 7
    assert "kept run odd" in outcome.err
    assert (mine / "thesis.tex").exists()
    assert "freed run plain" in outcome.out  # one that fails stops no other


def test_data_sets_that_no_run_names_any_more_go(cli: Cli, store: SqlStore, home: Path) -> None:
    store.create_run("0")
    store.delete_run(store.create_run("0").id)
    with closing(sqlite3.connect(home / "runner.db")) as connection, connection:
        dataset = "INSERT INTO runner_datasets VALUES (?, 0, ?, 'd', 'local', '{}', NULL, NULL)"
        connection.executemany(dataset, [(1, "of both"), (2, "of the deleted one")])
        used = "INSERT INTO runner_inputs VALUES (?, ?, '', '{}')"
        connection.executemany(used, [(1, 1), (2, 1), (2, 2)])

    assert ", 1 data sets," in cli("gc", "--all").out
    with closing(sqlite3.connect(home / "runner.db")) as connection:
        assert connection.execute("SELECT name FROM runner_datasets").fetchall() == [("of both",)]


def test_directories_that_killed_runs_left_are_emptied_into_their_artifacts(
    cli: Cli, store: SqlStore, home: Path
) -> None:
    ended, going = (store.create_run("0", status=RunStatus.RUNNING) for _ in range(2))
    store.update_run(ended.id, status=RunStatus.FAILED)
    live = [home / "live" / name for name in (ended.id, going.id, "0" * 32, "1" * 32)]
    for number, directory in enumerate(live):
        directory.mkdir(parents=True)
        (directory / "stdout.txt").write_text("said")
        (directory / "index.tsv").write_text("1\tstdout\t4\n")
        age = 40 * DAY if number != 3 else 2 * DAY
        for path in (*directory.iterdir(), directory):
            os.utime(path, (time.time() - age,) * 2)

    outcome = cli("gc")

    assert ", 2 live directories" in outcome.out
    assert [directory.exists() for directory in live] == [False, True, False, True]
    assert Artifacts(ended.artifact_uri).read("logs/stdout.txt") == b"said"


@pytest.mark.parametrize("text", ["30", "d", "-1d", "30 years", "", "9999999d"])
def test_a_time_that_is_none_is_explained(cli: Cli, text: str) -> None:
    outcome = cli("gc", f"--older-than={text}")

    assert outcome.code == 2
    assert "write for example 12h, 30d or 8w" in outcome.err


def test_it_frees_what_is_in_a_servers_database(
    cli: Cli, settings: Settings, database_server: DatabaseServer
) -> None:
    uri = database_server.new_database()
    with closing(open_database_store(replace(settings, tracking_uri=uri))) as store:
        run = run_with_files(store, "gone", store.create_experiment("e").id)
        store.delete_experiment("e")

        outcome = cli("gc", "--all", "--tracking-uri", uri)

        assert "freed 1 runs, 0 models, 1 experiments" in outcome.out, outcome.err
        assert store.search_runs(lifecycle=None).items == ()
        assert not folder(run).exists()

"""The file of the default store under a process that goes on: many threads, passing troubles, a file that goes away."""

import os
import shutil
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from runner.errors import Unavailable
from runner.settings import Settings
from runner.tracking import open_store
from runner.tracking.database.sqlite import KEPT, SqliteDatabase
from runner.tracking.sql.store import SqlStore


@pytest.fixture
def path(home: Path, database: Path) -> Path:
    assert database.parent == home
    return database


@pytest.fixture
def store(path: Path, settings: Settings) -> Iterator[SqlStore]:
    with closing(open_store(settings)) as store:
        assert isinstance(store, SqlStore)
        yield store


def burst(store: SqlStore, threads: int) -> None:
    """All of them read at once, each in its own transaction, and end."""
    together = threading.Barrier(threads, timeout=20)
    failed = []

    def read() -> None:
        try:
            with store._database.reading() as db:
                together.wait()
                db.execute("SELECT COUNT(*) FROM runner_runs")
        except Exception as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(threads)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert failed == []


def descriptors(path: Path) -> int:
    """How many of this process are the database's."""
    opened = [each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return sum(str(name).startswith(str(path)) for name in opened)


# connections ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
def test_threads_that_have_ended_leave_no_open_files(store: SqlStore, path: Path) -> None:
    burst(store, 30)
    after_one = descriptors(path)
    for _ in range(4):
        burst(store, 30)

    assert descriptors(path) <= after_one
    store.close()
    assert descriptors(path) == 0


def test_more_threads_than_connections_are_kept_read_at_once(store: SqlStore) -> None:
    burst(store, KEPT * 4)

    assert len(store._database._idle) == KEPT  # type: ignore[attr-defined]


def test_what_any_thread_or_process_commits_is_seen_as_a_change(store: SqlStore, path: Path) -> None:
    tokens = [store.changes(), store.changes()]
    writing = threading.Thread(target=store.create_run, args=("0",))
    writing.start()
    writing.join()
    tokens.append(store.changes())
    burst(store, 20)  # reading changes nothing, whichever connections serve
    tokens.append(store.changes())
    store.create_run("0")
    tokens.append(store.changes())
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE runner_runs SET name = 'other'")
    tokens.append(store.changes())

    assert [a == b for a, b in pairwise(tokens)] == [True, False, True, False, False]


# passing troubles -------------------------------------------------------------------------------------------


@pytest.fixture
def disk(home: Path, new_database: Path) -> Iterator[Path]:
    """A home on a disk of its own, which can be write-protected."""
    home.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(home)]
    if os.getuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        shutil.copy(new_database, home / "runner.db")
        yield home
    finally:
        subprocess.run(["umount", "-l", home], check=True)


def test_a_store_that_can_be_written_again_is_written(disk: Path, settings: Settings) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with closing(open_store(settings)) as store:
        assert store.search_runs().items == ()
        with pytest.raises(Unavailable):
            store.create_run("0")
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        with closing(open_store(settings)) as other:
            theirs = other.create_run("0").id
        assert [run.id for run in store.search_runs().items] == [theirs]

        ours = store.create_run("0").id

        assert {run.id for run in store.search_runs().items} == {ours, theirs}


# a file that goes away --------------------------------------------------------------------------------------


def test_nothing_is_acknowledged_into_a_removed_file(store: SqlStore, path: Path) -> None:
    run = store.create_run("0")
    path.unlink()

    with pytest.raises(Unavailable, match="is gone") as refused:
        store.log(run.id, tags={"a": "1"})
    for _ in range(2):
        with pytest.raises(Unavailable, match="is gone"):
            store.log(run.id, tags={"a": "1"})
        with pytest.raises(Unavailable, match="is gone"):
            store.search_runs()
        with pytest.raises(Unavailable, match="is gone"):
            store.changes()

    assert "put it back" in (refused.value.hint or "")
    assert not path.exists()  # nobody has made an empty one


def test_a_new_thread_makes_no_empty_file_in_place_of_a_removed_one(store: SqlStore, path: Path) -> None:
    path.unlink()
    refusals = []

    def read() -> None:
        try:
            store.experiments()
        except Unavailable as error:
            refusals.append(error)

    reading = threading.Thread(target=read)
    reading.start()
    reading.join()

    assert len(refusals) == 1
    assert not path.exists()


def test_a_file_that_comes_back_is_used_again(store: SqlStore, path: Path) -> None:
    run = store.create_run("0")
    before = store.changes()
    aside = path.parent / "aside"
    aside.mkdir()
    moved = [each.rename(aside / each.name) for each in path.parent.glob("runner.db*")]
    with pytest.raises(Unavailable):
        store.run(run.id)
    for each in moved:
        each.rename(path.parent / each.name)

    store.log(run.id, tags={"a": "1"})

    assert store.run(run.id).tags["a"] == "1"
    assert store.changes() != before


def test_a_restored_backup_is_used_after_one_refusal(store: SqlStore, path: Path, tmp_path: Path) -> None:
    kept = store.create_run("0").id
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(tmp_path / "backup")) as backup:
        source.backup(backup)
    lost = store.create_run("0").id
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink()
    (tmp_path / "backup").replace(path)

    with pytest.raises(Unavailable, match="another file") as refused:
        store.log(kept, tags={"a": "1"})
    assert "do it again" in (refused.value.hint or "")
    store.log(kept, tags={"a": "1"})

    with closing(sqlite3.connect(path)) as connection:
        runs = {run for (run,) in connection.execute("SELECT id FROM runner_runs")}
        tags = connection.execute("SELECT value FROM runner_tags WHERE value = '1'").fetchall()
    assert tags == [("1",)]
    assert kept in {run.id for run in store.search_runs().items}
    assert lost not in {run.id for run in store.search_runs().items}
    assert len(runs) == 1


def test_a_new_file_is_its_owners_only(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "new.db")

    with closing(database):
        assert database.tables() == set()

    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600

"""A store that cannot be written, for the disk is full or read-only: what is in it can still be read."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.errors import Unavailable
from runner.settings import Settings
from runner.tracking import Artifacts, Store, open_store, this_process_lease
from runner.tracking.logs import LogWriter
from runner.tracking.model import Run, RunStatus
from tests.conftest import Cli
from tests.services.measuring import unmeasured

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="mounts a small file system")


@pytest.fixture
def small(home: Path, new_database: Path) -> Iterator[Path]:
    """A home on a disk of 2 MB."""
    home.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(home)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        shutil.copy(new_database, home / "runner.db")
        yield home
    finally:
        subprocess.run(["umount", "-l", home], check=True)


def fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass


def write_protect(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


unwritable = pytest.mark.parametrize("spoil", [fill, write_protect])


def abandoned(store: Store, settings: Settings) -> Run:
    """A run whose process is gone, as it lies there before any command has looked."""
    lease = replace(this_process_lease(settings), process_started="another boot 1")
    run = store.create_run("0", name="lonely", status=RunStatus.RUNNING, lease=lease)
    live = settings.home / "live" / run.id
    live.mkdir(parents=True)
    log = LogWriter(live)
    log.write("stdout", b"last words\n")
    log.close()
    return run


@unwritable
def test_runs_are_read_where_nothing_can_be_written(
    small: Path, settings: Settings, cli: Cli, spoil: Callable[[Path], None]
) -> None:
    with closing(open_store(settings)) as store:
        done = store.create_run("0", name="done", params={"a": "1"})
        store.update_run(done.id, status=RunStatus.FINISHED)
        Artifacts(done.artifact_uri).put_bytes(b"hello\n", "logs/stdout.txt")
        Artifacts(done.artifact_uri).put_bytes(b"1000\tstdout\t6\n", "logs/index.tsv")
        abandoned(store, settings)
    spoil(small)

    listed = cli("runs", "list")
    assert (listed.code, listed.err) == (0, "")
    assert "done" in listed.out
    assert "lonely" in listed.out
    assert "a = 1" in cli("runs", "show", "done").out
    assert cli("runs", "logs", "done").out == "hello\n"
    assert cli("runs", "logs", "lonely").out == "last words\n"
    assert cli("runs", "compare", "done", "lonely").code == 0
    assert cli("experiments", "list").code == 0


@unwritable
def test_writing_says_why_it_cannot(small: Path, settings: Settings, spoil: Callable[[Path], None]) -> None:
    spoil(small)

    with closing(open_store(settings)) as store:
        assert store.search_runs().items == ()
        with pytest.raises(Unavailable) as refused:
            store.create_run("0")
    assert "full" in (refused.value.hint or "") if spoil is fill else "write" in (refused.value.hint or "")


def test_what_a_killed_process_left_beside_a_write_protected_store_is_read(
    small: Path, settings: Settings, cli: Cli
) -> None:
    code = "import os, sys\nfrom runner.settings import Settings\nfrom runner.tracking import open_store\n"
    code += "open_store(Settings.from_environ(os.environ)).create_run('0', name='last')\nos._exit(0)"
    subprocess.run([sys.executable, "-c", code], check=True, env=unmeasured())  # else it would end in order
    assert (small / "runner.db-wal").stat().st_size > 0
    write_protect(small)

    assert "last" in cli("runs", "list").out


def test_commits_beside_a_store_are_never_overlooked(small: Path, settings: Settings, cli: Cli) -> None:
    """Without the index of the log the last runs cannot be seen: an error is better than yesterday's list."""
    with closing(open_store(settings)) as store:
        store.create_run("0", name="last")
        shutil.copy(small / "runner.db-wal", small / "kept")
    (small / "kept").rename(small / "runner.db-wal")
    fill(small)

    outcome = cli("runs", "list")

    assert "last" in outcome.out or outcome.code == 7

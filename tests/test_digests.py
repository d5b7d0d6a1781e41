"""Digests of files and directories: what counts, what is remembered, what is not trusted."""

import os
import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from runner import digests
from runner.digests import Digest, Unreadable, digest
from runner.progress import Phase, Progress

BIG = b"x" * (digests.REMEMBERED + 1)


def of(path: Path, cache: Path | None = None) -> Digest:
    return digest(path, cache=cache, phase=Phase("inputs"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that trusts every time of change, for a test does not wait for two seconds."""
    monkeypatch.setattr(digests, "GRAIN", 0)
    return tmp_path / "cache"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    (directory / "deep").mkdir(parents=True)
    (directory / "a.csv").write_text("1,2\n")
    (directory / "deep" / "b.bin").write_bytes(BIG)
    return directory


def read_again(path: Path, cache: Path) -> bool:
    """Whether the content is read: it is replaced by what was remembered of another, if not."""
    with sqlite3.connect(cache / "digests.db") as connection:
        connection.execute("UPDATE files SET digest = 'remembered'")
    return of(path, cache).digest != "sha256:remembered"


def test_a_file_has_the_sha256_of_its_content(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(BIG)

    found = of(tmp_path / "file")

    assert found == Digest(kind="file", digest=f"sha256:{sha256(BIG).hexdigest()}", bytes=len(BIG), files=1)


def test_a_directory_has_the_digest_that_the_documentation_says(data: Path) -> None:
    (data / "link").symlink_to("a.csv")
    lines = [
        b"a.csv\0file " + sha256(b"1,2\n").hexdigest().encode(),
        b"deep/b.bin\0file " + sha256(BIG).hexdigest().encode(),
        b"link\0link a.csv",
    ]

    found = of(data)

    whole = sha256(b"".join(line + b"\0" for line in lines)).hexdigest()
    assert found == Digest(
        kind="directory", digest=f"sha256:{whole}", bytes=4 + len(BIG), files=2, leading_out=0
    )


def test_a_copy_of_a_directory_has_the_same_digest(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "copy")
    (tmp_path / "copy" / "a.csv").chmod(0o755)
    os.utime(tmp_path / "copy" / "a.csv", (1, 1))

    assert of(tmp_path / "copy").digest == of(data).digest


@pytest.mark.parametrize("change", ["content", "name", "more", "less", "link"])
def test_whatever_changes_in_a_directory_changes_its_digest(data: Path, change: str) -> None:
    before = of(data).digest

    match change:
        case "content":
            (data / "a.csv").write_text("1,3\n")
        case "name":
            (data / "a.csv").rename(data / "deep" / "a.csv")
        case "more":
            (data / "c.csv").touch()
        case "less":
            (data / "a.csv").unlink()
        case _:
            (data / "c.csv").symlink_to("a.csv")

    assert of(data).digest != before


def test_a_link_that_leads_out_is_not_followed_and_is_told(data: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("one")
    (data / "out").symlink_to(tmp_path / "secret")
    (data / "loop").symlink_to(".")
    before = of(data)

    (tmp_path / "secret").write_text("two")

    assert of(data) == before
    assert before.leading_out == 1


def test_a_file_that_did_not_change_is_not_read_again(data: Path, cache: Path) -> None:
    path = data / "deep" / "b.bin"
    of(path, cache)

    assert not read_again(path, cache)


@pytest.mark.parametrize("change", ["content", "times", "inode"])
def test_a_file_that_changed_is_read_again(data: Path, cache: Path, change: str) -> None:
    path = data / "deep" / "b.bin"
    of(path, cache)
    times = path.stat()

    match change:
        case "content":  # of the same size, and with its old time of change
            path.write_bytes(b"y" * len(BIG))
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        case "times":
            os.utime(path)
        case _:
            shutil.copy2(path, data / "other")
            (data / "other").replace(path)

    assert read_again(path, cache)
    assert of(path, cache).digest == f"sha256:{sha256(path.read_bytes()).hexdigest()}"


def test_a_file_that_is_as_young_as_the_clocks_tick_is_not_remembered(data: Path, tmp_path: Path) -> None:
    of(data, tmp_path / "cache")

    with sqlite3.connect(tmp_path / "cache" / "digests.db") as connection:
        assert connection.execute("SELECT count(*) FROM files").fetchone() == (0,)


def test_a_broken_memory_costs_time_only(data: Path, cache: Path) -> None:
    cache.mkdir()
    (cache / "digests.db").write_bytes(b"no database" * 1000)

    first, second = of(data, cache), of(data, cache)

    assert first == second == of(data)
    assert not read_again(data / "deep" / "b.bin", cache)


def test_many_bytes_are_read_in_threads_with_their_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "THREADED", 1)
    for number in range(20):
        (tmp_path / f"{number}").write_bytes(BIG + bytes([number]))
    told: list[str] = []
    progress = Progress(lambda event: told.append(event[1].doing) if isinstance(event, tuple) else None)

    with progress.phase("inputs") as phase:
        threaded = digest(tmp_path, cache=None, phase=phase)

    monkeypatch.setattr(digests, "THREADED", 1 << 40)
    assert threaded == of(tmp_path)
    assert any("of 1 MB" in text for text in told)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path, data: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(data / "pipe")

    for path in (tmp_path / "pipe", data):
        with pytest.raises(Unreadable, match="pipe is no file, but a pipe"):
            of(path)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="missing"):
        of(tmp_path / "missing")

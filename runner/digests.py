"""SHA-256 of files and directories: several files at a time, and what did not change since is remembered.

<cache>/digests.db    path, size, times, inode -> digest; gone or broken, all is read again

The digest of a directory is that of a list, sorted by path as bytes: for each file its relative path and the digest of its content, for
each link its path and where it points to. A link is never followed, so nothing outside counts; times, owners and permissions do not
count either, for they do not survive a copy.
"""

import hashlib
import os
import sqlite3
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from runner.errors import RunnerError
from runner.progress import Phase

PIECE = 1 << 20  # bytes read at once
REMEMBERED = 1 << 16  # bytes of a file from which on looking it up is faster than reading it
MOST = 1_000_000  # files remembered
THREADED = 1 << 24  # bytes from which on threads are worth their start
# A file may change twice within one tick of its clock: what is as young may do so still (2 s on FAT), and is not remembered.
GRAIN = 2_000_000_000
_SLICE = 0.2  # seconds after which a signal is heard

Mark: TypeAlias = tuple[int, int, int, int]  # size, times of change of content and inode, inode


class Unreadable(RunnerError):
    """Not all of it can be read, or it is neither file nor directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What is in a file or directory. `leading_out` counts links that lead out of the directory, so that what is there is not counted."""

    kind: Literal["file", "directory"]
    digest: str
    bytes: int
    files: int
    leading_out: int = 0


@dataclass(slots=True)
class _File:
    path: Path
    mark: Mark
    digest: str = ""
    known: bool = False
    sure: bool = False  # it did not change while it was read, and is old enough


def digest(path: Path, *, cache: Path | None, phase: Phase) -> Digest:
    """What is at `path`, a file or a directory; `cache` is the directory in which digests are remembered.

    Raises:
        Unreadable: it cannot be read, or changes while it is.
    """
    try:
        if not path.is_dir():
            file = _file(path, path.stat())
            _read_all([file], cache, phase)
            return Digest(kind="file", digest=f"sha256:{file.digest}", bytes=file.mark[0], files=1)
        return _directory(path, cache, phase)
    except OSError as error:
        raise Unreadable(f"{error.filename or path}: {error.strerror or error}") from error


def _directory(top: Path, cache: Path | None, phase: Phase) -> Digest:
    files: dict[bytes, _File] = {}
    links: dict[bytes, str] = {}
    for relative, entry in _walk(top):
        if entry.is_symlink():
            links[relative] = os.readlink(entry.path)  # noqa: PTH115 - as it is written
        else:
            files[relative] = _file(Path(entry.path), entry.stat(follow_symlinks=False))
    _read_all(list(files.values()), cache, phase)
    lines = {name: b"file " + file.digest.encode() for name, file in files.items()}
    lines |= {name: b"link " + os.fsencode(target) for name, target in links.items()}
    whole = hashlib.sha256(b"".join(b"%s\0%s\0" % (name, lines[name]) for name in sorted(lines)))
    return Digest(
        kind="directory",
        digest=f"sha256:{whole.hexdigest()}",
        bytes=sum(file.mark[0] for file in files.values()),
        files=len(files),
        leading_out=sum(_leads_out(top, name, target) for name, target in links.items()),
    )


def _walk(top: Path) -> Iterator[tuple[bytes, os.DirEntry[str]]]:
    """Files and links below a directory, with their relative paths."""
    waiting = deque([(str(top), b"")])
    while waiting:
        directory, prefix = waiting.popleft()
        with os.scandir(directory) as entries:
            for entry in entries:
                name = prefix + os.fsencode(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, name + b"/"))
                else:
                    yield name, entry


def _leads_out(top: Path, name: bytes, target: str) -> bool:
    real = os.path.realpath(top)
    place = os.path.realpath(os.path.join(real, os.fsdecode(os.path.dirname(name)), target))  # noqa: PTH118, PTH120
    return not (place + "/").startswith(real + "/")


def _file(path: Path, status: os.stat_result) -> _File:
    if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
        raise Unreadable(f"{path} is no file, but a {_kind(status.st_mode)}")
    return _File(path, _mark(status))


def _kind(mode: int) -> str:
    return "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"


def _mark(status: os.stat_result) -> Mark:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


# reading -------------------------------------------------------------------------------------------------------
def _read_all(files: list[_File], cache: Path | None, phase: Phase) -> None:
    big = [file for file in files if file.mark[0] >= REMEMBERED]
    memory = _Memory(cache / "digests.db") if cache is not None and big else None
    if memory is not None:
        memory.recall(big)
    reading = _Reading(deque(file for file in files if not file.known), phase)
    try:
        reading.run()
    finally:  # what was read of ten gigabytes before Ctrl-C need not be read again
        if memory is not None:
            memory.keep([file for file in big if file.sure])


@dataclass(slots=True)
class _Reading:
    """Threads that take the next file each, until there is none or one fails."""

    waiting: deque[_File]
    phase: Phase
    total: int = 0
    done: int = 0
    error: OSError | RunnerError | None = None
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        self.total = sum(file.mark[0] for file in self.waiting)
        if self.total < THREADED:
            self._work()
        else:
            self._in_threads(min(os.cpu_count() or 1, len(self.waiting), 8))
        if self.error is not None:
            raise self.error

    def _in_threads(self, count: int) -> None:
        threads = [
            threading.Thread(target=self._work, name=f"digest-{number}", daemon=True)
            for number in range(count)
        ]
        self._tell()
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(_SLICE)
                    self._tell()
        finally:
            self.stopped.set()

    def _tell(self) -> None:
        self.phase.update(f"read {self.done >> 20} of {self.total >> 20} MB")

    def _work(self) -> None:
        buffer = bytearray(PIECE)
        while not self.stopped.is_set():
            try:
                file = self.waiting.popleft()
            except IndexError:
                return
            try:
                self._read(file, memoryview(buffer))
            except (OSError, RunnerError) as error:
                self.error = error
                self.stopped.set()

    def _read(self, file: _File, buffer: memoryview) -> None:
        whole = hashlib.sha256()
        with file.path.open("rb", buffering=0) as opened:
            while not self.stopped.is_set() and (size := opened.readinto(buffer)):
                whole.update(buffer[:size])
                self.done += size
            after = _mark(os.fstat(opened.fileno()))
        if self.stopped.is_set():
            return
        if after[:2] != file.mark[:2]:
            raise Unreadable(f"{file.path} changed while it was read")
        file.digest = whole.hexdigest()
        file.sure = after == file.mark and max(after[1], after[2]) + GRAIN < time.time_ns()


# remembering ---------------------------------------------------------------------------------------------------
class _Memory:
    """A SQLite file, which several processes may use. It only saves time: whatever is wrong with it, files are read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self, files: list[_File]) -> None:
        """Fill in the digests of files that are as they were."""

        def ask(connection: sqlite3.Connection) -> None:
            for file in files:
                found = connection.execute(
                    "SELECT digest FROM files WHERE path = ? AND size = ? AND mtime = ? AND ctime = ? AND inode = ?",
                    (os.fsencode(file.path.absolute()), *file.mark),
                ).fetchone()
                if found:
                    file.digest, file.known = found[0], True

        self._with(ask)

    def keep(self, files: list[_File]) -> None:
        """Remember them; the oldest of too many are forgotten."""

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT OR REPLACE INTO files (path, size, mtime, ctime, inode, digest) VALUES (?, ?, ?, ?, ?, ?)",
                ((os.fsencode(file.path.absolute()), *file.mark, file.digest) for file in files),
            )
            connection.execute("DELETE FROM files WHERE rowid <= (SELECT max(rowid) FROM files) - ?", (MOST,))
            connection.commit()

        if files:
            self._with(write)

    def _with(self, work: Callable[[sqlite3.Connection], None]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=2)) as connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER,"
                    " inode INTEGER, digest TEXT)"
                )
                work(connection)
        except (
            sqlite3.OperationalError,
            OSError,
            OverflowError,
        ):  # busy, a full disk, numbers of an odd file system
            pass
        except sqlite3.DatabaseError:
            with suppress(OSError):
                self._path.unlink()

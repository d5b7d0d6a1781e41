"""Artifacts in a directory of this machine. obstore reads files by 8 KiB, a tenth as fast, so this is by hand."""

import errno
import os
import secrets
import shutil
import stat as modes
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from runner.errors import Conflict, NotFound, TrackingError
from runner.files import remove_tree
from runner.server.artifacts.files import PIECE, Content, Entry, Stat
from runner.server.errors import Malformed, NoRoom
from runner.tracking.artifacts import NUMBERED, contained

ASIDE = ".uploads"  # no experiment's directory: here a file grows until it is whole
STALE = 24 * 3600  # seconds after which an upload has surely broken off
SPARE = 64 * 1024 * 1024  # bytes that stay free: the store's database may lie on the same disk
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Directory:
    """See `files.Files`."""

    def __init__(self, root: Path) -> None:
        self.uri = root.as_uri()
        self._root = root
        self._aside = root / ASIDE
        with _told(str(root)):
            self._aside.mkdir(parents=True, exist_ok=True)
            for left in self._aside.iterdir():
                if left.stat().st_mtime < time.time() - STALE:
                    remove_tree(left)

    async def put(self, path: str, pieces: AsyncIterator[bytes], *, size: int | None = None) -> str:
        target = self._inside(path)
        if NUMBERED.search(path):
            raise Malformed(f"Invalid path {path!r}: names that end in # and a number are not possible here")
        self._check_room(size or 0)
        aside = self._aside / secrets.token_hex(16)
        with _told(path):
            try:
                with FileIO(aside, "xb") as file:
                    piece = await anext(pieces, b"")
                    while following := await anext(pieces, b""):
                        await run_in_threadpool(_write, file, piece)
                        piece = following
                    return await run_in_threadpool(_finish, file, piece, target)
            finally:
                aside.unlink(missing_ok=True)

    async def get(self, path: str, span: tuple[int, int] | None = None) -> Content:
        return await run_in_threadpool(self._get, path, span)

    async def stat(self, path: str) -> Stat:
        def stat() -> Stat:
            with self._open(path) as file:
                return _stat(os.fstat(file.fileno()))

        return await run_in_threadpool(stat)

    async def list(self, path: str) -> Sequence[Entry]:
        return await run_in_threadpool(self._list, path)

    async def delete(self, path: str) -> None:
        with _told(path):
            await run_in_threadpool(remove_tree, self._inside(path))

    async def signed(self, path: str) -> str | None:  # noqa: ARG002
        return None

    def _get(self, path: str, span: tuple[int, int] | None) -> Content:
        file = self._open(path)
        stat = _stat(os.fstat(file.fileno()))
        start, end = span or (0, stat.size)
        end = min(end, stat.size)
        file.seek(start)
        return Content(stat, start, end, _pieces(file, file.read(min(PIECE, end - start)), end - start))

    def _list(self, path: str) -> Sequence[Entry]:
        with _told(path):
            try:
                found = list(os.scandir(self._inside(path)))
            except (FileNotFoundError, NotADirectoryError):
                return []
        entries = (self._entry(item, path) for item in found)
        return sorted((entry for entry in entries if entry), key=lambda entry: entry.name)

    def _entry(self, item: "os.DirEntry[str]", path: str) -> Entry | None:
        """None for what is no artifact: a socket, a link that leads out."""
        with suppress(TrackingError, OSError):
            if item.is_symlink():
                self._inside(f"{path}/{item.name}")
            if item.is_dir():
                return Entry(item.name)
            if item.is_file():
                return Entry(item.name, item.stat().st_size)
        return None

    def _inside(self, path: str) -> Path:
        return contained(self._root, path)

    def _open(self, path: str) -> FileIO:
        """A regular file: opening a pipe would wait for somebody to write into it."""
        missing = NotFound(f"there is no artifact {path!r}")
        try:
            with _told(path):
                file = FileIO(self._inside(path), opener=_without_waiting)
        except Conflict as error:
            raise missing from error
        if not modes.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise missing
        return file

    def _check_room(self, size: int) -> None:
        free = shutil.disk_usage(self._root).free
        if size + SPARE > free:
            raise NoRoom(
                f"the disk of the artifacts has room for {max(free - SPARE, 0)} more bytes, not for {size}"
            )


async def _pieces(file: FileIO, first: bytes, size: int) -> AsyncIterator[bytes]:
    with file:
        piece = first
        while piece:
            size -= len(piece)
            yield piece
            piece = await run_in_threadpool(file.read, min(PIECE, size)) if size else b""


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _write(file: FileIO, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]


def _finish(file: FileIO, last: bytes, target: Path) -> str:
    """Write the last piece and put the file into its place; its etag. One turn in a thread: most artifacts are small."""
    _write(file, last)
    stat = _stat(os.fstat(file.fileno()))
    target.parent.mkdir(parents=True, exist_ok=True)
    Path(os.fsdecode(file.name)).replace(target)
    return stat.etag


def _stat(found: os.stat_result) -> Stat:
    etag = f'"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"'
    return Stat(found.st_size, etag, datetime.fromtimestamp(found.st_mtime, UTC))


@contextmanager
def _told(path: str) -> Iterator[None]:
    """The system's errors in our words."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"there is no artifact {path!r}") from error
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
        raise Conflict(
            f"artifact {path!r}: a file stands where a directory should be, or the reverse"
        ) from error
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom("the disk of the artifacts is full") from error
        raise TrackingError(f"artifact {path!r}: {error.strerror}") from error

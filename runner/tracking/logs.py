"""The output of a run: exact bytes, and when each piece came.

stdout.txt, stderr.txt    the bytes as the program wrote them
index.tsv                 a line for each piece: milliseconds since the epoch, stream, number of bytes
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Literal, TypeAlias

from msgspec import Struct

from runner.files import remove_tree
from runner.tracking.clock import now
from runner.tracking.opened import ArtifactStore

Stream: TypeAlias = Literal["stdout", "stderr"]
STREAMS: tuple[Stream, ...] = ("stdout", "stderr")
INDEX = "index.tsv"
PAUSE = 0.1  # seconds between two looks while following
DIGITS = 15  # of a number in the index; more are no time and no size


class Chunk(Struct, frozen=True):
    """A piece of output. `time` in milliseconds since the epoch."""

    time: int
    stream: Stream
    data: bytes


class LogWriter:
    """Writes the three files; several threads may call `write`.

    `failure` is why it has stopped writing: a full disk ends the recording of the output, not the program.
    """

    def __init__(self, directory: Path) -> None:
        self.failure: OSError | None = None
        self._lock = threading.Lock()
        self._index = (directory / INDEX).open("ab", buffering=0)
        self._files: dict[Stream, IO[bytes]] = {
            stream: (directory / f"{stream}.txt").open("ab", buffering=0) for stream in STREAMS
        }

    def write(self, stream: Stream, data: bytes) -> None:
        """Append a piece of output. The bytes go first, so that the index never promises what is not there."""
        with self._lock:
            if self._index.closed or self.failure is not None:
                return
            try:
                _write(self._files[stream], data)
                _write(self._index, f"{now()}\t{stream}\t{len(data)}\n".encode())
            except OSError as error:
                self.failure = error

    def close(self) -> None:
        """Close the files; later writes are dropped."""
        with self._lock:
            for file in (self._index, *self._files.values()):
                file.close()


def read(directory: Path) -> Iterator[Chunk]:
    """All pieces in the order in which they came."""
    return follow(directory, lambda: True)


def follow(directory: Path, ended: Callable[[], bool]) -> Iterator[Chunk]:
    """The pieces as they come, until `ended()` says that there will be no more; none if there is no such directory."""
    with ExitStack() as stack:
        index = _awaited(stack, directory, ended)
        files = {stream: _open(stack, directory / f"{stream}.txt") for stream in STREAMS}
        rest = b""
        while index is not None:
            over = ended()  # asked before reading: what is written until then is read
            rest += index.read()
            *lines, rest = rest.split(b"\n")
            for line in lines:
                yield from _chunk(line, files)
            if over:
                yield from _untold(files)
                return
            time.sleep(PAUSE)


def salvage(live: Path, artifacts: ArtifactStore) -> None:
    """Make artifacts of the output that a lost run has left in its live directory, and remove the directory.

    Several processes may do so at once: each keeps what it finds, and what is gone another one has kept.

    Raises:
        TrackingError, OSError: something cannot be kept; then all of the directory stays.
    """
    for name in (*(f"{stream}.txt" for stream in STREAMS), INDEX):
        with suppress(FileNotFoundError):
            if (live / name).stat().st_size or name == INDEX:
                artifacts.put_file(live / name, f"logs/{name}")
    remove_tree(live)


def _write(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _awaited(stack: ExitStack, directory: Path, ended: Callable[[], bool]) -> IO[bytes] | None:
    """The index, which a run that has just begun is about to make."""
    while (index := _open(stack, directory / INDEX)) is None and directory.is_dir() and not ended():
        time.sleep(PAUSE)
    return index


def _untold(files: dict[Stream, IO[bytes] | None]) -> Iterator[Chunk]:
    """What a writer wrote and was killed before it could tell of it in the index."""
    for stream, file in files.items():
        if file is not None and (data := file.read()):
            yield Chunk(int(os.fstat(file.fileno()).st_mtime * 1000), stream, data)


def _open(stack: ExitStack, path: Path) -> IO[bytes] | None:
    try:
        return stack.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None


def _chunk(line: bytes, files: dict[Stream, IO[bytes] | None]) -> Iterator[Chunk]:
    """The piece that a line of the index tells of; a line that cannot be read, or promises too much, is passed over."""
    match line.decode(errors="replace").split("\t"):
        case [at, ("stdout" | "stderr") as stream, size] if _plain(at) and _plain(size):
            file = files[stream]
            data = file.read(min(int(size), _left(file))) if file is not None else b""
            if data:
                yield Chunk(int(at), stream, data)


def _plain(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < DIGITS


def _left(file: IO[bytes]) -> int:
    return max(0, os.fstat(file.fileno()).st_size - file.tell())

"""What a build tells: while it goes on in the file of its lock, afterwards beside the marker of what it has made.

cache/envs/<key>.lock             who holds it writes there how far it is
cache/envs/<key>/.build.log       the same, of a build that ended well
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from runner.progress import Phase

LOG = ".build.log"
MOST = 100_000  # bytes
BEGUN = "begun "


class BuildLog(Struct):
    """Lines, each behind the seconds since the beginning; the first one says when that was."""

    descriptor: int
    begun: float
    room: int = MOST

    def write(self, line: str) -> None:
        """A line that a tool has printed, or we."""
        data = f"{time.time() - self.begun:7.2f} s  {line}\n".encode(errors="replace")
        if self.room <= 0:
            return
        self.room -= len(data)
        self.add(data if self.room > 0 else b"more was not kept\n")

    def keep(self, prefix: Path) -> None:
        """Put it beside the marker. A build does not fail for its log."""
        with suppress(OSError):
            os.lseek(self.descriptor, 0, os.SEEK_SET)
            (prefix / LOG).write_bytes(os.read(self.descriptor, 2 * MOST))

    def add(self, data: bytes) -> None:
        """As it is."""
        with suppress(OSError):
            os.write(self.descriptor, data)


@contextmanager
def kept(phase: Phase, turn: int) -> Iterator[BuildLog]:
    """What is heard in the block goes into the lock file whose descriptor is `turn`; it is empty again afterwards."""
    log = BuildLog(turn, time.time())
    _empty(turn)
    log.add(f"{BEGUN}{log.begun:.3f}\n".encode())
    phase.heard = log.write
    try:
        yield log
    finally:
        phase.heard = None
        log.room = 0  # a tool's lines may still be read after Ctrl-C, when another file has the descriptor
        _empty(turn)


def read(file: Path) -> tuple[float | None, list[str]]:
    """When a build began, in seconds since the epoch, and its lines; None and nothing where there is no log."""
    try:
        with file.open("rb") as stream:
            first, *lines = stream.read(2 * MOST).decode(errors="replace").splitlines()
        return float(first.removeprefix(BEGUN)), lines
    except (OSError, ValueError):
        return None, []


def _empty(descriptor: int) -> None:
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)

"""The index of a run's output (see tracking/logs.py): in which order the bytes of both streams came, and when.

A line of it may tell of a few bytes or of gigabytes, and there may be ten million of them. So nobody reads all of it who need not:

Mark         a place in the index, and how much of each stream lies before it
Milestones   marks every `BLOCK` bytes of an index, made as far as somebody asks, and kept
block        what is told between two places: a few thousand pieces
"""

import io
import re
import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import NamedTuple, Protocol, cast

from runner.tracking.logs import DIGITS, STREAMS, Stream

BLOCK = 256 * 1024  # bytes of an index
PIECE = re.compile(
    rb"^([0-9]{1,%d})\t(stdout|stderr)\t([0-9]{1,%d})$" % (DIGITS - 1, DIGITS - 1), re.MULTILINE
)
SIZES = tuple(
    re.compile(rb"^[0-9]{1,%d}\t%s\t([0-9]{1,%d})$" % (DIGITS - 1, stream.encode(), DIGITS - 1), re.MULTILINE)
    for stream in STREAMS
)


class File(Protocol):
    """What is read: a file here, or an object somewhere else."""

    def read(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


class Position(NamedTuple):
    """Bytes of each stream that lie before."""

    stdout: int
    stderr: int

    def __str__(self) -> str:
        return f"{self.stdout}.{self.stderr}"

    def of(self, stream: Stream) -> int:
        return self.stdout if stream == "stdout" else self.stderr

    def moved(self, stream: Stream, to: int) -> "Position":
        return Position(to, self.stderr) if stream == "stdout" else Position(self.stdout, to)

    def covers(self, other: "Position") -> bool:
        """Whether nothing of the other one lies behind."""
        return self.stdout >= other.stdout and self.stderr >= other.stderr


START = Position(0, 0)


def position(text: str) -> Position:
    """The position that was written so."""
    stdout, _, stderr = text.partition(".")
    return Position(int(stdout), int(stderr))


class Told(NamedTuple):
    """A line of the index."""

    time: int
    stream: Stream
    size: int


class Mark(NamedTuple):
    """A place in the index, and how much of each stream lies before it: from there on a position is found without the rest."""

    read: int
    passed: Position


BEGINNING = Mark(0, START)


class Piece(NamedTuple):
    """Bytes of a stream that came at once, from `start` up to `end`; `at` is the position before them."""

    time: int
    stream: Stream
    at: Position
    end: int

    @property
    def start(self) -> int:
        return self.at.of(self.stream)


def index(file: Iterable[bytes]) -> Iterator[Told]:
    """The lines of an index; those that cannot be read are passed over."""
    return (told for line in file if (told := parsed(line.removesuffix(b"\n"))))


def parsed(line: bytes) -> Told | None:
    """One line."""
    found = PIECE.match(line)
    if found is None:
        return None
    return Told(int(found[1]), cast("Stream", found[2].decode()), int(found[3]))


def block(file: File, mark: Mark, size: int = BLOCK) -> tuple[list[Piece], Mark]:
    """What an index tells from a mark on, in whole lines; the mark behind it."""
    data = _lines(file, mark.read, size)
    at, found = mark.passed, []
    for time, name, length in PIECE.findall(data):
        stream: Stream = "stdout" if name == b"stdout" else "stderr"
        piece = Piece(int(time), stream, at, at.of(stream) + int(length))
        found.append(piece)
        at = at.moved(stream, piece.end)
    return found, Mark(mark.read + len(data), at)


def behind(file: File, mark: Mark, size: int = BLOCK) -> Mark:
    """The mark behind what an index tells from a mark on, in whole lines; the same one at its end."""
    data = _lines(file, mark.read, size)
    passed = Position(*(before + told for before, told in zip(mark.passed, _sums(data), strict=True)))
    return Mark(mark.read + len(data), passed)


def block_before(file: File, mark: Mark) -> tuple[list[Piece], Mark]:
    """What an index tells up to a mark; the mark before it."""
    begin = max(0, mark.read - BLOCK)
    file.seek(begin)
    data = file.read(mark.read - begin)
    if begin > 0:  # not within a line
        torn = data.find(b"\n") + 1
        begin, data = begin + torn, data[torn:]
    before = Position(*(passed - size for passed, size in zip(mark.passed, _sums(data), strict=True)))
    start = Mark(begin, before)
    return block(file, start, mark.read - begin)[0], start


def end_of(file: File) -> int:
    """Where the last whole line of an index ends."""
    size = file.seek(0, io.SEEK_END)
    begin = max(0, size - BLOCK)
    return begin + len(_lines(file, begin, size - begin))


def _lines(file: File, begin: int, size: int) -> bytes:
    file.seek(begin)
    data = file.read(size)
    return data[: data.rfind(b"\n") + 1]


def _sums(data: bytes) -> tuple[int, ...]:
    return tuple(sum(map(int, sizes.findall(data))) for sizes in SIZES)


class Milestones:
    """Marks of one index, which grows at its end."""

    def __init__(self) -> None:
        self._marks = [BEGINNING]
        self._lock = threading.Lock()

    def reach(self, file: File, enough: Callable[[Mark], bool], until: float) -> bool:
        """Make more of them until one is enough, or the index ends; False: it is `until` (of `monotonic`) already."""
        with self._lock:
            while not enough(self._marks[-1]):
                if monotonic() > until:
                    return False
                if not self._more(file):
                    break
        return True

    @property
    def last(self) -> Mark:
        return self._marks[-1]

    def before(self, is_behind: Callable[[Mark], bool]) -> Mark:
        """The last mark that is not behind what is looked for; reach it first."""
        return self._marks[max(0, bisect_left(self._marks, x=True, key=is_behind) - 1)]

    def _more(self, file: File) -> bool:
        last = self._marks[-1]
        if (mark := behind(file, last)) == last:
            return False
        self._marks.append(mark)
        return True


class Marks:
    """Where in their indexes the last positions were: who reads a long output piece by piece would look for each of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._marks: OrderedDict[tuple[str, Position], Mark] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, run_id: str, at: Position) -> Mark | None:
        with self._lock:
            return BEGINNING if at == START else self._marks.get((run_id, at))

    def keep(self, run_id: str, at: Position, mark: Mark) -> None:
        if not at.covers(mark.passed):  # what lies between would be lost
            return
        with self._lock:
            self._marks[run_id, at] = mark
            while len(self._marks) > self._most:
                self._marks.popitem(last=False)

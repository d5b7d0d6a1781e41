"""What a run printed, from any position on: its files are read while they grow, or when they are artifacts.

A position says how many bytes of each stream lie before it, so that reading goes on exactly there, in another process too.
Lines come in the order of the index (indexed.py). backwards.py reads towards the beginning, finding.py searches.
"""

import codecs
import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import NamedTuple, Self

from runner.server.native.output.counting import Files, Ledgers
from runner.server.native.output.files import files_of
from runner.server.native.output.indexed import BEGINNING, Mark, Marks, Position, Told, parsed
from runner.server.places import Places
from runner.tracking.logs import INDEX, STREAMS, Stream
from runner.tracking.model import Run

LARGEST = 1024 * 1024  # bytes of what is told at once, and a piece
TOGETHER = 20  # milliseconds between pieces that are told as one
PATIENCE = 2.0  # seconds in which a place in a long index is looked for; without it all of the index is read
PIECE = 256 * 1024  # bytes read at once, and of the longest piece of a line


class Line(NamedTuple):
    """A line with its end, or a piece of one; `offset` is that of its first byte in its stream."""

    stream: Stream
    time: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Until:
    """Until which offset bytes of a stream came by then."""

    time: int
    stream: Stream
    end: int


class Output:
    """The output from `at` on. `lines` may be asked again, and left at any line: `position` is behind the last one given.

    `mark` is a place in the index before that position. Nothing is given that lies behind `until`. `late`: the index tells of so little
    that the time was over first.
    """

    def __init__(
        self, files: Files, at: Position, mark: Mark = BEGINNING, until: Position | None = None
    ) -> None:
        self.mark = mark
        self.late = False
        self._deadline = math.inf
        self._files = files
        self._until_there = until
        self._at: dict[Stream, int] = dict(zip(STREAMS, at, strict=True))
        self._passed: dict[Stream, int] = dict(zip(STREAMS, mark.passed, strict=True))
        self._index: list[bytes] = []
        self._rest = b""
        self._read = self._next_line = mark.read
        self._told: _Until | None = None
        self._time = 0

    @property
    def position(self) -> Position:
        return Position(*(self._at[stream] for stream in STREAMS))

    def lines(self, *, ended: bool, deadline: float = math.inf) -> Iterator[Line]:
        """What is there by now; `ended`: nothing will be added, so that the rest is given as well."""
        self._deadline, self.late = deadline, False
        while (told := self._told or self._next()) is not None:
            self._told = told
            yield from self._until(told)
            if self._until_there and self.position.covers(self._until_there):
                return
            self._told = None
        # What came before a killed writer could tell of it:
        for stream in STREAMS if ended and not self.late else ():
            yield from self._until(_Until(self._time, stream, 2**63), whole=True)

    def _until(self, told: _Until, *, whole: bool = False) -> Iterator[Line]:
        stream = told.stream
        end = min(told.end, self._until_there.of(stream)) if self._until_there else told.end
        while (wanted := min(end - self._at[stream], PIECE)) > 0:
            offset = self._at[stream]
            data = self._data(stream, offset, wanted)
            if not (whole and len(data) < wanted):
                data = _characters(data)
            if not data:
                return
            for line in _lines(data):
                self._at[stream] = offset + len(line)
                yield Line(stream, told.time, offset, line)
                offset += len(line)

    def _data(self, stream: Stream, offset: int, size: int) -> bytes:
        file = self._files.get(f"{stream}.txt")
        if file is None:
            return b""
        file.seek(offset)
        return file.read(size)

    def _next(self) -> _Until | None:
        """The next line of the index that can be read."""
        while self._index or self._more():
            self.late = monotonic() > self._deadline
            if self.late:
                return None
            if not self._index:
                continue
            self.mark = Mark(self._next_line, Position(*self._passed.values()))
            if told := parsed(self._pop()):
                self._time = told.time
                self._passed[told.stream] += told.size
                while self._index and (more := parsed(self._index[-1])) and _together(told, more):
                    self._pop()
                    self._passed[told.stream] += more.size
                return _Until(told.time, told.stream, self._passed[told.stream])
        return None

    def _pop(self) -> bytes:
        line = self._index.pop()
        self._next_line += len(line) + 1
        return line

    def _more(self) -> bool:
        """Read on; False at the end. A line without an end is none: it is passed over, and what comes of it later cannot be read."""
        file = self._files[INDEX]
        file.seek(self._read)
        data = file.read(PIECE)
        self._read += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._index = lines[::-1]
        if not lines and len(self._rest) > PIECE:
            self._next_line += len(self._rest) - 1
            self._rest = b"-"
        return bool(data)


MARKS = Marks(1000)
LEDGERS = Ledgers(64)


class Opened:
    """The output of a run, wherever it is now. `output` is None as long as there is none."""

    def __init__(self, home: Path, known: Places, at: Position) -> None:
        self.at = at
        self._home, self._known = home, known
        self._stack = ExitStack()
        self._output: Output | None = None

    def read(self, run: Run, *, ended: bool, most: int) -> tuple[list[Line], bool]:
        """At most so many lines (or `LARGEST` bytes) as are there in `PATIENCE` seconds, and whether they are the last.

        `ended`: the run had ended before we were asked. No lines at all: there are no more by now.
        """
        if self._output is None:
            files = files_of(self._stack, self._home, self._known, run, ended=ended)
            self._output = Output(files, self.at, mark_of(files, run.id, self.at)) if files else None
        if self._output is None:
            return [], ended
        found: list[Line] = []
        size, full = 0, False
        for line in self._output.lines(ended=ended, deadline=monotonic() + PATIENCE):
            found.append(line)
            size += len(line.data)
            if full := len(found) == most or size >= LARGEST:
                break
        self.at = self._output.position
        MARKS.keep(run.id, self.at, self._output.mark)
        return found, ended and not full and not self._output.late

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def mark_of(files: Files, run_id: str, at: Position) -> Mark:
    """A place in the index before a position: where it was left, or else looked for."""
    if (known := MARKS.get(run_id, at)) is not None:
        return known
    milestones = LEDGERS.of(run_id).milestones

    def is_behind(mark: Mark) -> bool:
        return not at.covers(mark.passed)

    milestones.reach(files[INDEX], is_behind, monotonic() + PATIENCE)
    return milestones.before(is_behind)


def _lines(data: bytes) -> list[bytes]:
    """Lines end in a line feed alone: a carriage return belongs to a progress bar."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _characters(data: bytes) -> bytes:
    """Without the beginning of a character whose rest has not come yet."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(data)
    except UnicodeDecodeError:
        return data
    return data[: len(data) - len(decoder.getstate()[0])]


def _together(one: Told, other: Told) -> bool:
    """Pieces of one `print`, as a program writes them that does not buffer."""
    return one.stream == other.stream and 0 <= other.time - one.time <= TOGETHER

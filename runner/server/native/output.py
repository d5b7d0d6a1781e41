"""What a run printed, from any position on: its files are read while they grow, or when they are artifacts.

A position says how many bytes of each stream lie before it, so that reading goes on exactly there, in another process too.
Lines come in the order of the index (see tracking/logs.py).
"""

import codecs
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from runner.server.native.files import opened
from runner.tracking.artifacts import Artifacts
from runner.tracking.logs import DIGITS, INDEX, STREAMS, Stream
from runner.tracking.model import Run

LARGEST = 1024 * 1024  # bytes of what is told at once, and a piece
TOGETHER = 20  # milliseconds between pieces that are told as one
FILES = frozenset(f"logs/{name}" for name in (INDEX, *(f"{stream}.txt" for stream in STREAMS)))
PIECE = 256 * 1024  # bytes read at once, and of the longest piece of a line


class Position(NamedTuple):
    """Bytes of each stream that lie before."""

    stdout: int
    stderr: int

    def __str__(self) -> str:
        return f"{self.stdout}.{self.stderr}"


START = Position(0, 0)


def position(text: str) -> Position:
    """The position that was written so."""
    stdout, _, stderr = text.partition(".")
    return Position(int(stdout), int(stderr))


class File(Protocol):
    """What is read: a file here, or an object somewhere else."""

    def read(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> object: ...


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


class Output:
    """The output from `at` on. `lines` may be asked again, and left at any line: `position` is behind the last one given.

    `mark` is a place in the index before that position.
    """

    def __init__(self, files: Mapping[str, File], at: Position, mark: Mark = BEGINNING) -> None:
        self.mark = mark
        self._files = files
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

    def lines(self, *, ended: bool) -> Iterator[Line]:
        """What is there by now; `ended`: nothing will be added, so that the rest is given as well."""
        while (told := self._told or self._next()) is not None:
            self._told = told
            yield from self._until(told)
            self._told = None
        for stream in STREAMS if ended else ():  # what came before a killed writer could tell of it
            yield from self._until(_Until(self._time, stream, 2**63), whole=True)

    def _until(self, told: _Until, *, whole: bool = False) -> Iterator[Line]:
        stream = told.stream
        while (wanted := min(told.end - self._at[stream], PIECE)) > 0:
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
        return bytes(file.read(size))

    def _next(self) -> _Until | None:
        """The next line of the index that can be read."""
        while self._index or self._more():
            self.mark = Mark(self._next_line, Position(*self._passed.values()))
            if told := _parsed(self._pop()):
                self._time = told.time
                self._passed[told.stream] += told.size
                while self._index and (more := _parsed(self._index[-1])) and _together(told, more):
                    self._pop()
                    self._passed[told.stream] += more.size
                return _Until(told.time, told.stream, self._passed[told.stream])
        return None

    def _pop(self) -> bytes:
        line = self._index.pop()
        self._next_line += len(line) + 1
        return line

    def _more(self) -> bool:
        file = self._files[INDEX]
        file.seek(self._read)
        data = bytes(file.read(PIECE))
        self._read += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._index = lines[::-1]
        return bool(lines) or (bool(data) and self._more())


class Marks:
    """Where in their indexes the last positions were: who reads a long output piece by piece would read its index each time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._marks: OrderedDict[tuple[str, Position], Mark] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, run_id: str, at: Position) -> Mark:
        with self._lock:
            return self._marks.get((run_id, at), BEGINNING)

    def keep(self, run_id: str, at: Position, mark: Mark) -> None:
        with self._lock:
            self._marks[run_id, at] = mark
            while len(self._marks) > self._most:
                self._marks.popitem(last=False)


MARKS = Marks(1000)


class Opened:
    """The output of a run, wherever it is now. `output` is None as long as there is none."""

    def __init__(self, home: Path, at: Position) -> None:
        self.at = at
        self._home = home
        self._stack = ExitStack()
        self._output: Output | None = None

    def read(self, run: Run, *, ended: bool, most: int) -> tuple[list[Line], bool]:
        """At most so many lines (or `LARGEST` bytes), and whether they are the last.

        `ended`: the run had ended before we were asked. No lines at all: there are no more by now.
        """
        if self._output is None and (files := self._files(run, ended=ended)):
            self._output = Output(files, self.at, MARKS.get(run.id, self.at))
        if self._output is None:
            return [], ended
        found: list[Line] = []
        size, full = 0, False
        for line in self._output.lines(ended=ended):
            found.append(line)
            size += len(line.data)
            if full := len(found) == most or size >= LARGEST:
                break
        self.at = self._output.position
        MARKS.keep(run.id, self.at, self._output.mark)
        return found, ended and not full

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _files(self, run: Run, *, ended: bool) -> Mapping[str, File]:
        for place in places(self._home, run.id):
            if found := self._local(place):
                return found
        return self._kept(Artifacts(run.artifact_uri)) if ended else {}

    def _local(self, place: Path) -> Mapping[str, File]:
        try:
            return {
                name: self._stack.enter_context((place / name).open("rb"))
                for name in (INDEX, *(f"{stream}.txt" for stream in STREAMS))
            }
        except FileNotFoundError:  # not yet, or no longer: then it is an artifact
            return {}

    def _kept(self, artifacts: Artifacts) -> Mapping[str, File]:
        names = [item.path for item in artifacts.list("logs")]
        if f"logs/{INDEX}" not in names:
            return {}
        return {
            Path(name).name: self._stack.enter_context(opened(artifacts, name))
            for name in names
            if name in FILES
        }


def places(home: Path, run_id: str) -> Sequence[Path]:
    """Where the output of a run may grow: it runs on this machine, or on another one."""
    return (home / "live" / run_id, home / "received" / run_id) if plain(run_id) else ()


def plain(run_id: str) -> bool:
    """Whether an id may be a file's name: those that somebody brought along may be anything."""
    return re.fullmatch("[A-Za-z0-9_-]{1,256}", run_id) is not None


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


def index(file: Iterable[bytes]) -> Iterator[Told]:
    """The lines of an index; those that cannot be read are passed over."""
    return (told for line in file if (told := _parsed(line.removesuffix(b"\n"))))


def _parsed(line: bytes) -> Told | None:
    match line.decode(errors="replace").split("\t"):
        case [at, ("stdout" | "stderr") as stream, size] if _is_number(at) and _is_number(size):
            return Told(int(at), stream, int(size))
    return None


def _together(one: Told, other: Told) -> bool:
    """Pieces of one `print`, as a program writes them that does not buffer."""
    return one.stream == other.stream and 0 <= other.time - one.time <= TOGETHER


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < DIGITS

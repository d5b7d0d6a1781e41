"""Lines of an output that say something, however long it is. A search looks for a while and says how far it came: who wants more asks again."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import monotonic
from typing import NamedTuple

from runner.server.native.output.backwards import rest
from runner.server.native.output.counting import Files, sizes_of
from runner.server.native.output.indexed import File, Mark, Piece, Position, behind, block
from runner.tracking.logs import INDEX, Stream

SPAN = 1024 * 1024  # bytes of each stream that are searched at once
SHOWN = 500  # bytes of a line that are told
LONGEST = 4 * SPAN  # bytes of a line that is held to see its end
ESCAPES = re.compile(rb"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
WORDS = (
    b"error",
    b"exception",
    b"traceback",
    b"fatal",
    b"panic",
    b"fault",
    b"core dumped",
    b"killed",
    b"out of memory",
)
ERROR = re.compile(
    rb"(error|exception)\b|\b(traceback|fatal|panic|segmentation fault|core dumped|killed|out of memory)\b",
    re.IGNORECASE,
)
MILDER = re.compile(rb"\b(0 errors?|no errors?|error rate)\b", re.IGNORECASE)

Fits = Callable[[bytes], bool]  # whether a line, as a terminal shows it, is one of those that are looked for
Maybe = Callable[[bytes], bool]  # whether there may be one among many lines
Streams = Sequence[Stream]


class Match(NamedTuple):
    """A line; `at` is the position before it."""

    stream: Stream
    time: int
    at: Position
    data: bytes


def saying(text: str) -> tuple[Fits, Maybe]:
    """Lines that hold a text; small and large letters of English are the same."""
    wanted = text.encode().lower()
    return (lambda line: wanted in line.lower()), (lambda data: wanted in data.lower())


def errors() -> tuple[Fits, Maybe]:
    """Lines that tell of an error."""

    def maybe(data: bytes) -> bool:
        small = data.lower()
        return any(word in small for word in WORDS)

    return (lambda line: ERROR.search(line) is not None and MILDER.search(line) is None), maybe


class Span(NamedTuple):
    """A part of an output: its pieces, which few ask for, the position behind it, and a place in the index before it."""

    pieces: Callable[[], Sequence[Piece]]
    end: Position
    mark: Mark


class Search:
    """From a position on, with a place in the index before it; `at` is behind what was looked at.

    A line that has not ended yet is looked at when it has, or when the output has `ended`.
    """

    def __init__(
        self, files: Files, at: Position, mark: Mark, looked_for: tuple[Fits, Maybe], *, ended: bool
    ) -> None:
        self.at, self.mark = at, mark
        self._files = files
        self._fits, self._maybe = looked_for
        self._ended = ended

    def run(self, streams: Streams, *, most: int, until: float) -> tuple[list[Match], bool]:
        """At most so many matches in their order, and whether there are no more by now."""
        found: list[Match] = []
        for span in _spans(self._files, self.at, self.mark, ended=self._ended):
            self.mark = span.mark
            found += self._span(streams, span, last=False)
            if len(found) >= most or monotonic() > until:
                return self._kept(found, most), False
        if self._ended:  # lines that never end
            found += self._span(streams, Span(list, sizes_of(self._files), self.mark), last=True)
        return self._kept(found, most), len(found) <= most

    def _kept(self, found: list[Match], most: int) -> list[Match]:
        """The first of them; we go on at those that are too many."""
        for match in found[most:]:
            if match.at.of(match.stream) < self.at.of(match.stream):
                self.at = self.at.moved(match.stream, match.at.of(match.stream))
        return found[:most]

    def _span(self, streams: Streams, span: Span, *, last: bool) -> list[Match]:
        found: list[Match] = []
        for stream in streams:
            offset = self.at.of(stream)
            data = self._read(stream, offset, span.end.of(stream), whole=last)
            lines = list(self._lines(data))
            own = [piece for piece in span.pieces() if piece.stream == stream] if lines else []
            found += (_match(stream, offset + at, line, own, span.end) for at, line in lines)
            self.at = self.at.moved(stream, offset + len(data))
        return sorted(found, key=lambda match: sum(match.at))

    def _read(self, stream: Stream, begin: int, end: int, *, whole: bool) -> bytes:
        file = self._files.get(f"{stream}.txt")
        if file is None or end <= begin:
            return b""
        file.seek(begin)
        data = file.read(min(end - begin, LONGEST))
        return data if whole or len(data) == LONGEST else data[: data.rfind(b"\n") + 1]

    def _lines(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that are looked for, and where they are."""
        if not self._maybe(ESCAPES.sub(b"", data) if b"\x1b" in data else data):
            return
        place = 0
        for line in data.split(b"\n"):
            if self._fits(_shown(line)):
                yield place, line
            place += len(line) + 1


def _spans(files: Files, at: Position, mark: Mark, *, ended: bool) -> Iterator[Span]:
    """About `SPAN` bytes after the other, in the order in which they came."""
    index = files[INDEX]
    while (after := behind(index, mark)) != mark:
        if sum(after.passed) - sum(mark.passed) <= 2 * SPAN:
            yield Span(partial(_pieces, index, mark), after.passed, mark)
        else:
            yield from _parts(_pieces(index, mark), at, after.passed, mark)
        mark = after
    if ended:
        whole = sizes_of(files)
        yield from _parts(list(rest(mark.passed, whole, 0)), at, whole, mark)


def _parts(pieces: Sequence[Piece], at: Position, end: Position, mark: Mark) -> Iterator[Span]:
    first, room = 0, SPAN
    for number, piece in enumerate(pieces):
        begin = max(piece.start, at.of(piece.stream))
        while begin < piece.end:
            taken = min(room, piece.end - begin)
            begin, room = begin + taken, room - taken
            if room == 0:
                here = pieces[first : number + 1]
                yield Span(partial(list, here), piece.at.moved(piece.stream, begin), mark)
                first, room = number, SPAN
    yield Span(partial(list, pieces[first:]), end, mark)


def _pieces(index: File, mark: Mark) -> Sequence[Piece]:
    return block(index, mark)[0]


def _match(stream: Stream, offset: int, line: bytes, pieces: Sequence[Piece], end: Position) -> Match:
    place = bisect_right(pieces, offset, key=lambda piece: piece.end)
    if place == len(pieces):
        return Match(stream, pieces[-1].time if pieces else 0, end.moved(stream, offset), line)
    return Match(stream, pieces[place].time, pieces[place].at.moved(stream, offset), line)


def _shown(line: bytes) -> bytes:
    """A line as it is left on a terminal: without colours, and without what was written over."""
    if b"\r" in line:
        line = line.removesuffix(b"\r").rpartition(b"\r")[2]
    return ESCAPES.sub(b"", line) if b"\x1b" in line else line

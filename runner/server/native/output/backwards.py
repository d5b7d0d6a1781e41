"""The lines before a position: found from the end of the index towards its beginning, and read forwards from there.

So the end of an output of any length is there at once.
"""

from collections.abc import Iterator
from time import monotonic
from typing import NamedTuple

from runner.server.native.output.counting import Files, Ledger, sizes_of
from runner.server.native.output.indexed import File, Mark, Piece, Position, block, block_before, end_of
from runner.server.native.output.reading import PATIENCE, Line, Output
from runner.tracking.logs import INDEX, STREAMS

WINDOW = 512 * 1024  # bytes that are told at once, and a line
CHUNK = 64 * 1024  # bytes read at once
LONGEST = 256 * 1024  # bytes of a line whose beginning is looked for
BRIEF = 0.1  # seconds in which the end of an index is looked for exactly


class Before(NamedTuple):
    """Lines, the positions before and behind them, and places in the index before these positions."""

    lines: list[Line]
    start: Position
    end: Position
    start_mark: Mark
    end_mark: Mark


def end(files: Files, ledger: Ledger, *, ended: bool) -> tuple[Mark, Position]:
    """The end of the index, and the position behind all that is there.

    Of an index that is too long to be read at once it is taken as given that it tells of all bytes. If it does not, for a writer was
    killed between two of its files, a few bytes of one stream stand before those of the other that came earlier.
    """
    exact = ledger.milestones.reach(files[INDEX], lambda _: False, monotonic() + BRIEF)
    last = ledger.milestones.last
    if exact and not ended:
        return last, last.passed
    sizes = sizes_of(files)
    return (last if exact else Mark(end_of(files[INDEX]), sizes)), sizes


def before(files: Files, at: Position, mark: Mark, *, most: int, ended: bool) -> Before:
    """About so many lines before a position; `mark` is a place in the index before it, or the end of the index.

    Where an index tells of next to nothing, the answer is what was found in `PATIENCE` seconds.
    """
    deadline = monotonic() + PATIENCE
    pieces, first = _around(files[INDEX], at, mark, deadline)
    start, place = _start(files, at, pieces, first, most=most, deadline=deadline)
    start = Position(*(line_start(files.get(f"{stream}.txt"), start.of(stream)) for stream in STREAMS))
    while place.read > 0 and not start.covers(place.passed) and monotonic() < deadline:
        _, place = block_before(files[INDEX], place)
    output = Output(files, start, place, at)
    lines = list(output.lines(ended=ended, deadline=deadline + PATIENCE))
    behind = output.position
    return Before(lines, start, behind, place, output.mark if behind.covers(output.mark.passed) else place)


def _around(index: File, at: Position, mark: Mark, deadline: float) -> tuple[list[Piece], Mark]:
    """What is told last from a mark up to a position, what nobody told of included, and the mark before that."""
    pieces, behind = block(index, mark)
    while behind != mark and not behind.passed.covers(at) and monotonic() < deadline:
        more, end = block(index, behind)
        if end == behind:
            break
        pieces, mark, behind = more, behind, end
    return [*pieces, *rest(behind.passed, at, pieces[-1].time if pieces else 0)], mark


def rest(told: Position, at: Position, time: int) -> Iterator[Piece]:
    """The bytes of which no index tells."""
    for stream in STREAMS:
        if at.of(stream) > told.of(stream):
            yield Piece(time, stream, told, at.of(stream))
            told = told.moved(stream, at.of(stream))


def _start(
    files: Files, at: Position, pieces: list[Piece], mark: Mark, *, most: int, deadline: float
) -> tuple[Position, Mark]:
    """Where the last lines of these pieces, and of those before them, begin."""
    lines, size = 0, 0
    while True:
        for piece in reversed(pieces):
            until = min(piece.end, at.of(piece.stream))
            if (file := files.get(f"{piece.stream}.txt")) is None or until <= max(0, piece.start):
                continue
            begin, count = _back(file, max(0, piece.start), until, most - lines, WINDOW - size)
            at, lines, size = at.moved(piece.stream, begin), lines + count, size + until - begin
            if lines >= most or size >= WINDOW:
                return at, mark
        if mark.read == 0 or monotonic() > deadline:
            return at, mark
        pieces, mark = block_before(files[INDEX], mark)


def _back(file: File, begin: int, end: int, most: int, room: int) -> tuple[int, int]:
    """Where the last lines of these bytes begin, and how many they are."""
    place, count, data = end, 0, b""
    while place > begin and count < most and end - place < room:
        size = min(CHUNK, place - begin)
        place -= size
        file.seek(place)
        data = file.read(size)
        count += data.count(b"\n")
    torn = 0
    for _ in range(count - most):
        torn = data.find(b"\n", torn) + 1
    return place + torn, min(count, most)


def line_start(file: File | None, offset: int) -> int:
    """Where the line begins in which that byte is; the byte itself in a line that is too long."""
    if file is None or offset <= 0:
        return 0
    for size in (4096, LONGEST):
        begin = max(0, offset - size)
        file.seek(begin)
        if (found := file.read(offset - begin).rfind(b"\n")) >= 0 or begin == 0:
            return begin + found + 1
    return offset

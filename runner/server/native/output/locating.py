"""Places in the output of a run, however long it is: a line by its number, a moment, a byte; and the number of the line there.

What takes long is begun and kept: who asks again goes on with it.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from runner.server.native.output.backwards import line_start, rest
from runner.server.native.output.counting import Files, Ledger, sizes_of
from runner.server.native.output.indexed import START, Mark, Piece, Position, block
from runner.tracking.logs import INDEX, Stream

ENTRY = 128  # bytes that hold a line of an index


class Late(Exception):
    """It takes longer than somebody waits."""


@dataclass(frozen=True, slots=True)
class Locating:
    """One output, about which `ledger` knows something. At the time `until` it is given up for now.

    Raises:
        Late: that time has come.
    """

    files: Files
    ledger: Ledger
    until: float

    def number(self, at: Position) -> int:
        """That of the line which begins there."""
        if not self.ledger.reach(self.files, at, self.until):
            raise Late
        return self.ledger.lines(self.files, at) + 1

    @property
    def progress(self) -> float:
        """Which part of the output is known."""
        whole = sum(sizes_of(self.files))
        return min(0.99, sum(each.reached for each in self.ledger.ends.values()) / whole) if whole else 0.0

    def line(self, number: int) -> tuple[Position, Mark]:
        """Where the line of that number begins; the last one, if there are fewer."""
        piece, mark = self._last(lambda each: self.number(each.at) > number)
        ends = self.ledger.ends[piece.stream]
        wanted = number - self.number(piece.at) + ends.is_open(self.files, piece.start)
        if wanted <= 0:
            return piece.at, mark
        wanted += ends.before(self.files, piece.start)
        if not ends.count(self.files, wanted, self.until):
            raise Late
        return piece.at.moved(piece.stream, ends.behind(self.files, wanted)), mark

    def moment(self, time: int) -> tuple[Position, Mark]:
        """Where begins what came then, or last before."""
        piece, mark = self._last(lambda each: each.time >= time)
        return self._aligned(piece, piece.start), mark

    def byte(self, stream: Stream, offset: int) -> tuple[Position, Mark]:
        """Where the line begins in which that byte is."""
        piece, mark = self._last(lambda each: each.at.of(stream) > offset)
        return self._aligned(
            piece._replace(stream=stream), min(offset, sizes_of(self.files).of(stream))
        ), mark

    def _aligned(self, piece: Piece, offset: int) -> Position:
        return piece.at.moved(piece.stream, line_start(self.files.get(f"{piece.stream}.txt"), offset))

    def _last(self, is_behind: Callable[[Piece], bool]) -> tuple[Piece, Mark]:
        """The last piece that does not begin behind what is looked for, and a place in the index before it."""
        index, milestones = self.files[INDEX], self.ledger.milestones

        def begins_behind(mark: Mark, *, at_end: bool) -> bool:
            pieces, _ = block(index, mark, ENTRY)
            return is_behind(pieces[0]) if pieces else at_end

        if not milestones.reach(index, partial(begins_behind, at_end=False), self.until):
            raise Late
        mark = milestones.before(partial(begins_behind, at_end=True))
        pieces, behind = block(index, mark)
        pieces += rest(behind.passed, sizes_of(self.files), pieces[-1].time if pieces else 0)
        if not pieces:
            return Piece(0, "stdout", START, 0), mark
        return pieces[max(0, bisect_left(pieces, x=True, key=is_behind) - 1)], mark

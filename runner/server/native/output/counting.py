"""Which line is at which byte: ends of lines are counted as far as somebody asks, and what was counted is kept."""

import io
import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Mapping
from time import monotonic

from runner.server.native.output.indexed import File, Milestones, Position
from runner.tracking.logs import STREAMS, Stream

STRIDE = 1024 * 1024  # bytes between two counts that are kept

Files = Mapping[str, File]


class Ends:
    """How many lines end in a stream up to each `STRIDE` of it."""

    def __init__(self, stream: Stream) -> None:
        self._name = f"{stream}.txt"
        self._counts = [0]
        self._lock = threading.Lock()

    def reach(self, files: Files, offset: int, until: float) -> bool:
        """Count up to a byte; False: it is `until` (of `monotonic`) already."""
        return self._go_on(files, lambda: self.reached > offset - STRIDE, until)

    def count(self, files: Files, number: int, until: float) -> bool:
        """Count up to that number; False: as above."""
        return self._go_on(files, lambda: self._counts[-1] >= number, until)

    def _go_on(self, files: Files, enough: Callable[[], bool], until: float) -> bool:
        with self._lock:
            while not enough():
                if monotonic() > until:
                    return False
                data = self._read(files, (len(self._counts) - 1) * STRIDE, STRIDE)
                if len(data) < STRIDE:
                    break
                self._counts.append(self._counts[-1] + data.count(b"\n"))
        return True

    @property
    def reached(self) -> int:
        """Up to which byte it is counted."""
        return (len(self._counts) - 1) * STRIDE

    def before(self, files: Files, offset: int) -> int:
        """Ends of lines before a byte; reach it first."""
        at = min(offset // STRIDE, len(self._counts) - 1)
        return self._counts[at] + self._read(files, at * STRIDE, offset - at * STRIDE).count(b"\n")

    def behind(self, files: Files, number: int) -> int:
        """Behind which byte the line of that number ends, or the last one; count up to it first."""
        at = max(0, bisect_left(self._counts, number) - 1)
        data, place = self._read(files, at * STRIDE, STRIDE), 0
        for _ in range(number - self._counts[at]):
            if (found := data.find(b"\n", place)) < 0:
                break
            place = found + 1
        return at * STRIDE + place

    def is_open(self, files: Files, offset: int) -> bool:
        """Whether a line goes on there."""
        return offset > 0 and self._read(files, offset - 1, 1) not in {b"\n", b""}

    def _read(self, files: Files, offset: int, size: int) -> bytes:
        file = files.get(self._name)
        if file is None or size <= 0:
            return b""
        file.seek(offset)
        return file.read(min(size, 2 * STRIDE))


def sizes_of(files: Files) -> Position:
    """The position behind all that is there."""
    return Position(
        *((file.seek(0, io.SEEK_END) if (file := files.get(f"{each}.txt")) else 0) for each in STREAMS)
    )


class Ledger:
    """What is known about the output of a run without reading it again."""

    def __init__(self) -> None:
        self.milestones = Milestones()
        self.ends: Mapping[Stream, Ends] = {stream: Ends(stream) for stream in STREAMS}

    def reach(self, files: Files, at: Position, until: float) -> bool:
        """Count the lines up to there."""
        return all(self.ends[stream].reach(files, at.of(stream), until) for stream in STREAMS)

    def lines(self, files: Files, at: Position) -> int:
        """How many lines have begun before a position; reach it first."""
        return sum(
            self.ends[stream].before(files, at.of(stream)) + self.ends[stream].is_open(files, at.of(stream))
            for stream in STREAMS
        )


class Ledgers:
    """Those of the runs that were looked at last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Ledger] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, run_id: str) -> Ledger:
        with self._lock:
            found = self._kept.setdefault(run_id, Ledger())
            self._kept.move_to_end(run_id)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return found

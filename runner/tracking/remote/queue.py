"""A queue in a file, which outlives its process: a line of JSON for each item, durable when `append` returns.

records.jsonl      all items, in order; a last line without its end was never acknowledged
records.done       how many bytes of them have been dealt with; behind the truth after a crash, never ahead of it
"""

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Item: TypeAlias = Mapping[str, Any]

AT_ONCE = 1024 * 1024  # bytes that are looked at together
DIGITS = 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Items that stand first, and where the next one begins."""

    items: tuple[Item, ...]
    end: int


class Queue:
    """See above. One process has it open; its threads may append, and one of them deals with the items.

    Raises:
        OSError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = threading.Condition()
        self._closed = False
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._mark = os.open(path.with_suffix(".done"), os.O_RDWR | os.O_CREAT, 0o600)
        self._start = int(os.pread(self._mark, DIGITS, 0) or b"0")
        self._end, self.waiting = self._whole_lines()

    def append(self, items: Iterable[Item]) -> None:
        """Add all of them, or none."""
        lines = [json.dumps(item, separators=(",", ":")).encode() + b"\n" for item in items]
        if not lines:
            return
        with self._changed:
            try:
                _write(self._file, b"".join(lines))
                os.fsync(self._file)
            except OSError:
                os.ftruncate(self._file, self._end)
                raise
            self._end += sum(map(len, lines))
            self.waiting += len(lines)
            self._changed.notify_all()

    def first(self, *, wait: bool = False) -> Batch | None:
        """What stands first; None if there is nothing (and, with `wait`, there will be nothing: it was closed)."""
        with self._changed:
            while wait and self._start == self._end and not self._closed:
                self._changed.wait()
            start, end = self._start, self._end
        if start == end or (wait and self._closed):
            return None
        size = min(AT_ONCE, end - start)
        while b"\n" not in (data := os.pread(self._file, size, start)):
            size *= 2
        data = data[: data.rindex(b"\n") + 1]
        return Batch(tuple(map(json.loads, data.splitlines())), start + len(data))

    def done(self, batch: Batch) -> None:
        """These have been dealt with."""
        with self._changed:
            self._start = batch.end
            self.waiting -= len(batch.items)
            os.pwrite(self._mark, b"%0*d" % (DIGITS, batch.end), 0)
            self._changed.notify_all()

    def emptied(self, seconds: float) -> bool:
        """Whether all has been dealt with, within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self.waiting == 0, seconds)

    def pause(self, seconds: float) -> None:
        """Wait so long, or until it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    @property
    def closed(self) -> bool:
        return self._closed

    def stop(self) -> None:
        """Let whoever waits go; items may still be appended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self) -> None:
        os.close(self._file)
        os.close(self._mark)

    def _whole_lines(self) -> tuple[int, int]:
        """Where the last whole line ends, and how many there are after the mark; what follows them is cut off."""
        end, count, position = self._start, 0, self._start
        while data := os.pread(self._file, AT_ONCE, position):
            if b"\n" in data:
                end = position + data.rindex(b"\n") + 1
            count += data.count(b"\n")
            position += len(data)
        os.ftruncate(self._file, end)
        return end, count


def whole_lines(path: Path) -> Iterator[Item]:
    """All items of a queue's file, dealt with or not."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]

"""What runs on other machines print, kept here until they end: `<home>/received/<run>`, as tracking/logs.py has it.

The sender says where in its stream the bytes belong, so that sending them twice does no harm.
"""

import base64
import binascii
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from runner.errors import Conflict, NotFound, RunnerError, TrackingError
from runner.files import remove_tree
from runner.server.artifacts import owners
from runner.server.errors import Malformed
from runner.server.mlflow.runs import exact
from runner.server.native.output.files import plain
from runner.server.native.output.indexed import index
from runner.server.native.shapes import AppendLogs
from runner.server.places import Places
from runner.tracking import logs
from runner.tracking.clock import now
from runner.tracking.logs import INDEX, STREAMS, Stream
from runner.tracking.model import Lifecycle, Run
from runner.tracking.store import Store

UNTIL = 300_000  # milliseconds after the end of a run for which its sender may go on


class Received:
    """The output of runs elsewhere, below one directory. One thread appends at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._sizes: dict[str, dict[Stream, int]] = {}

    def append(self, run: Run, piece: AppendLogs) -> int:
        """Keep what is new of it; the offset at which to go on.

        Raises:
            Malformed: the bytes are none, the times do not fit, or something before them is missing.
            Conflict: the run has ended.
        """
        data, times = _bytes(piece), list(piece.times)
        if times and sum(size for _, size in times) != len(data):
            raise Malformed(f"the sizes of `times` do not add up to the {len(data)} bytes that were sent")
        with self._lock:
            sizes = self._opened(run)
            size = sizes[piece.stream]
            if piece.offset > size:
                raise Malformed(
                    f"{piece.stream} has {size} bytes here: those up to {piece.offset} are missing"
                )
            new = data[size - piece.offset :]
            if new:
                self._write(run, piece.stream, new, times or [(now(), len(data))])
                sizes[piece.stream] += len(new)
            return sizes[piece.stream]

    def tidy(self, store: Store, places: Places) -> None:
        """Remove what belongs to runs that have ended; of lost ones, which have kept nothing, it becomes artifacts."""
        for place in self._directory.glob("*"):
            with suppress(RunnerError, OSError):
                if self._done(store, places, place):
                    self._sizes.pop(place.name, None)

    def _done(self, store: Store, places: Places, place: Path) -> bool:
        try:
            run = exact(store, place.name)
        except NotFound:
            remove_tree(place)
            return True
        if not run.status.ended or (run.ended or 0) + UNTIL > now():
            return False
        artifacts = owners.opened(places, run.artifact_uri)
        if any(item.path == f"logs/{INDEX}" for item in artifacts.list("logs")):
            remove_tree(place)
        else:
            logs.salvage(place, artifacts)
        return True

    def _opened(self, run: Run) -> dict[Stream, int]:
        """How much there is of each stream. What a killed server could not tell of in the index is sent again."""
        if run.id not in self._sizes:
            place = self._directory / run.id
            if not plain(run.id):
                raise Malformed(f"output of a run with the id {run.id!r} cannot be kept here")
            if run.lifecycle is Lifecycle.DELETED or (run.status.ended and not place.exists()):
                raise Conflict(f"run {run.id} has ended: it takes no more output")
            place.mkdir(parents=True, exist_ok=True)
            self._sizes[run.id] = _sizes(place)
        return self._sizes[run.id]

    def _write(self, run: Run, stream: Stream, new: bytes, times: list[tuple[int, int]]) -> None:
        """The bytes first, so that the index never promises what is not there."""
        place = self._directory / run.id
        try:
            with (place / f"{stream}.txt").open("ab") as file:
                file.write(new)
            with (place / INDEX).open("ab") as file:
                file.writelines(f"{at}\t{stream}\t{size}\n".encode() for at, size in _last(times, len(new)))
        except OSError as error:
            del self._sizes[run.id]  # counted again, and cut to what is whole
            raise TrackingError(f"the output of run {run.id} cannot be kept: {error.strerror}") from error


def _sizes(place: Path) -> dict[Stream, int]:
    """How many bytes of each stream the index tells of; files are cut to that."""
    sizes: dict[Stream, int] = dict.fromkeys(STREAMS, 0)
    (place / INDEX).touch()
    with (place / INDEX).open("rb") as file:
        for told in index(file):
            sizes[told.stream] += told.size
    for stream, size in sizes.items():
        with (place / f"{stream}.txt").open("ab") as file:
            file.truncate(size)
    return sizes


def _last(times: list[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """The times of the last `size` bytes."""
    skipped = sum(each for _, each in times) - size
    for at, each in times:
        if kept := each - min(skipped, each):
            yield at, kept
        skipped -= each - kept


def _bytes(piece: AppendLogs) -> bytes:
    if (piece.text is None) == (piece.base64 is None):
        raise Malformed("either `text` or `base64` is required")
    try:
        if piece.base64 is not None:
            return base64.b64decode(piece.base64, validate=True)
        return (piece.text or "").encode()
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise Malformed(f"Invalid value for parameter 'base64' or 'text': {error}") from error

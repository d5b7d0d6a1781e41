"""What runner itself keeps with a run: its plan, its record, its lock, the end of what it printed. Whatever they hold is a stranger's."""

import io
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from runner.errors import NotFound, RunnerError
from runner.server.artifacts.owners import below
from runner.server.native.files import opened
from runner.server.native.output.files import places
from runner.server.places import Places
from runner.tracking.artifacts import Artifacts
from runner.tracking.model import Run

PLAN, RECORD, OBSERVED = "runner/plan.json", "runner/record.json", "runner/packages.txt"
LARGEST = 16 * 1024 * 1024  # bytes of a document
TAIL = 16 * 1024  # bytes of what was printed last


@dataclass(frozen=True, slots=True)
class Documents:
    """Those of one run. `artifacts` None: they are not with this server."""

    run: Run
    artifacts: Artifacts | None
    home: Path

    def json(self, path: str) -> dict[str, Any] | None:
        """A JSON object; None where there is none, or it cannot be read."""
        try:
            found = msgspec.json.decode(self.read(path))
        except (RunnerError, msgspec.DecodeError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def read(self, path: str) -> bytes:
        """A document, whole.

        Raises:
            NotFound: there is none, or it is none of ours: too large.
        """
        if self.artifacts is None:
            raise NotFound(f"{path} of run {self.run.name} is not with this server")
        with opened(self.artifacts, path) as file:
            found = file.read(LARGEST + 1)
        if len(found) > LARGEST:
            raise NotFound(f"{path} is too large to be ours")
        return found

    def printed_last(self, stream: str) -> bytes:
        """The end of what a stream printed; b"" where nothing was."""
        for place in places(self.home, self.run.id):
            if (file := place / f"{stream}.txt").is_file():
                return _end(file.open("rb"))
        try:
            return _end(opened(self.artifacts, f"logs/{stream}.txt")) if self.artifacts else b""
        except RunnerError:
            return b""


def _end(file: IO[bytes]) -> bytes:
    with closing(file):
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - TAIL))
        return file.read(TAIL)


def of(run: Run, known: Places, home: Path) -> Documents:
    """The documents of a run."""
    try:
        below(known, run.artifact_uri)
        return Documents(run, Artifacts(run.artifact_uri), home)
    except RunnerError:
        return Documents(run, None, home)

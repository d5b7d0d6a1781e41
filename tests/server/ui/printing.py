"""Runs that go on, and what they print, for tests of pages."""

from runner.tracking.clock import now
from runner.tracking.logs import LogWriter
from runner.tracking.model import Run, RunStatus
from tests.server.ui.conftest import Seeded


def going_on(seeded: Seeded, name: str) -> Run:
    return seeded.store.create_run("0", name=name, status=RunStatus.RUNNING, started=now(), user="ann")


def printed(seeded: Seeded, run: Run, *pieces: tuple[str, bytes]) -> None:
    directory = seeded.home / "live" / run.id
    directory.mkdir(parents=True, exist_ok=True)
    output = LogWriter(directory)
    for stream, data in pieces:
        output.write("stderr" if stream == "stderr" else "stdout", data)
    output.close()

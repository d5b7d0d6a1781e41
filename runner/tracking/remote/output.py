"""The output of a run, told to a server of ours while the run goes on: what grows in its live directory, every second.

Nobody waits for it, and what is missed in an outage follows: the whole output becomes artifacts at the end.
"""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.errors import RunnerError, Unavailable
from runner.tracking.logs import STREAMS, Stream
from runner.tracking.remote.client import Client

API = "/api/runner/1/"
EVERY = 1.0  # seconds
PIECE = 1024 * 1024  # bytes in one request
BRIEF = 2.0  # seconds for the last of it


@contextmanager
def told(client: Client, run_id: str, directory: Path) -> Iterator[None]:
    """Tell what is written below `directory` while the block goes on."""
    over = threading.Event()
    thread = threading.Thread(
        target=_tell, args=(client, run_id, directory, over), name="live output", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(BRIEF)


def _tell(client: Client, run_id: str, directory: Path, over: threading.Event) -> None:
    with suppress(RunnerError):  # a plain MLflow server has no such calls, and ours may refuse
        _go_on(client, run_id, directory, over)


def _go_on(client: Client, run_id: str, directory: Path, over: threading.Event) -> None:
    offsets: dict[Stream, int] = dict.fromkeys(STREAMS, 0)
    known = False
    last = False
    while not last:
        last = over.wait(EVERY)
        with suppress(Unavailable, OSError):
            known = known or "logs" in client.get(API, patience=0).get("capabilities", ())
            if not known:
                return  # another server than ours
            for stream in STREAMS:
                offsets[stream] = _sent(client, run_id, directory / f"{stream}.txt", stream, offsets[stream])


def _sent(client: Client, run_id: str, file: Path, stream: Stream, offset: int) -> int:
    """Where the server wants to go on."""
    with file.open("rb") as output:
        output.seek(offset)
        while data := output.read(PIECE):
            body = {"stream": stream, "offset": offset, "base64": base64.b64encode(data).decode()}
            offset = int(client.post(f"{API}runs/{run_id}/logs", body, patience=0)["next"])
            output.seek(offset)
    return offset

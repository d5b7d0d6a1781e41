"""The output of a run as our server tells it: what is there, then what comes, over connections that break.

Each event carries an id; who comes back with the last one goes on exactly behind it.
"""

import base64
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from runner.errors import RunnerError
from runner.settings import Settings
from runner.tracking.logs import Chunk
from runner.tracking.remote.address import Address
from runner.tracking.remote.client import Client
from runner.tracking.remote.failures import Away, Denied

API = "/api/runner/1/"
PATIENCE = 120.0  # seconds without an event after which a server that does not answer is given up
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
PAGE = 5000  # lines


def told(settings: Settings, uri: str, run_id: str, *, follow: bool) -> Iterator[Chunk] | None:
    """What the run printed, and if we `follow` what it prints until it ends; None: the server does not keep output.

    Raises:
        TrackingError: the server does not answer, or does not let us read.
    """
    client = Client(Address.read(uri, settings.environ))
    if not _keeps_output(client):
        client.close()
        return None
    return _closing(client, _followed(client, run_id) if follow else _read(client, run_id))


@dataclass(slots=True)
class _Event:
    """A server-sent event that is being received."""

    id: str = ""
    kind: str = ""
    data: list[str] = field(default_factory=list)


def events(lines: Iterable[bytes]) -> Iterator[tuple[str, str, Any]]:
    """Id, kind and data of each event; an id without data, as at the beginning, counts as well."""
    event = _Event()
    for line in lines:
        name, _, value = line.decode().rstrip("\r\n").partition(":")
        match name, value.removeprefix(" "):
            case "", _ if not line.strip():
                if event.id:
                    yield event.id, event.kind, json.loads("\n".join(event.data) or "null")
                event = _Event()
            case "id", text:
                event.id = text
            case "event", text:
                event.kind = text
            case "data", text:
                event.data.append(text)


def _keeps_output(client: Client) -> bool:
    try:
        return "logs" in client.get(API).get("capabilities", ())
    except (Denied, Away):
        raise
    except RunnerError:  # a plain MLflow server
        return False


def _closing(client: Client, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    with closing(client):
        yield from chunks


def _read(client: Client, run_id: str) -> Iterator[Chunk]:
    """What is there now, page by page."""
    after, over = "0.0", False
    while not over:
        page = client.get(f"{API}runs/{run_id}/logs", {"after": after, "limit": PAGE})
        yield from _chunks(page)
        over = page["ended"] or not page["lines"]
        after = page["next"]


def _followed(client: Client, run_id: str) -> Iterator[Chunk]:
    last, pause, end = "", FIRST_PAUSE, time.monotonic() + PATIENCE
    while True:
        try:
            with client.stream(f"{API}events?topics=logs:{run_id}", _resuming(last)) as lines:
                for last_id, kind, data in events(lines):
                    last = last_id
                    pause, end = FIRST_PAUSE, time.monotonic() + PATIENCE
                    if kind == "log":
                        yield from _chunks(data)
                        if data["ended"]:
                            return
        except Away:
            if time.monotonic() > end:
                raise
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _resuming(last: str) -> Mapping[str, str]:
    return {"Last-Event-ID": last} if last else {}


def _chunks(page: Mapping[str, Any]) -> Iterator[Chunk]:
    for line in page["lines"]:
        data = line["text"].encode() if "text" in line else base64.b64decode(line["base64"])
        yield Chunk(line["time"], line["stream"], data)

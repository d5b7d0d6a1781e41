"""A client of our own API that knows nothing of runner: plain HTTP, server-sent events read line by line."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

API = "/api/runner/1"
PATIENCE = 20.0  # seconds: far more than anything here should take


@dataclass(frozen=True)
class Event:
    """`at` is when it arrived."""

    id: str
    kind: str
    data: Any
    at: float


@dataclass
class Listener:
    """Collects the events of a stream until it is closed, or the server ends it."""

    events: list[Event] = field(default_factory=list)
    last_id: str = ""
    over: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def until(self, enough: Callable[[list[Event]], object]) -> list[Event]:
        """All events, as soon as they are enough."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.events), PATIENCE), self.events[-3:]
            return list(self.events)

    def of(self, kind: str) -> list[Any]:
        return [event.data for event in self.events if event.kind == kind]

    def read(self, response: http.client.HTTPResponse) -> None:
        kind, data = "", ""
        with suppress(OSError, http.client.HTTPException, ValueError, AttributeError):
            while line := response.readline():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "id":
                    self.last_id = value
                elif name == "event":
                    kind = value
                elif name == "data":
                    data = value
                elif not line.strip() and data:
                    with self._changed:
                        self.events.append(Event(self.last_id, kind, json.loads(data), time.time()))
                        self._changed.notify_all()
                    kind = data = ""
        self.over.set()


@contextmanager
def listening(uri: str, topics: str, *, last_id: str = "", token: str = "") -> Iterator[Listener]:
    """A stream of these topics, closed when the block ends."""
    connection = connected(uri)
    response = opened(connection, topics, last_id=last_id, token=token)
    assert response.status == 200, response.read()
    listener = Listener(last_id=last_id)
    thread = threading.Thread(target=listener.read, args=(response,), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        with suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)  # wakes the reader
        connection.close()
        thread.join(PATIENCE)


def connected(uri: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(uri.removeprefix("http://"), timeout=PATIENCE)


def opened(
    connection: http.client.HTTPConnection, topics: str, *, last_id: str = "", token: str = ""
) -> http.client.HTTPResponse:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    headers |= _signed(token)
    connection.request("GET", f"{API}/events?topics={topics}", headers=headers)
    return connection.getresponse()


def _signed(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def call(uri: str, method: str, path: str, body: object = None, *, token: str = "") -> tuple[int, Any]:
    """Status and JSON of an answer; `path` goes below our API."""
    connection = connected(uri)
    try:
        data = None if body is None else json.dumps(body)
        kind = {"Content-Type": "application/json"} if data else {}
        connection.request(method, API + path, data, kind | _signed(token))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()

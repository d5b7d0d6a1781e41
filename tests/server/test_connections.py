"""Requests that are too long or too slow, over plain sockets."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from runner.server import connections
from runner.server.access.guard import UPLOADS
from runner.server.connections import Connection, end_slow

OPENING = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Says what it was sent."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(body)(scope, receive, send)


@dataclass
class Listening:
    """`later(seconds)` looks at the connections as if so much time had passed."""

    address: tuple[str, int]
    later: Callable[[float], None]

    def connected(self, sent: str) -> socket.socket:
        connection = socket.create_connection(self.address, timeout=10)
        connection.sendall(sent.encode())
        time.sleep(0.05)
        return connection


@pytest.fixture
def listening() -> Iterator[Listening]:
    loops: list[asyncio.AbstractEventLoop] = []

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            loops.append(asyncio.get_running_loop())
            await super().startup(sockets)

    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = Server(uvicorn.Config(app, http=Connection, ws="none", lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)

        def later(seconds: float) -> None:
            (loop,) = loops
            loop.call_soon_threadsafe(
                lambda: end_slow(server.server_state.connections, loop.time() + seconds)
            )

        yield Listening(bound.getsockname(), later)
        server.should_exit = True
        thread.join(10)


def everything(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD", 1000)


@pytest.mark.parametrize("head", ["X: " + "a" * 1500, "\r\n".join(["X: a"] * 300)])
def test_a_head_that_does_not_end_is_refused(head: str, small: None, listening: Listening) -> None:
    connection = socket.create_connection(listening.address, timeout=10)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n")
    time.sleep(0.05)
    connection.sendall(head.encode())

    assert everything(connection).startswith(b"HTTP/1.1 431 ")


def test_an_address_that_does_not_end_is_refused(small: None, listening: Listening) -> None:
    connection = listening.connected("GET /" + "a" * 1500)

    assert everything(connection).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "sent", ["", "GET / HTTP/1.1\r\nHost: h\r\n", "\r\n", OPENING.replace("\r\n\r\n", "\r\n")]
)
def test_who_does_not_say_what_they_want_is_not_waited_for(sent: str, listening: Listening) -> None:
    connection = listening.connected(sent)

    listening.later(connections.HEAD_SECONDS + 1)

    assert everything(connection).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_does_not_come_is_waited_for_longer_and_not_for_ever(listening: Listening) -> None:
    connection = listening.connected(OPENING + "he")

    listening.later(connections.HEAD_SECONDS + 1)
    connection.sendall(b"llo")
    assert connection.recv(1000).endswith(b"hello")
    connection.sendall((OPENING + "he").encode())
    time.sleep(0.05)
    listening.later(connections.BODY_SECONDS + 1)

    assert everything(connection).startswith(b"HTTP/1.1 408 ")


def test_an_upload_may_take_as_long_as_it_likes_unless_it_is_silent(listening: Listening) -> None:
    head = f"PUT {UPLOADS[0]}x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"
    connection = listening.connected(head + "he")

    listening.later(connections.SILENT_SECONDS - 1)
    connection.sendall(b"ll")
    time.sleep(0.05)
    listening.later(connections.SILENT_SECONDS + 1)

    assert everything(connection).startswith(b"HTTP/1.1 408 ")


def test_a_request_that_is_whole_is_not_slow_however_long_its_answer_takes(listening: Listening) -> None:
    connection = listening.connected("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")

    listening.later(10_000)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")

    assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    connection.close()


def test_more_connections_than_there_may_be_are_refused(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST", 1)
    first = listening.connected("")

    second = everything(listening.connected(""))
    first.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")

    assert second.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1" in second
    assert first.recv(1000).startswith(b"HTTP/1.1 200 ")
    first.close()

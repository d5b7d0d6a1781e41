"""Requests over connections that stay open, without a client library: what a server can do, and not what a client costs."""

import http.client
import json
import selectors
import socket
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

GIVEN_UP = 120  # seconds after which MLflow's client gives a request up


@dataclass(frozen=True)
class Latencies:
    """`rate` in requests a second; the others in milliseconds."""

    rate: float
    p50: float
    p95: float
    p99: float


def post(path: str, body: object, *, uri: str) -> bytes:
    """The bytes of a POST with a JSON body."""
    data = json.dumps(body).encode()
    place = urlsplit(uri)
    head = (
        f"POST /api/2.0/mlflow/{path} HTTP/1.1\r\nHost: {place.netloc}\r\nUser-Agent: benchmark\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def pressed(uri: str, make: Callable[[int], bytes], *, clients: int, seconds: float) -> Latencies:
    """So many clients, each of which sends the next request when the last one is answered."""
    with selectors.DefaultSelector() as selector:
        lines = [_Line(uri) for _ in range(clients)]
        count = 0
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.send(make(count := count + 1))
        taken: list[float] = []
        start = time.perf_counter()
        while (now := time.perf_counter()) < start + seconds:
            for key, _ in selector.select(1.0):
                if (elapsed := key.data.received()) is not None:
                    taken.append(elapsed)
                    key.data.send(make(count := count + 1))
        for line in lines:
            line.socket.close()
    return latencies(taken, now - start)


def latencies(taken: list[float], elapsed: float) -> Latencies:
    cuts = statistics.quantiles(taken, n=100) if len(taken) > 1 else taken * 99
    return Latencies(len(taken) / elapsed, *(cuts[n - 1] * 1000 for n in (50, 95, 99)))


def ask(uri: str, method: str, path: str, body: object = None, **query: object) -> Any:
    """One answer, decoded."""
    return json.loads(_exchanged(uri, method, path, body, query))


def fetched(uri: str, path: str, **query: object) -> bytes:
    """One answer to a GET as it comes."""
    return _exchanged(uri, "GET", path, None, query)


def _exchanged(uri: str, method: str, path: str, body: object, query: Mapping[str, object]) -> bytes:
    place = urlsplit(uri)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=GIVEN_UP)
    try:
        target = f"/api/2.0/mlflow/{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body)
        connection.request(method, target, data, {"Content-Type": "application/json"} if data else {})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise AssertionError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return text
    finally:
        connection.close()


class _Line:
    """A connection, and what it waits for."""

    def __init__(self, uri: str) -> None:
        place = urlsplit(uri)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=900)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sent = 0.0
        self._answer = b""

    def send(self, request: bytes) -> None:
        self._answer = b""
        self._sent = time.perf_counter()
        self.socket.sendall(request)

    def received(self) -> float | None:
        """Seconds since the request, once its answer is whole."""
        self._answer += self.socket.recv(1 << 20)
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return None
        if b" 200 " not in head[:20]:
            raise AssertionError(self._answer[:500])
        return time.perf_counter() - self._sent

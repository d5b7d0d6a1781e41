"""A way to a server that a test can cut: a TCP proxy."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

BUSY = b'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 31\r\nContent-Type: application/json\r\n\r\n{"message": "come again later"}'


@dataclass
class Wire:
    """`uri` leads to the server at `target` (host:port); `state` is what happens to connections.

    `lose` is a text: the next request that holds it reaches the server, and its answer nobody.
    """

    target: str
    listening: socket.socket
    state: str = "whole"
    lose: bytes = b""
    lost: int = 0
    _open: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def cut(self) -> None:
        """End all connections; new ones end at once."""
        self._end_all("cut")

    def busy(self) -> None:
        """Every request is answered by 503."""
        self._end_all("busy")

    def mend(self, uri: str = "") -> None:
        self.target = uri.removeprefix("http://") or self.target
        self.state = "whole"

    def serve(self) -> None:
        while True:
            try:
                inner, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(inner,), daemon=True).start()

    def _carry(self, inner: socket.socket) -> None:
        with suppress(OSError), inner:
            if self.state == "busy":
                inner.recv(65536)
                inner.sendall(BUSY)
            if self.state != "whole":
                return
            host, _, port = self.target.partition(":")
            with socket.create_connection((host, int(port)), 5) as outer:
                outer.settimeout(None)
                with self._lock:
                    if self.state != "whole":  # since a moment ago
                        return
                    self._open += [inner, outer]
                unheard = threading.Event()
                answers = threading.Thread(target=self._answer, args=(outer, inner, unheard), daemon=True)
                answers.start()
                self._ask(inner, outer, unheard)
                answers.join()

    def _ask(self, client: socket.socket, server: socket.socket, unheard: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.lose and self.lose in data:
                    self.lose, self.lost = b"", self.lost + 1
                    unheard.set()
                server.sendall(data)
        _end(client, server)

    def _answer(self, server: socket.socket, client: socket.socket, unheard: threading.Event) -> None:
        with suppress(OSError):
            while (data := server.recv(65536)) and not unheard.is_set():
                client.sendall(data)
        _end(client, server)

    def _end_all(self, state: str) -> None:
        with self._lock:
            self.state = state
            ended, self._open = self._open, []
        _end(*ended)


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def wired(uri: str = "") -> Iterator[Wire]:
    """A wire to the server at `uri`, or to nothing until it is mended."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    wire = Wire(uri.removeprefix("http://"), listening)
    threading.Thread(target=wire.serve, daemon=True).start()
    try:
        yield wire
    finally:
        wire.cut()
        listening.close()

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
        self.state = "cut"
        self._end_all()

    def busy(self) -> None:
        """Every request is answered by 503."""
        self.state = "busy"
        self._end_all()

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
                    self._open += [inner, outer]
                back = threading.Thread(target=self._copy, args=(outer, inner), daemon=True)
                back.start()
                self._copy(inner, outer)
                back.join()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self.lose and self.lose in data:
                    self.lose, self.lost = b"", self.lost + 1
                    if data.endswith(b"\r\n\r\n"):
                        data += source.recv(65536)  # the body comes by itself
                    target.sendall(data)
                    target.recv(65536)
                    break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _end_all(self) -> None:
        with self._lock:
            ended, self._open = self._open, []
        for end in ended:
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

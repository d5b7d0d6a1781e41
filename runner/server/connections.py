"""Connections with limits, which uvicorn has none of: on their number, and on how long and how slow a request may be."""

import asyncio
from http import HTTPStatus
from typing import Any

from runner.server.access.guard import UPLOADS
from runner.server.protocol import OneWrite

MOST = 4000  # connections
HEAD = 64 * 1024  # bytes of a request's head; what comes with one packet may be more
HEAD_SECONDS = 20.0  # from the first byte, or from the connection, to the end of the head
BODY_SECONDS = 300.0  # to the end of the body
SILENT_SECONDS = 60.0  # between pieces of an upload, which may take as long as it likes


class Connection(OneWrite):
    """One that ends when its request is too long in bytes or in seconds."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head = 0
        self._in_head = True
        self._incomplete = True
        self._since = self._heard = self.loop.time()
        if len(self.connections) > MOST:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        if not self._incomplete:  # the first bytes of another request
            self._incomplete = self._in_head = True
            self._since, self._head = self._heard, 0
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._incomplete = False
        super().on_message_complete()

    def end_if_slow(self, now: float) -> None:
        """Close the connection if we have waited for the rest of its request for too long."""
        if self._incomplete and not self.flow.read_paused and self._is_slow(now):
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _is_slow(self, now: float) -> bool:
        if self._in_head:
            return now - self._since > HEAD_SECONDS
        if self.scope["method"] == "PUT" and self.scope["path"].startswith(UPLOADS):
            return now - self._heard > SILENT_SECONDS
        return now - self._since > BODY_SECONDS

    def _refuse(self, status: HTTPStatus) -> None:
        """Tell why, if nothing has been answered, and close."""
        cycle: Any = self.cycle  # None before the first request
        answering = cycle is not None and cycle.response_started and not cycle.response_complete
        if not self.transport.is_closing() and not answering:
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\nRetry-After: 1\r\nConnection: close\r\n"
            self.transport.write(
                f"{head}Content-Length: {len(status.phrase)}\r\n\r\n{status.phrase}".encode()
            )
        self.transport.close()


def end_slow(connections: Any, now: float) -> None:
    """Close those of a server's connections that have been slow."""
    for connection in list(connections):
        if isinstance(connection, Connection):
            connection.end_if_slow(now)

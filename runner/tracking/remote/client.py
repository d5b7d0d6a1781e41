"""HTTP with a tracking server: connections that stay open, patience while it does not answer, its answers decoded."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import quote, urlencode

from runner import __version__
from runner.errors import NotFound, RunnerError, TrackingError
from runner.tracking.remote.address import Address
from runner.tracking.remote.failures import Away, Denied, failure, spoken, unreachable

T = TypeVar("T")

API = "/api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
TIMEOUT = 60.0  # seconds without a byte
PATIENCE = 60.0  # seconds of repetition: less than the 120 that MLflow's client waits for an answer of ours
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
BLOCK = 1024 * 1024


class Client:
    """Speaks with one server; several threads may."""

    def __init__(self, address: Address, *, patience: float = PATIENCE) -> None:
        self.address = address
        self.patience = patience  # seconds of repetition, unless a call says otherwise
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """End the connections that wait; requests under way end theirs."""
        self._closed = True
        self.drop_idle()

    def get(
        self, path: str, query: Mapping[str, object] = {}, *, patience: float | None = None
    ) -> dict[str, Any]:
        """The JSON object that a GET of an API path answers; what is None is left out of the query."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.call(
            "GET", f"{path}?{urlencode(given, doseq=True)}" if given else path, patience=patience
        )

    def post(self, path: str, body: Mapping[str, object], *, patience: float | None = None) -> dict[str, Any]:
        return self.call("POST", path, body, patience=patience)

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        patience: float | None = None,
    ) -> dict[str, Any]:
        """A call of the API: its JSON object. `path` goes below the API's prefix; what is None is left out of `body`."""
        given = {name: value for name, value in (body or {}).items() if value is not None}
        data = json.dumps(given).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if data is not None else {}
        target = path if path.startswith("/") else API + path

        def attempt() -> dict[str, Any]:
            with self._answer(method, target, data, headers) as response:
                return self._decoded(self._read(response), target)

        return patiently(attempt, self.patience if patience is None else patience)

    def check(self, *, patience: float | None = None) -> None:
        """Raises unless a tracking server answers us there."""
        self.post("experiments/search", {"max_results": 1}, patience=patience)

    def put_file(self, path: str, file: Path, *, patience: float | None = None) -> None:
        """Upload a file as the artifact of that path below the root of all artifacts."""

        def attempt() -> None:
            with file.open("rb") as body:
                size = file.stat().st_size
                headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
                with self._answer("PUT", _file(path), body if size else b"", headers) as response:
                    self._read(response)

        patiently(attempt, self.patience if patience is None else patience)

    def get_file(
        self, path: str, take: Callable[[Iterator[bytes]], T], *, patience: float | None = None
    ) -> T:
        """What `take` makes of the pieces of an artifact; it is called again when the connection breaks."""

        def attempt() -> T:
            with self._answer("GET", _file(path), None, {}) as response:
                return take(self._pieces(response))

        return patiently(attempt, self.patience if patience is None else patience)

    def list_files(self, path: str) -> Sequence[Mapping[str, Any]]:
        """What the directory of that path holds: `path` (the name), `is_dir`, `file_size`."""
        return self.get(FILES, {"path": path}).get("files", [])  # type: ignore[no-any-return]

    def delete_file(self, path: str) -> None:
        self.call("DELETE", _file(path))

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """The lines of an answer that goes on, within the block; Away when it breaks off."""
        with self._answer("GET", path, None, headers) as response:
            yield self._lines(response)

    # one request ------------------------------------------------------------------------------------------
    @contextmanager
    def _answer(
        self, method: str, target: str, body: bytes | IO[bytes] | None, headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        """A good answer, to be read within the block; the connection stays open if it was read to its end."""
        with self._translated():
            connection, response = self._sent(method, self.address.prefix + target, body, headers)
        try:
            if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                raise self._failure(response, method, target)
            yield response
        finally:
            if response.isclosed() and not response.will_close:
                self._keep(connection)
            else:
                connection.close()

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._idle.append(connection)
        if self._closed:
            self.drop_idle()

    def drop_idle(self) -> None:
        """Go on by new connections: a request by an old one is repeated when that turns out to have ended."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        with self._translated():
            return response.read()

    def _lines(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        while line := self._line(response):
            yield line

    def _line(self, response: http.client.HTTPResponse) -> bytes:
        with self._translated():
            return response.readline()

    def _pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        left = response.length
        while piece := self._piece(response):
            left = None if left is None else left - len(piece)
            yield piece
        if left:
            raise Away(f"the tracking server at {self.address.uri} broke off in the middle of a file")

    def _piece(self, response: http.client.HTTPResponse) -> bytes:
        with self._translated():
            return response.read(BLOCK)

    def _sent(
        self, method: str, target: str, body: bytes | IO[bytes] | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """A kept connection may have been closed by the server meanwhile: then the request goes by a new one."""
        all_headers = {"User-Agent": f"runner/{__version__}", "Accept": "application/json, */*", **headers}
        if self.address.authorization:
            all_headers["Authorization"] = self.address.authorization
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            try:
                return kept, _exchanged(kept, method, target, body, all_headers)
            except (ConnectionError, http.client.CannotSendRequest):
                self.drop_idle()  # they are as old
                if body is not None and not isinstance(body, bytes):
                    body.seek(0)
        fresh = self._connection()
        return fresh, _exchanged(fresh, method, target, body, all_headers)

    def _connection(self) -> http.client.HTTPConnection:
        host, port, tls = self.address.host, self.address.port, self.address.tls
        if tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=tls, blocksize=BLOCK)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT, blocksize=BLOCK)

    # what went wrong --------------------------------------------------------------------------------------
    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise unreachable(self.address.uri, error) from error

    def _failure(self, response: http.client.HTTPResponse, method: str, target: str) -> RunnerError:
        try:
            status = HTTPStatus(response.status)
        except ValueError:
            status = HTTPStatus.BAD_REQUEST
        found = failure(self.address.uri, status, response.headers, self._read(response))
        return found or self._unknown(spoken(status), method, target)

    def _unknown(self, message: str, method: str, target: str) -> RunnerError:
        """An answer that is not MLflow's own: the server does not know this call or this file, or is no such server."""
        if target.startswith(FILES):
            return NotFound(f"{method} {target.removeprefix(FILES)}: {message}")
        if target != f"{API}experiments/search":
            try:
                self.check(patience=0)
            except RunnerError as error:
                return error
            return TrackingError(
                f"the server at {self.address.uri} does not know {method} {target}: {message}"
            )
        return Denied(
            f"there is no tracking server at {self.address.uri}: it answers {message}",
            hint="is the path right? an MLflow server answers below it at /api/2.0/mlflow",
        )

    def _decoded(self, data: bytes, target: str) -> dict[str, Any]:
        try:
            found = json.loads(data or b"{}")
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        raise Denied(
            f"there is no tracking server at {self.address.uri}: {target} is answered with something else than JSON",
            hint="is it the address of a page, or of a proxy that wants a login?",
        )


def patiently(attempt: Callable[[], T], patience: float) -> T:
    """Its result; it is repeated for so many seconds while the server is away."""
    end, pause = time.monotonic() + patience, FIRST_PAUSE
    while True:
        try:
            return attempt()
        except Away as away:
            wait = max(away.after, pause * random.uniform(0.75, 1.25))  # noqa: S311 - no secret
            if time.monotonic() + wait > end:
                raise
            time.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)


def _exchanged(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: bytes | IO[bytes] | None,
    headers: Mapping[str, str],
) -> http.client.HTTPResponse:
    """The answer; a connection that gives none is closed."""
    try:
        try:
            connection.request(method, target, body, dict(headers))
        except (BrokenPipeError, ConnectionResetError) as error:
            try:
                return connection.getresponse()  # it may have refused a long body in the middle, and said why
            except (OSError, http.client.HTTPException):
                raise error from None
        return connection.getresponse()
    except BaseException:
        connection.close()
        raise


def _file(path: str) -> str:
    return f"{FILES}/{quote(path)}"

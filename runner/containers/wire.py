"""The API of an engine at a socket of this machine: the few calls that every run makes.

The SDK makes all others, and these where the engine is elsewhere: to import it takes longer than to make them all.
Format: https://docs.docker.com/reference/api/engine/
"""

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias
from urllib.parse import quote, urlencode

import httptools
from msgspec import Struct

Method: TypeAlias = Literal["GET", "HEAD", "POST", "PUT", "DELETE"]
Output: TypeAlias = tuple[Literal["stdout", "stderr"], bytes]

_SUCCESS = frozenset({101, *range(200, 300), 304})  # status of an answer; 304: it is so already
_SILENT = frozenset({204, 304})
_PIECE = 1 << 16  # bytes
_FRAME = 8  # bytes in front of each piece of a container's output: whose it is, and its length
_STREAMS: Mapping[int, Literal["stdout", "stderr"]] = {1: "stdout", 2: "stderr"}


class Refused(Exception):
    """The engine's answer is an error, which it explains."""

    def __init__(self, status: int, explanation: str) -> None:
        super().__init__(f"{status}: {explanation}")
        self.status_code = status
        self.explanation = explanation


class TooLarge(Exception):
    """An answer has more bytes than were asked for."""


class Call(Struct, frozen=True):
    """What an engine is asked.

    Attributes:
        kind: media type of the body.
        patience: seconds without a word from the engine.
        most: bytes of the answer.
        upgrade: the connection is to become one for bytes as they come.
    """

    method: Method
    target: str
    body: bytes = b""
    kind: str = "application/json"
    patience: float | None = None
    most: int | None = None
    upgrade: bool = False


class Answer(Struct, frozen=True):
    """What an engine answers; names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """What the body says; None where there is none by the status.

        Raises:
            ConnectionError: it is no JSON.
        """
        if self.status in _SILENT:
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            raise ConnectionError("this is no answer of an engine") from None


class Wire(Struct, frozen=True):
    """The socket's path, and the version of the protocol ("1.41"; "" for the engine's own).

    Each call has a connection of its own, so that any thread may make one.
    """

    path: str
    protocol: str = ""

    def ask(self, call: Call) -> Answer:
        """Ask, and wait for the whole answer.

        Raises:
            Refused: the answer is an error.
            TooLarge: the answer is larger than `most`.
            OSError: the engine is not there, or breaks off.
        """
        with self._asked(call) as (connection, reading):
            while not reading.over and (call.most is None or reading.size <= call.most):
                reading.hear(connection.recv(_PIECE))
            if call.most is not None and reading.size > call.most:
                raise TooLarge(call.target)
            return reading.answer()

    @contextmanager
    def attached(self, container: str) -> Iterator[Iterator[Output]]:
        """The output of a container as it comes, until it ends.

        Raises:
            Refused: the engine does not tell it.
            OSError: the engine is not there, or breaks off.
        """
        place = target("/containers/{}/attach", container, stdout=1, stderr=1, stream=1)
        with self._asked(Call("POST", place, upgrade=True)) as (connection, reading):
            while not reading.told or (reading.refused and not reading.over):
                reading.hear(connection.recv(_PIECE))
            if reading.refused:
                reading.answer()
            yield _apart(_pieces(connection, reading))

    @contextmanager
    def _asked(self, call: Call) -> Iterator[tuple[socket.socket, "_Reading"]]:
        version = f"/v{self.protocol}" if self.protocol else ""
        lines = [f"{call.method} {version}{call.target} HTTP/1.1", "Host: engine"]
        lines += ["Connection: Upgrade", "Upgrade: tcp"] if call.upgrade else ["Connection: close"]
        if call.method in {"POST", "PUT"}:
            lines += [f"Content-Type: {call.kind}", f"Content-Length: {len(call.body)}"]
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(call.patience)
            try:
                connection.connect(self.path)
                connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii") + call.body)
            except OSError as error:
                raise ConnectionError(f"Connection aborted: {error}") from error
            yield connection, _Reading(call.method)


def target(place: str, *parts: str, **query: object) -> str:
    """The target of a request: parts of the place and of the query become harmless; what is None is left out.

    >>> target("/containers/{}/json", "a b", size=1)
    '/containers/a%20b/json?size=1'
    """
    path = place.format(*(quote(part, safe="/:@") for part in parts))
    asked = urlencode({name: value for name, value in query.items() if value is not None})
    return f"{path}?{asked}" if asked else path


def checked(answer: Answer) -> Answer:
    """The answer, unless it is an error.

    Raises:
        Refused: it is.
    """
    if answer.status in _SUCCESS:
        return answer
    try:
        said = str(json.loads(answer.body)["message"])
    except (ValueError, KeyError, TypeError):
        said = answer.body.decode(errors="replace").strip()
    raise Refused(answer.status, said or f"status {answer.status}")


class _Reading:
    """An answer as it comes in. `told`: the status and the headers are known; `over`: nothing more will come."""

    def __init__(self, method: Method) -> None:
        self.told = self.over = self.upgraded = False
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.size = 0
        self._bare = method == "HEAD"
        self._parser = httptools.HttpResponseParser(self)

    @property
    def status(self) -> int:
        return self._parser.get_status_code() if self.told else 0

    @property
    def refused(self) -> bool:
        return self.told and self.status not in _SUCCESS

    def answer(self) -> Answer:
        """All of it, at the end."""
        return checked(Answer(self.status, self.headers, b"".join(self.pieces)))

    def hear(self, data: bytes) -> None:
        """What the connection has brought; nothing, if it is closed."""
        if not data:
            if not self.told or {"content-length", "transfer-encoding"} & self.headers.keys():
                raise ConnectionError("Connection aborted: the engine broke off")
            self.over = True
            return
        if self.upgraded:
            self.on_body(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.upgraded = True
            self.on_body(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            raise ConnectionError(f"this is no answer of an engine: {error}") from None

    def taken(self) -> Iterator[bytes]:
        """The pieces that have come since the last time."""
        pieces, self.pieces = self.pieces, []
        yield from pieces

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.told = True
        self.over = self._bare

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)
        self.size += len(data)

    def on_message_complete(self) -> None:
        self.over = not self._parser.should_upgrade()


def _pieces(connection: socket.socket, reading: _Reading) -> Iterator[bytes]:
    yield from reading.taken()
    while not reading.over:
        reading.hear(connection.recv(_PIECE))
        yield from reading.taken()


def _apart(pieces: Iterable[bytes]) -> Iterator[Output]:
    """Both outputs of a container, which come in frames, of which a piece may hold many, or a part of one."""
    head, left = b"", 0
    stream: Literal["stdout", "stderr"] | None = None
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            if not left:
                missing = _FRAME - len(head)
                head, rest = head + rest[:missing], rest[missing:]
                if len(head) < _FRAME:
                    break
                stream, left, head = _STREAMS.get(head[0]), int.from_bytes(head[4:]), b""
            data, rest = rest[:left], rest[left:]
            left -= len(data)
            if stream is not None and data:
                yield stream, bytes(data)

"""The API at a socket, with an engine that says what is written down here, in pieces of any size."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.containers import images
from runner.containers.engine import connect
from runner.containers.wire import Call, Refused, TooLarge, Wire, target
from runner.errors import EnvironmentFailed
from tests.services.docker import Daemon

UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
FRAMES = [(1, b"one\n"), (2, b"oops"), (1, b""), (1, b"x" * 300), (0, b"input"), (2, b"\x00\xff")]
OUTPUT = {"stdout": b"one\n" + b"x" * 300, "stderr": b"oops\x00\xff"}


def framed() -> bytes:
    return b"".join(bytes([stream, 0, 0, 0]) + len(data).to_bytes(4) + data for stream, data in FRAMES)


def chunked(*pieces: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


@contextmanager
def saying(answer: bytes, *, size: int = 1 << 16) -> Iterator[tuple[Wire, list[bytes]]]:
    """A fake engine which says this to whoever asks, so many bytes at a time; and what it was asked."""
    asked: list[bytes] = []

    def say() -> None:
        connection, _ = engine.accept()
        with connection:
            asked.append(connection.recv(1 << 16))
            for start in range(0, len(answer), size):
                connection.sendall(answer[start : start + size])

    with TemporaryDirectory() as place, socket.socket(socket.AF_UNIX) as engine:
        engine.bind(f"{place}/s")
        engine.listen()
        thread = threading.Thread(target=say, daemon=True)
        thread.start()
        yield Wire(f"{place}/s", "1.41"), asked
        thread.join()


def output(wire: Wire) -> dict[str, bytes]:
    found = {"stdout": b"", "stderr": b""}
    with wire.attached("id") as pieces:
        for stream, data in pieces:
            found[stream] += data
    return found


@given(size=st.integers(1, 400))
def test_outputs_are_told_apart_however_they_are_cut(size: int) -> None:
    with saying(UPGRADED + framed(), size=size) as (wire, _):
        assert output(wire) == OUTPUT


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\n\r\n" + framed(), chunked(framed()[:13], framed()[13:])],
    ids=["until the end of the connection", "chunked"],
)
def test_an_engine_need_not_upgrade(answer: bytes) -> None:
    with saying(answer, size=7) as (wire, _):
        assert output(wire) == OUTPUT


def test_a_question_says_where_and_which_version() -> None:
    with saying(chunked(b'{"Id": ', b'"7"}')) as (wire, asked):
        answer = wire.ask(Call("POST", target("/containers/create", name="a b\r\nHost: evil"), b"{}"))

    assert answer.json() == {"Id": "7"}
    head, _, body = asked[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /v1.41/containers/create?name=a+b%0D%0AHost%3A+evil HTTP/1.1"
    assert [line for line in lines if line.startswith(b"Host:")] == [b"Host: engine"]
    assert body == b"{}"


@pytest.mark.parametrize(
    ("said", "explanation"),
    [
        (b'404 Not Found\r\nContent-Length: 25\r\n\r\n{"message":"no such, no"}', "no such, no"),
        (b"500 Oh\r\nContent-Length: 5\r\n\r\nplain", "plain"),
        (b"409 Conflict\r\nContent-Length: 0\r\n\r\n", "status 409"),
        (b"301 Moved Permanently\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "status 301"),
    ],
    ids=["a message", "a text", "nothing", "elsewhere"],
)
def test_what_an_engine_refuses_it_explains(said: bytes, explanation: str) -> None:
    with saying(b"HTTP/1.1 " + said) as (wire, _), pytest.raises(Refused) as refused:
        wire.ask(Call("GET", "/info"))
    with saying(b"HTTP/1.1 " + said) as (wire, _), pytest.raises(Refused), wire.attached("id"):
        pass

    assert refused.value.explanation == explanation
    assert refused.value.status_code == int(said[:3])


def test_no_more_is_taken_than_was_asked_for() -> None:
    with saying(chunked(b"x" * 1000)) as (wire, _), pytest.raises(TooLarge):
        wire.ask(Call("GET", "/archive", most=999))
    with saying(chunked(b"x" * 1000)) as (wire, _):
        assert len(wire.ask(Call("GET", "/archive", most=1000)).body) == 1000


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", chunked(b"half")[:-5], b"SSH-2.0-OpenSSH\r\n"],
    ids=["nothing", "half", "a chunk", "another protocol"],
)
def test_an_answer_that_breaks_off_is_none(said: bytes) -> None:
    with saying(said) as (wire, _), pytest.raises(ConnectionError):
        wire.ask(Call("GET", "/info"))


def test_an_answer_that_is_no_json_is_none() -> None:
    for said in (b"<html>", b""):
        with saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said)) as (wire, _):
            answer = wire.ask(Call("GET", "/info"))
        with pytest.raises(ConnectionError, match="no answer of an engine"):
            answer.json()


def test_who_answers_and_is_no_engine_is_told() -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
    with saying(said) as (wire, _), pytest.raises(EnvironmentFailed, match="this is no engine"):
        connect({"DOCKER_HOST": f"unix://{wire.path}"})


@pytest.mark.parametrize(
    "name", ["../version", "../containers/json?all=1#", "a/../../info", "%2e%2e/version"]
)
def test_a_name_leads_to_no_other_call(engine: Daemon, name: str) -> None:
    with connect(os.environ) as found, suppress(EnvironmentFailed):
        assert images.find(found, name) is None


def test_what_is_sent_is_json(engine: Daemon) -> None:
    with connect(os.environ) as found:
        assert found.socket == engine.host.removeprefix("unix://")
        filters = json.dumps({"reference": [engine.image]})
        (image,) = found.ask("GET", "/images/json", filters=filters)

    assert image["RepoTags"] == [engine.image]
    assert Path(found.socket).is_socket()

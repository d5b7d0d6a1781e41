"""Who may call at all. Each test sends one request that only its guard refuses."""

import base64
import socket

import pytest

from runner.server.loopback import Loopback
from runner.tracking import Store
from runner.tracking.model import Run
from tests.server.conftest import API, Answer, Caller


def port(endpoint: Loopback) -> str:
    return endpoint.uri.rpartition(":")[2]


def tag(call: Caller, run: Run, headers: dict[str, str]) -> Answer:
    body = f'{{"run_id": "{run.id}", "key": "a", "value": "b"}}'
    return call.send("POST", f"{API}runs/set-tag", body, {"Content-Type": "application/json", **headers})


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer wrong",
        "Bearer wröng",
        "Token {token}",
        "Basic {token}",
        basic("wrong"),
        "Basic /w==",
    ],
)
def test_without_the_token_nothing_is_told(authorization: str, run: Run, call: Caller) -> None:
    authorization = authorization.format(token=call.endpoint.token)

    answer = call.send(
        "GET",
        f"{API}runs/get?run_id={run.id}",
        headers={"Authorization": authorization.encode().decode("latin-1")},
    )

    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    challenge = answer.headers["www-authenticate"]
    assert challenge == 'Basic realm="runner", charset="UTF-8", Bearer realm="runner"'


def test_the_token_is_taken_as_a_password_too(run: Run, call: Caller) -> None:
    """A client that finds a user and a password sends those, and no token."""
    assert tag(call, run, {"Authorization": basic(call.endpoint.token)}).status == 200


def test_health_and_version_need_no_token(call: Caller) -> None:
    call.headers.clear()

    assert [call.send("GET", path).status for path in ("/health", "/version")] == [200, 200]
    assert call.send("GET", "/api/anything").status == 401


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        "attacker.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.attacker.example:{port}",
        "",
    ],
)
def test_a_name_that_is_not_ours_is_refused(host: str, run: Run, call: Caller) -> None:
    answer = call.send(
        "GET", f"{API}runs/get?run_id={run.id}", headers={"Host": host.format(port=port(call.endpoint))}
    )

    assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_names_of_this_machine_are_ours(host: str, call: Caller) -> None:
    assert call.send("GET", "/health", headers={"Host": f"{host}:{port(call.endpoint)}"}).status == 200


def test_a_second_host_header_does_not_slip_through(call: Caller) -> None:
    name, number = call.address.split(":")
    with socket.create_connection((name, int(number)), timeout=30) as connection:
        connection.sendall(
            f"GET /health HTTP/1.1\r\nHost: {call.address}\r\nHost: attacker.example\r\n\r\n".encode()
        )
        assert connection.recv(100).split()[1] in {b"400", b"403"}


@pytest.mark.parametrize(
    "origin", ["http://attacker.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1"]
)
def test_pages_of_others_change_nothing(origin: str, store: Store, run: Run, call: Caller) -> None:
    answer = tag(call, run, {"Origin": origin.format(port=port(call.endpoint))})

    assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")
    assert "a" not in store.run(run.id).tags


def test_our_own_pages_may_write(run: Run, call: Caller) -> None:
    assert tag(call, run, {"Origin": call.endpoint.uri}).status == 200


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.server.access.guard.LARGEST", 1000)


def test_a_request_that_says_that_it_is_too_large_is_not_read(small: None, run: Run, call: Caller) -> None:
    answer = call.send("POST", f"{API}runs/set-tag", b"{}", {"Content-Length": "1001"})

    assert (answer.status, answer.code) == (413, "BAD_REQUEST")


def test_a_request_that_turns_out_too_large_is_not_read_to_its_end(
    small: None, run: Run, call: Caller
) -> None:
    name, number = call.address.split(":")
    with socket.create_connection((name, int(number)), timeout=30) as connection:
        head = (
            f"POST {API}runs/set-tag HTTP/1.1\r\nHost: {call.address}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {call.endpoint.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        connection.sendall(head.encode() + b"3e9\r\n" + b" " * 1001 + b"\r\n")  # and never ends
        assert connection.recv(100).split()[1] == b"413"

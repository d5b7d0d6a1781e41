"""Who may call at all. Each test sends one request that only its guard refuses."""

import base64
import socket

import pytest
from starlette.requests import Request

from runner.errors import UsageError
from runner.server.access import guard
from runner.server.access.hosts import OWN, Hosts
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


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_says_comes_from_elsewhere_changes_nothing(site: str, run: Run, call: Caller) -> None:
    """Some browsers leave Origin out; this they say of each request."""
    assert tag(call, run, {"Sec-Fetch-Site": site}).status == 403
    assert tag(call, run, {"Sec-Fetch-Site": "same-origin"}).status == 200


def raw(call: Caller, head: str) -> bytes:
    """The beginning of the answer to these lines; `{host}` and `{token}` are ours."""
    name, number = call.address.split(":")
    told = head.format(host=call.address, token=call.endpoint.token).replace("\n", "\r\n")
    with socket.create_connection((name, int(number)), timeout=30) as connection:
        connection.sendall(f"{told}\r\n\r\n".encode())
        return connection.recv(1000)


AUTHORIZED = "Authorization: Bearer {token}"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /health HTTP/1.1\nHost: {host}", b"200"),
        ("GET /health HTTP/1.1", b"403"),  # no host at all
        ("GET /health HTTP/1.0", b"403"),
        ("GET http://{host}/health HTTP/1.1\nHost: {host}", b"200"),  # as to a proxy
        ("GET http://{host}/health HTTP/1.1\nHost: attacker.example", b"403"),
        ("GET /health HTTP/1.1\nHost: attacker.example\nX-Forwarded-Host: {host}", b"403"),
        ("GET /health HTTP/1.1\nHost: attacker.example\nForwarded: host={host}", b"403"),
        ("GET /api/2.0/mlflow/x HTTP/1.1\nHost: {host}\nX-Forwarded-For: 127.0.0.1", b"401"),
        (f"GET /api/2.0/mlflow/x HTTP/1.1\nHost: {{host}}\n{AUTHORIZED}\n{AUTHORIZED}", b"400"),
        ("OPTIONS * HTTP/1.1\nHost: {host}", b"401"),
        ("HEAD /api/2.0/mlflow/runs/get HTTP/1.1\nHost: {host}", b"401"),
        ("CONNECT attacker.example:80 HTTP/1.1\nHost: {host}", b"400"),
    ],
)
def test_requests_in_odd_forms_get_no_further(head: str, status: bytes, call: Caller) -> None:
    assert raw(call, head).split()[1] == status


def test_every_answer_keeps_browsers_from_guessing_and_framing(run: Run, call: Caller) -> None:
    path = f"{API}runs/get?run_id={run.id}"
    for answer in (call.send("GET", path), call.send("GET", path, headers={"Authorization": ""})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors")
        assert "server" not in answer.headers


# Class 7: a name of the attacker that resolves to our address ------------------------------------------------

REBOUND = ["127.0.0.1.attacker.example:{port}", "localhost.attacker.example:{port}", "127.0.0.1@x:{port}"]


@pytest.mark.parametrize("host", REBOUND)
def test_a_name_that_begins_like_ours_is_not_ours(
    host: str, run: Run, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attack() -> int:
        headers = {"Host": host.format(port=port(call.endpoint))}
        return call.send("GET", f"{API}runs/get?run_id={run.id}", headers=headers).status

    assert attack() == 403

    def weakened(_hosts: Hosts, host: str, _server: object) -> tuple[str, ...] | None:
        return () if host.startswith(OWN) else None

    monkeypatch.setattr(Hosts, "origins", weakened)
    assert attack() == 200


@pytest.mark.parametrize("name", ["*", "*.example.org", "10.*", "", "a b", "http://a", "a:b", "a/b", "[::1"])
def test_patterns_are_no_names(name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a host"):
        Hosts([name])


def test_names_that_are_allowed_are_ours_with_our_port_and_without() -> None:
    hosts = Hosts(["Runs.example.org", "other.example.org:8443"])
    server = ("10.1.2.3", 5000)

    assert hosts.origins("runs.example.org", server) == (
        "http://runs.example.org",
        "https://runs.example.org",
    )
    assert hosts.origins("RUNS.example.org:5000", server) is not None
    assert hosts.origins("10.1.2.3:5000", server) == ("http://10.1.2.3:5000",)
    for host in ("other.example.org", "runs.example.org:80", "xruns.example.org", "10.1.2.4:5000", ""):
        assert hosts.origins(host, server) is None
    assert hosts.origins("other.example.org:8443", server) is not None


# Class 8: pages of others that have a browser write for them -------------------------------------------------


@pytest.mark.parametrize("origin", ["http://attacker.example", "null"])
def test_a_page_of_others_cannot_write(
    origin: str, run: Run, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tag(call, run, {"Origin": origin}).status == 403

    monkeypatch.setattr(guard, "check_origin", lambda *_: None)  # weakened
    assert tag(call, run, {"Origin": origin}).status == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_form_cannot_write(kind: str, run: Run, call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form needs no leave of ours to be sent, but it cannot say that it is JSON."""
    assert tag(call, run, {"Content-Type": kind}).status == 400

    async def weakened(request: Request) -> bytes:
        return await request.body()

    monkeypatch.setattr("runner.server.app._json_body", weakened)
    assert tag(call, run, {"Content-Type": kind}).status == 200


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

"""Who is told how a firing ended: commands, webhooks, apprise."""

import http.server
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from runner.scheduling.hooks import Fact, tell
from runner.tracking.schedules import Event
from tests.scheduling.test_times import moment

FACT = Fact(
    event=Event.FAILURE,
    schedule="nightly",
    state="failed",
    scheduled_for=moment("2026-11-21T02:50"),
    attempt=2,
    reason="program: exit code 3",
    run_id="abc",
)


@dataclass
class Hearing:
    """A web server, and what it was told."""

    address: str = ""
    answer: int = 200
    heard: list[tuple[str, dict[str, object]]] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Hearing]:
    hearing = Hearing()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hearing.heard.append((self.path, json.loads(body)))
            self.send_response(hearing.answer)
            self.send_header("Location", f"{hearing.address}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - http.server's

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hearing.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield hearing
        finally:
            server.shutdown()
            thread.join()


def told(*targets: str, environ: Mapping[str, str] = {}) -> list[str]:
    """What went wrong."""
    said: list[str] = []
    tell(FACT, targets, environ=environ, say=said.append)
    return said


def test_a_webhook_gets_the_facts_as_json() -> None:
    with listening() as hearing:
        said = told(f"{hearing.address}/hook")

    assert said == []
    ((path, facts),) = hearing.heard
    assert (path, facts) == (
        "/hook",
        {
            "event": "failure",
            "schedule": "nightly",
            "state": "failed",
            "scheduled_for": "2026-11-21T02:50:00Z",
            "attempt": 2,
            "reason": "program: exit code 3",
            "run_id": "abc",
        },
    )


@pytest.mark.parametrize("answer", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(answer: int) -> None:
    with listening() as hearing:
        hearing.answer = answer
        said = told(f"{hearing.address}/hook")

    assert [path for path, _ in hearing.heard] == ["/hook"]
    assert said == [f"nightly: hook 1 for failure failed: the answer was {answer}"]


def test_an_address_that_is_secret_comes_from_the_environment_and_is_never_said() -> None:
    with listening() as hearing:
        hearing.answer = 500
        said = told("env:HOOK", environ={"HOOK": f"{hearing.address}/secret"})

    assert [path for path, _ in hearing.heard] == ["/secret"]
    assert said == ["nightly: hook 1 for failure failed: the answer was 500"]


def test_what_cannot_be_told_is_said_and_the_others_are_told() -> None:
    with listening() as hearing:
        said = told("env:NOTHING", "/no/such/program", "http://127.0.0.1:9/", "false", hearing.address)

    assert [line.removeprefix("nightly: hook ").split(":")[0] for line in said] == [
        f"{number} for failure failed" for number in (1, 2, 3, 4)
    ]
    assert "the environment variable NOTHING is not set" in said[0]
    assert "exit code 1" in said[3]
    assert len(hearing.heard) == 1


def test_apprise_is_told_if_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, str, str]] = []

    class Apprise:
        def add(self, address: str) -> bool:
            self.address = address
            return address.startswith("json://")

        def notify(self, *, title: str, body: str) -> bool:
            heard.append((self.address, title, body))
            return True

    monkeypatch.setitem(sys.modules, "apprise", SimpleNamespace(Apprise=Apprise))
    said = told("apprise:json://localhost", "apprise:nonsense")
    monkeypatch.setitem(sys.modules, "apprise", None)
    said += told("apprise:json://localhost")

    assert heard == [
        (
            "json://localhost",
            "nightly: failed",
            "the firing of 2026-11-21T02:50:00Z failed: program: exit code 3 (run abc)",
        )
    ]
    assert "apprise could not tell it" in said[0]
    assert "pip install 'runner[apprise]'" in said[1]

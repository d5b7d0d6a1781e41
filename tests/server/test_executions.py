"""Starting runs from the UI: by whom, what exactly is started, and that a server which was not told to starts nothing."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runner.errors import Unavailable
from runner.server.errors import Malformed
from runner.server.mlflow import wire
from runner.server.native.executions import Execute, command
from runner.server.starting import Started
from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.model import RunStatus
from tests.conftest import Cli, Files
from tests.server.listening import call
from tests.server.roles import Server, serving
from tests.server.servers import RunningServer, running_server

EXECUTIONS = "/api/runner/1/executions"
each = pytest.mark.parametrize


@dataclass
class Waiting:
    """A process that has its run at once, and goes on."""

    arguments: Sequence[str]
    user: str
    run_id: str | None
    id: str = "a1"
    began: int = 1
    code: int | None = None
    tail: str = ""
    stopped: int = 0

    def stop(self) -> None:
        self.stopped += 1


@dataclass
class Starter:
    """Starts nothing, and keeps what it was asked for: one process at once."""

    run_id: str = ""
    asked: list[Waiting] = field(default_factory=list)

    def start(self, arguments: Sequence[str], *, user: str) -> Started:
        if self.asked:
            raise Unavailable("as many as may run at once do")
        self.asked.append(Waiting(arguments, user, self.run_id))
        return self.asked[-1]

    def all(self) -> Sequence[Started]:
        return self.asked


@pytest.fixture
def starter() -> Starter:
    return Starter()


@pytest.fixture
def server(tmp_path: Path, new_database: bytes, starter: Starter) -> Iterator[Server]:
    with serving(tmp_path, new_database, starting=starter) as (server, _):
        yield server


def asked(**fields: Any) -> Execute:
    return wire.decoded(Execute, json.dumps(fields).encode())


def test_only_who_may_change_the_experiment_starts_a_run_in_it(server: Server, starter: Starter) -> None:
    world = server.world()
    run, starter.run_id = world.names["run"], world.names["run"]
    again = {"kind": "rerun", "run": run, "parameters": {"lr": "0.1"}}

    refused = [
        server.send(role, "POST", EXECUTIONS, body=again).status for role in (None, "outsider", "reader")
    ]
    assert (refused, starter.asked) == ([401, 404, 403], [])
    started = server.send("editor", "POST", EXECUTIONS, body=again)

    assert (started.status, started.body["run_id"], started.body["user"]) == (200, run, "editor")
    assert starter.asked[0].arguments == (
        "rerun", f"--experiment-name={world.names['name']}", "--param-list=lr=0.1", "--", run
    )  # fmt: skip
    assert server.store.run(run).tags["runner.started_by"] == "editor"


def test_a_project_is_run_in_an_experiment_that_the_caller_may_change(
    server: Server, starter: Starter
) -> None:
    names = server.world().names
    experiment, starter.run_id = names["experiment"], names["run"]
    run = {"kind": "run", "uri": "https://example.org/p.git", "experiment_id": experiment}

    refused = [server.send(role, "POST", EXECUTIONS, body=run).status for role in ("outsider", "reader")]

    assert (refused, starter.asked) == ([404, 403], [])
    assert server.send("editor", "POST", EXECUTIONS, body=run).status == 200
    assert starter.asked[0].arguments[-2:] == ("--", "https://example.org/p.git")


def test_who_may_not_read_the_run_neither_sees_nor_stops_it(server: Server, starter: Starter) -> None:
    starter.run_id = server.world().names["run"]
    again = {"kind": "rerun", "run": starter.run_id}
    assert server.send("editor", "POST", EXECUTIONS, body=again).status == 200
    stop = f"{EXECUTIONS}/a1/stop"

    listed = [len(server.send(role, "GET", EXECUTIONS).body["executions"]) for role in ("outsider", "reader")]
    stopped = [server.send(role, "POST", stop, body={}).status for role in ("outsider", "reader", "owner")]

    assert (listed, stopped, starter.asked[0].stopped) == ([0, 1], [404, 403, 200], 1)


def test_no_more_than_so_many_are_started_at_once(server: Server, starter: Starter) -> None:
    starter.run_id = server.world().names["run"]
    again = {"kind": "reproduce", "run": starter.run_id}

    assert server.send("editor", "POST", EXECUTIONS, body=again).status == 200
    assert server.send("editor", "POST", EXECUTIONS, body=again).status == 503


def test_a_server_that_was_not_told_to_starts_nothing_and_says_the_command(
    tmp_path: Path, new_database: bytes
) -> None:
    with serving(tmp_path, new_database) as (server, _):
        run = server.world().names["run"]
        again = {"kind": "rerun", "run": run, "parameters": {"note": "two words; rm -rf /"}}

        answer = server.send("admin", "POST", EXECUTIONS, body=again)

    assert answer.status == 403
    assert "--allow-run" in answer.body["message"]
    assert answer.body["command"].endswith(f"'--param-list=note=two words; rm -rf /' -- {run}")


def test_a_form_of_another_page_starts_nothing(server: Server, starter: Starter) -> None:
    body = json.dumps({"kind": "rerun", "run": server.world().names["run"]})

    answer = server.form(EXECUTIONS, body, {"Authorization": f"Bearer {server.token('editor', 'x')}"})

    assert (answer.status, starter.asked) == (400, [])


@each(
    "fields",
    [
        {"kind": "rerun", "run": "--code=/etc"},
        {"kind": "rerun", "run": "a" * 32, "code": "/etc"},
        {"kind": "rerun", "run": "a" * 32, "code": "./x"},
        {"kind": "rerun", "run": "a" * 32, "code": "x/../../etc"},
        {"kind": "rerun", "run": "a" * 32, "code": "--quiet"},
        {"kind": "rerun", "run": "a" * 32, "env": "../x"},
        {"kind": "rerun", "run": "a" * 32, "parameters": {"a=b": "c"}},
        {"kind": "rerun", "run": "a" * 32, "parameters": {"a": "b\0"}},
        {"kind": "rerun", "run": "a" * 32, "run_name": "a\0"},
        {"kind": "rerun", "run": "a" * 32, "seed": -1},
        {"kind": "run", "uri": "--help"},
        {"kind": "server", "run": "a" * 32},
        {"kind": "rerun"},
        {"kind": "run"},
    ],
)
def test_what_is_no_such_request_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        command(asked(**fields), "default")


def test_no_value_is_taken_for_an_option() -> None:
    values = {"a": "--code=/etc", "--code": "/etc", "b": "-q"}

    words = command(asked(kind="rerun", run="a" * 32, parameters=values, run_name="--quiet"), "--json")

    assert words == (
        "rerun", "--experiment-name=--json", "--run-name=--quiet", "--param-list=a=--code=/etc",
        "--param-list=--code=/etc", "--param-list=b=-q", "--", "a" * 32,
    )  # fmt: skip


# A real one -----------------------------------------------------------------------------------------------
PROJECT = {
    "MLproject": "name: p\nentry_points:\n  main:\n    parameters: {n: {type: int, default: 1}}\n"
    '    command: "echo begun; sleep {n}"\n'
}


@pytest.fixture
def allowed(cli: Cli, files: Files, settings: Settings) -> Iterator[tuple[RunningServer, str]]:
    """A server that may start runs, and a run."""
    project = files(PROJECT)
    assert cli("run", str(project), "-P", "n=0", "--env-manager", "local").code == 0
    with closing(open_database_store(settings)) as store:
        (run,) = store.search_runs(limit=1).items
    with running_server("--allow-run", environ=dict(os.environ)) as server:
        yield server, run.id


def _post(server: RunningServer, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    return call(server.uri, "POST", path, body)


def test_a_run_is_run_again_beside_the_server_and_stopped_from_the_page(
    allowed: tuple[RunningServer, str], settings: Settings
) -> None:
    server, run = allowed

    status, started = _post(server, "/executions", {"kind": "rerun", "run": run, "parameters": {"n": "60"}})
    assert (status, started["exit_code"]) == (200, None)
    new = started["run_id"]
    assert new not in {None, run}
    assert _post(server, f"/executions/{new}/stop", {})[0] == 200

    with closing(open_database_store(settings)) as store:
        deadline = time.monotonic() + 20
        while not store.run(new).status.ended and time.monotonic() < deadline:
            time.sleep(0.1)
        assert (store.run(new).status, store.run(new).params) == (RunStatus.KILLED, {"n": "60"})


def test_what_came_to_no_run_says_why(allowed: tuple[RunningServer, str]) -> None:
    server, run = allowed

    _, started = _post(server, "/executions", {"kind": "rerun", "run": run, "code": "no-such-ref"})

    assert started["exit_code"] not in {None, 0}
    assert "no-such-ref" in started["tail"]

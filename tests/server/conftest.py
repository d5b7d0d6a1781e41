"""A store, a run in it, and an endpoint for that run; `call` speaks HTTP with it, `program` runs Python code inside the run."""

import http.client
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import pytest

from runner.server.access.scope import RunScope
from runner.server.loopback import Loopback
from runner.settings import Settings
from runner.tracking import Store, open_store
from runner.tracking.model import Run, RunStatus

API = "/api/2.0/mlflow/"


@dataclass(frozen=True)
class Answer:
    """Status, headers in small letters, and the body: decoded JSON, or else text."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        """MLflow's error code; "" for an answer that is no error."""
        return str(self.body.get("error_code", "")) if isinstance(self.body, dict) else ""

    @property
    def message(self) -> str:
        """The message of an error."""
        return str(self.body["message"])


@dataclass
class Caller:
    """Plain HTTP with an endpoint, a connection for each call."""

    endpoint: Loopback
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.address = self.endpoint.uri.removeprefix("http://")
        self.headers = {"Authorization": f"Bearer {self.endpoint.token}"}

    def get(self, path: str, **query: object) -> Answer:
        return self.send("GET", f"{API}{path}?{urlencode(query, doseq=True)}")

    def post(self, path: str, **body: object) -> Answer:
        return self.json("POST", API + path, body)

    def json(self, method: str, path: str, body: object) -> Answer:
        return self.send(method, path, json.dumps(body), {"Content-Type": "application/json"})

    def send(
        self, method: str, path: str, body: str | bytes | None = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body, {**self.headers, **headers})
            response = connection.getresponse()
            content = response.read()
            kind = response.headers["Content-Type"] or ""
            decoded = json.loads(content) if kind.startswith("application/json") else content.decode()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, decoded)
        finally:
            connection.close()


@dataclass(frozen=True)
class Outcome:
    """How a program ended; `said` is the JSON that it printed in one line, last."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> Any:
        return json.loads([line for line in self.out.splitlines() if line.startswith(("{", "["))][-1])


class Open(Protocol):
    """Opens an endpoint for a run; closed at the end of the test."""

    def __call__(self, *, explicit: bool = ..., run: Run = ...) -> Loopback: ...


Program = Callable[..., Outcome]


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database as the first command makes it; copied, because making one takes longer than most tests."""
    home = tmp_path_factory.mktemp("template")
    open_store(Settings.from_environ({"RUNNER_HOME": str(home)})).close()
    return (home / "runner.db").read_bytes()


@pytest.fixture
def store(home: Path, new_database: bytes) -> Iterator[Store]:
    home.mkdir()
    (home / "runner.db").write_bytes(new_database)
    store = open_store(Settings.from_environ(os.environ))
    yield store
    store.close()


@pytest.fixture
def run(store: Store) -> Run:
    """The run that the program belongs to, as its launcher made it."""
    return store.create_run("0", name="mine", user="ann", status=RunStatus.RUNNING, params={"given": "1"})


@pytest.fixture
def open_endpoint(store: Store, run: Run) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_(*, explicit: bool = False, run: Run = run) -> Loopback:
            scope = RunScope(run.id, run.experiment_id, explicit)
            return stack.enter_context(Loopback.open(lambda: store, scope))

        yield open_


@pytest.fixture
def endpoint(open_endpoint: Open) -> Loopback:
    return open_endpoint()


@pytest.fixture
def call(endpoint: Loopback) -> Caller:
    return Caller(endpoint)


@pytest.fixture
def program(tmp_path: Path, run: Run) -> Program:
    """Run Python code as `runner run` would: `program(endpoint, "import mlflow; ...")`."""

    def execute(endpoint: Loopback, code: str, *, run: Run = run) -> Outcome:
        variables = {
            **os.environ,
            **endpoint.variables(os.environ),
            "MLFLOW_RUN_ID": run.id,
            "MLFLOW_EXPERIMENT_ID": run.experiment_id,
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # a server error is a failure here, not four minutes of patience
        }
        script = tmp_path / "program.py"
        script.write_text(textwrap.dedent(code))
        done = subprocess.run(
            [sys.executable, script],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return execute

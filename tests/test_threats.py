"""Kinds of attacks that MLflow and programs like it have suffered, each with the guard that holds it off.

Every test makes its attack twice: with the guard as it is, and with a weakened one, where it has to succeed. A test whose attack
fails on both sides would tell nothing. Attacks on artifacts and on access have tests of their own: tests/server/test_artifact_paths.py,
tests/server/test_guard.py, tests/server/test_access.py.
"""

import ast
import json
import os
import pickle
import shlex
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

import runner
from runner.server.access import guard
from runner.server.access.caller import anybody
from runner.server.app import Tracking, create_app
from runner.server.places import Places
from runner.server.writer import Writer
from runner.settings import Settings
from runner.tracking import Store, checks, open_store
from runner.tracking.database import sqlite
from runner.tracking.sql import conditions
from tests.conftest import Cli, Files
from tests.server.inprocess import answering

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with closing(open_store(settings)) as store:
        yield store


@pytest.fixture
def ask(store: Store, settings: Settings) -> Iterator[Ask]:
    """POST to a public server over the store; status and decoded answer."""
    with ExitStack() as stack:
        writer = Writer(store)
        stack.callback(writer.close)
        places = Places(root=settings.artifact_root, proxied=True)
        app = create_app(Tracking(store, places, writer), authenticate=anybody)
        uri = stack.enter_context(answering(app))

        def post(path: str, **body: object) -> tuple[int, Any]:
            request = urllib.request.Request(
                f"{uri}/api/2.0/mlflow/{path}",
                json.dumps(body).encode(),
                {"Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.status, json.loads(answer.read())
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, json.loads(error.read())
            except urllib.error.URLError:
                return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, None  # the server hung up before it had heard all

        yield post


# 4: a storage root that a client chooses -------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc", "/etc", "etc", "file:etc#/..", "mlflow-artifacts:/../../etc", "http://host/x", "dbfs:/x",
        "s3://root/1/%2e%2e/7?x=", "s3://root/1/../7", "s3://root/7#", "s3://root/1/.\t./7", "s3://root//7", "s3://root/%37",
    ],
)  # fmt: skip
def test_no_request_names_a_place_on_the_servers_machine_or_what_looks_like_another_one(
    ask: Ask, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, answer = ask("experiments/create", name="a", artifact_location=location)
    assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")

    monkeypatch.setattr(Places, "kept", lambda _, given: given)
    assert ask("experiments/create", name="a", artifact_location=location)[0] == 200


# 6: requests that the server is made to send -----------------------------------------------------------------


def test_no_request_makes_the_server_send_one(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with _canary() as (uri, called):
        for path, body in (
            ("experiments/create", {"name": "a", "artifact_location": f"{uri}/a"}),
            ("registered-models/create", {"name": "m"}),
            ("model-versions/create", {"name": "m", "source": f"{uri}/m"}),
            ("registry-webhooks/create", {"url": f"{uri}/hook"}),
        ):
            ask(path, **body)
        assert not called.is_set()

        def fetching(_: Places, given: str) -> str:
            urllib.request.urlopen(given, timeout=5).close()
            return given

        monkeypatch.setattr(Places, "kept", fetching)
        ask("experiments/create", name="b", artifact_location=f"{uri}/a")
        assert called.is_set()


@contextmanager
def _canary() -> Iterator[tuple[str, threading.Event]]:
    """A server that only tells whether anybody called."""
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                called.set()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", called
        listening.shutdown(socket.SHUT_RDWR)


# 12: names that look alike ----------------------------------------------------------------------------------

ALIKE = ["churn\u200b", "churn%00", "churn%2e", "churn\x00", "churn\n", "\uff43hurn", "a/b", "a:b", "churn#1"]


@pytest.mark.parametrize("name", ALIKE)
def test_no_name_of_a_model_can_be_taken_for_another(
    ask: Ask, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, answer = ask("registered-models/create", name=name)
    assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")

    monkeypatch.setattr(checks, "model_name", lambda given: given)
    assert ask("registered-models/create", name=name)[0] == 200


# 13: requests that are too much -----------------------------------------------------------------------------


def test_no_request_is_larger_than_the_server_can_bear(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ask("runs/create", experiment_id="0")[1]["run"]["info"]["run_id"]
    tags = [{"key": f"k{number}", "value": "x" * 8000} for number in range(100)]
    assert ask("runs/log-batch", run_id=run, tags=tags)[0] == 200
    monkeypatch.setattr(guard, "LARGEST", 100_000)
    assert ask("runs/log-batch", run_id=run, tags=tags)[0] == 413


@pytest.mark.parametrize(
    ("asked", "limit", "name"),
    [
        ({"filter": " AND ".join(["metrics.a > 1"] * 5000)}, "MOST_CLAUSES", "filters.parser"),
        ({"order_by": [f"metrics.a{number}" for number in range(60)]}, "MOST_ORDERS", "filters.parser"),
        ({"max_results": 10**9}, "LIMIT", "checks"),
    ],
)
def test_no_search_asks_for_more_than_a_database_can_do(
    ask: Ask, asked: dict[str, object], limit: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, answer = ask("runs/search", experiment_ids=["0"], **asked)
    assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")

    monkeypatch.setattr(f"runner.tracking.{name}.{limit}", 10**12)
    weak = ask("runs/search", experiment_ids=["0"], **asked)  # it reaches the database, or is served
    assert weak[0] in {200, 503}


# 14: models that are unpickled -------------------------------------------------------------------------------

PICKLES = {"pickle", "cloudpickle", "joblib", "dill", "shelve", "marshal", "torch"}


def test_nothing_here_can_unpickle(tmp_path: Path) -> None:
    root = Path(runner.__file__).parent
    assert {path.name: found for path in root.rglob("*.py") if (found := _unpickling(path.read_text()))} == {}

    for weak in (
        "import pickle",
        "from joblib import load",
        "def f():\n    import torch.serialization",
        "import numpy as np\nnp.load(file)",
    ):
        assert _unpickling(weak)
    assert pickle.loads(pickle.dumps(1)) == 1  # what the server must never do


def _unpickling(source: str) -> set[str]:
    """What in the source can unpickle: modules that are imported anywhere, and numpy's `load`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {"np.load", "numpy.load"}:
            found.add("pickle")
    return found & PICKLES


# 15: project files and parameters that run what they like ----------------------------------------------------


@pytest.mark.parametrize("value", ["$(touch pwned)", "`touch pwned`", "; touch pwned", "\ntouch pwned"])
def test_a_parameter_is_a_text_and_never_a_command(
    cli: Cli, files: Files, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = files(
        {"MLproject": "entry_points: {main: {parameters: {note: string}, command: 'true {note} > seen'}}"}
    )
    pwned = project / "pwned"

    assert cli("run", project, "-P", f"note={value}").code == 0
    assert not pwned.exists()

    monkeypatch.setattr(shlex, "quote", lambda text: text)
    cli("run", project, "-P", f"note={value}")
    assert pwned.exists()


# 16: files that others on the machine may read or have put there ----------------------------------------------


def test_the_store_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def readable(name: str) -> set[str]:
        settings = Settings.from_environ({"RUNNER_HOME": str(tmp_path / name)})
        with closing(open_store(settings)) as store:
            store.create_run("0")
            files = [path for path in (tmp_path / name).glob("runner.db*") if not path.name.endswith(".lock")]
            return {path.name for path in files if path.stat().st_mode & 0o077}

    old = os.umask(0o022)
    try:
        assert readable("guarded") == set()

        monkeypatch.setattr(sqlite, "OWNER_ONLY", 0o644)
        assert "runner.db" in readable("weak")
    finally:
        os.umask(old)


# 17: SQL in filters and keys ---------------------------------------------------------------------------------

INJECTIONS = [
    ("tags.a = \"x' OR '1'='1\"", []),
    ("params.`a') OR (1=1` = 'x'", []),
    ("", ["metrics.`a'); DELETE FROM runner_runs; --` DESC"]),
]


@pytest.mark.parametrize(("condition", "order"), INJECTIONS)
def test_what_a_search_asks_for_never_becomes_sql(
    ask: Ask, store: Store, condition: str, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create_run("0")
    status, answer = ask("runs/search", experiment_ids=["0"], filter=condition, order_by=order)
    assert status == 200
    assert [found["info"]["run_id"] for found in answer.get("runs", [])] == ([run.id] if order else [])

    monkeypatch.setattr(
        conditions.Sql, "bind", lambda _, value: f"'{value}'" if isinstance(value, str) else str(value)
    )
    weak_status, weak = ask("runs/search", experiment_ids=["0"], filter=condition, order_by=order)
    assert weak_status != 200 or len(weak.get("runs", [])) == 1  # the text has become a part of the statement

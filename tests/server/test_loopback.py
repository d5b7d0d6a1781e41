"""The endpoint's life: it costs nothing until somebody connects, and ends when it is told to."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from statistics import median
from typing import Any

import pytest

from runner.server.access.scope import RunScope
from runner.server.loopback import PATIENCE, Loopback
from runner.server.serving import GRACE
from runner.tracking import Store
from runner.tracking.model import Run, RunStatus
from runner.tracking.sql.store import SqlStore
from tests.server.conftest import Caller, Open


def test_nothing_is_imported_before_somebody_connects() -> None:
    code = """
        import sys
        from runner.server.loopback import Loopback
        from runner.server.access.scope import RunScope
        with Loopback.open(lambda: None, RunScope("r", "0")) as endpoint:
            names = {name.partition(".")[0] for name in sys.modules}
            print(sorted(names & {"starlette", "uvicorn", "asyncio", "anyio", "logging", "http"}))
        print(endpoint.left_running, endpoint.trouble)
    """
    code = "\n".join(
        line.strip() if not line.startswith(" " * 12) else line[8:] for line in code.splitlines()
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("[]\n() None\n", "")


def test_an_idle_endpoint_closes_at_once_and_leaves_no_thread(store: Store, run: Run) -> None:
    threads = threading.active_count()
    asked: list[int] = []

    def opener() -> Store:
        asked.append(1)
        return store

    start = time.perf_counter()
    endpoint = Loopback.open(opener, RunScope(run.id, "0"))
    endpoint.close()
    endpoint.close()

    assert time.perf_counter() - start < PATIENCE / 2  # it was woken
    assert (threading.active_count(), asked) == (threads, [])
    with pytest.raises(ConnectionRefusedError):
        Caller(endpoint).get("runs/get", run_id=run.id)


def test_a_used_endpoint_closes_at_once_although_its_client_stays_connected(
    run: Run, endpoint: Loopback
) -> None:
    call = Caller(endpoint)
    name, number = call.address.split(":")
    with socket.create_connection((name, int(number)), timeout=30) as connection:
        connection.sendall(f"GET /health HTTP/1.1\r\nHost: {call.address}\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        start = time.perf_counter()

        endpoint.close()

        assert time.perf_counter() - start < GRACE / 2  # it did not wait for the client to leave
        assert connection.recv(1000) in {b"", b"OK"}  # what was left of the answer, or the end
    with pytest.raises(ConnectionRefusedError):
        call.get("runs/get", run_id=run.id)


def test_requests_that_are_being_answered_are_answered_before_the_end(
    store: Store, run: Run, endpoint: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, go_on = threading.Event(), threading.Event()
    log_all = SqlStore.log_all

    def slow(self: SqlStore, *arguments: Any, **more: Any) -> Any:
        arrived.set()
        go_on.wait(10)
        return log_all(self, *arguments, **more)

    monkeypatch.setattr(SqlStore, "log_all", slow)
    answers: list[int] = []
    call = Caller(endpoint)
    writing = threading.Thread(
        target=lambda: answers.append(call.post("runs/set-tag", run_id=run.id, key="a", value="b").status)
    )
    writing.start()
    assert arrived.wait(10)

    closing = threading.Thread(target=endpoint.close)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    go_on.set()
    closing.join(10)
    writing.join(10)

    assert (answers, closing.is_alive()) == ([200], False)
    assert store.run(run.id).tags["a"] == "b"


def test_an_endpoint_that_closes_while_it_wakes_up_ends_too(run: Run, store: Store) -> None:
    waking, closed = threading.Event(), threading.Event()

    def opener() -> Store:
        waking.set()
        closed.wait(10)
        return store

    endpoint = Loopback.open(opener, RunScope(run.id, "0"))
    with socket.create_connection(("127.0.0.1", int(endpoint.uri.rpartition(":")[2]))):
        assert waking.wait(10)
        closing = threading.Thread(target=endpoint.close)
        closing.start()
        closing.join(0.05)
        closed.set()
        closing.join(10)

    assert not closing.is_alive()
    assert endpoint.trouble is None


def test_a_store_that_cannot_be_opened_is_trouble_and_no_client_waits_for_it(run: Run) -> None:
    def opener() -> Store:
        raise OSError("gone")

    with Loopback.open(opener, RunScope(run.id, "0")) as endpoint:
        with pytest.raises(ConnectionError):
            Caller(endpoint).get("runs/get", run_id=run.id)
        endpoint.close()

    assert str(endpoint.trouble) == "gone"


def test_the_runs_that_were_left_running_are_reported_at_the_end(store: Store, open_endpoint: Open) -> None:
    endpoint = open_endpoint()
    call = Caller(endpoint)
    left, ended = (call.post("runs/create").body["run"]["info"]["run_id"] for _ in range(2))
    call.post("runs/update", run_id=ended, status="FINISHED", end_time=5)

    endpoint.close()

    assert endpoint.left_running == [left]
    assert store.run(ended).status is RunStatus.FINISHED


def test_the_variables_lead_a_client_to_us_past_proxies_and_other_servers_passwords(
    endpoint: Loopback,
) -> None:
    variables = endpoint.variables({"NO_PROXY": "intern.example", "MLFLOW_TRACKING_PASSWORD": "theirs"})

    assert variables["MLFLOW_TRACKING_URI"] == endpoint.uri
    assert variables["MLFLOW_TRACKING_TOKEN"] == variables["MLFLOW_TRACKING_PASSWORD"] == endpoint.token
    assert (variables["NO_PROXY"], variables["no_proxy"]) == ("intern.example,127.0.0.1", "127.0.0.1")


def test_answers_are_not_held_back(run: Run, call: Caller) -> None:
    """40 ms more for each request but the first ones of a connection, if the socket waited for acknowledgements."""

    def took(connection: http.client.HTTPConnection) -> float:
        start = time.perf_counter()
        connection.request("GET", f"/api/2.0/mlflow/runs/get?run_id={run.id}", headers=call.headers)
        connection.getresponse().read()
        return time.perf_counter() - start

    kept, later, first = http.client.HTTPConnection(call.address), [], []
    for _ in range(20):
        later.append(took(kept))
        with closing(http.client.HTTPConnection(call.address)) as fresh:
            first.append(took(fresh))
    kept.close()

    assert median(later) < median(first) + 0.03

"""What was acknowledged is there, whatever happens to the server."""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from runner.settings import Settings
from runner.tracking import Store, open_store
from runner.tracking.model import Metric, Run
from tests.server.servers import running_server
from tests.services.measuring import unmeasured

CLIENTS = 6
NOW = 1_700_000_000_000


@dataclass
class Told:
    """What clients sent, and of that what the server has acknowledged."""

    sent: set[tuple[str, int]] = field(default_factory=set)
    acknowledged: set[tuple[str, int]] = field(default_factory=set)
    runs_sent: set[str] = field(default_factory=set)
    runs: dict[str, str] = field(default_factory=dict)  # name -> id


@pytest.mark.slow
@pytest.mark.parametrize("kills", [10, pytest.param(50, marks=pytest.mark.nightly)])
def test_nothing_that_was_acknowledged_is_lost_or_doubled_when_the_server_is_killed(
    settings: Settings, kills: int
) -> None:
    with closing(open_store(settings)) as store:
        target = store.create_run("0").id
    told = Told()
    counter = iter(range(10**9))
    end = threading.Event()
    others = ThreadPoolExecutor(2)
    writing = others.submit(_write_beside, settings, target, told, counter, end)
    looking = others.submit(_look_beside, told, end)

    for _ in range(kills):
        with running_server(environ=unmeasured()) as server:
            stop = threading.Event()
            clients = [
                threading.Thread(target=_log, args=(server.uri, target, told, counter, stop), daemon=True)
                for _ in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            time.sleep(random.uniform(0.02, 0.3))
            os.kill(server.process.pid, signal.SIGKILL)
            stop.set()
            for client in clients:
                client.join(20)

    end.set()
    written, looks = writing.result(30), looking.result(30)

    with closing(open_store(settings)) as store:
        stored = Counter(
            (key, point.step)
            for key in ("single", "batch", "other", "beside")
            for point in store.metric_history(target, key)
        )
        runs = Counter(run.name for run in _all_runs(store) if run.id != target)
        made = {name: store.run(id_).name for name, id_ in told.runs.items()}
    assert len(told.acknowledged) - written > 10 * kills  # there was load
    assert written > kills
    assert looks > 3
    assert told.acknowledged <= stored.keys() <= told.sent
    assert set(stored.values()) == {1}
    assert told.runs.keys() <= runs.keys() <= told.runs_sent
    assert set(runs.values()) == {1}
    assert all(name == stored_name for name, stored_name in made.items())


def _write_beside(
    settings: Settings, run: str, told: Told, counter: Iterator[int], end: threading.Event
) -> int:
    """Another process than the server writes into the same file; how many points it was told are kept."""
    written = 0
    with closing(open_store(settings)) as store:
        while not end.wait(0.01):
            number = next(counter)
            point, name = ("beside", number), f"run-{number}"
            told.sent.add(point)
            told.runs_sent.add(name)
            store.log(run, metrics=[Metric("beside", 2.0, NOW, number)])
            told.acknowledged.add(point)
            told.runs[name] = store.create_run("0", name=name).id
            written += 1
    return written


def _look_beside(told: Told, end: threading.Event) -> int:
    """One process after another lists the newest runs: how many have, and each has seen what was acknowledged before."""
    looks = 0
    while not end.wait(1):
        before = set(told.runs.copy().values())
        command = [sys.executable, "-m", "runner", "runs", "list", "--limit", "50000", "--json"]
        listed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (listed.returncode, listed.stderr) == (0, "")
        assert before <= {run["run_id"] for run in json.loads(listed.stdout)}
        looks += 1
    return looks


def _all_runs(store: Store) -> Iterator[Run]:
    token = None
    while True:
        page = store.search_runs(experiment_ids=["0"], limit=1000, page_token=token)
        yield from page.items
        token = page.next_token
        if token is None:
            return


def _log(uri: str, run: str, told: Told, counter: Iterator[int], stop: threading.Event) -> None:
    """Requests of all kinds, one after another, until the server is gone."""
    connection = http.client.HTTPConnection(urlsplit(uri).netloc, timeout=20)
    with closing(connection):
        while not stop.is_set():
            number = next(counter)
            path, body, points = _request(run, number)
            told.sent |= points
            if path == "runs/create":
                told.runs_sent.add(f"run-{number}")
            try:
                connection.request(
                    "POST", f"/api/2.0/mlflow/{path}", json.dumps(body), {"Content-Type": "application/json"}
                )
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 200, text
            told.acknowledged |= points
            if path == "runs/create":
                told.runs[f"run-{number}"] = json.loads(text)["run"]["info"]["run_id"]


def _request(run: str, number: int) -> tuple[str, dict[str, object], set[tuple[str, int]]]:
    if number % 7 == 0:
        return "runs/create", {"experiment_id": "0", "run_name": f"run-{number}", "start_time": NOW}, set()
    if number % 5 == 0:
        points = [{"key": key, "value": 1.0, "timestamp": NOW, "step": number} for key in ("batch", "other")]
        return "runs/log-batch", {"run_id": run, "metrics": points}, {("batch", number), ("other", number)}
    point = {"key": "single", "value": 0.5, "timestamp": NOW, "step": number}
    return "runs/log-metric", {"run_id": run, **point}, {("single", number)}

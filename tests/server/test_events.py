"""Events of our own API: what other processes record arrives, once and in order, whatever happens to the connection."""

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from runner.server.access.passwords import new_token
from runner.server.native.events import reader
from runner.server.public import GRACE
from runner.settings import Settings
from runner.tracking import Store, open_store
from runner.tracking.access import Kind, Permission
from runner.tracking.logs import LogWriter
from runner.tracking.model import Lifecycle, Metric, Run, RunStatus
from tests.conftest import Files
from tests.server.listening import PATIENCE, Event, Listener, call, connected, listening, opened
from tests.server.roles import serving
from tests.server.servers import RunningServer, running_server
from tests.services.databases import DatabaseServer

# Logs and prints, with the time, three times, and goes on when that has been seen; what it needs starts in a moment.
PROGRAM = """
import json, os, time, urllib.request

for step in range(3):
    now = int(time.time() * 1000)
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": step, "timestamp": now, "step": step}
    request = urllib.request.Request(
        os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]},
    )
    urllib.request.urlopen(request).read()
    print("now", now, flush=True)
    while not os.path.exists(f"seen{step}"):
        time.sleep(0.01)
"""


@pytest.fixture
def server(store: Store) -> Iterator[RunningServer]:
    """A server of the same home and database that the test writes into."""
    with running_server() as server:
        yield server


def points(listener: Listener) -> list[tuple[int, float]]:
    return [(step, value) for data in listener.of("metrics") for step, _, value in data["points"]]


def printed(*listeners: Listener) -> str:
    lines = [line for listener in listeners for data in listener.of("log") for line in data["lines"]]
    return "".join(line["text"] for line in lines)


def printed_and_logged(listener: Listener, step: int, _: list[Event]) -> bool:
    return len(points(listener)) > step and printed(listener).count("now ") > step


def has(kind: str, **values: object) -> Any:
    """Whether there is such an event."""

    def check(events: list[Event]) -> bool:
        return any(
            event.kind == kind and all(event.data.get(name) == value for name, value in values.items())
            for event in events
        )

    return check


def more_than(count: int, events: list[Event]) -> bool:
    return len(events) > count


def log(store: Store, run: Run, *values: int) -> None:
    store.log(run.id, metrics=[Metric("loss", value, 1000 + value, value) for value in values])


def test_what_a_running_program_logs_and_prints_arrives_within_two_seconds(
    server: RunningServer, files: Files
) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'python train.py'}}", "train.py": PROGRAM})
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    with listening(server.uri, "experiment:0") as runs:
        command = [sys.executable, "-m", "runner", "run", str(demo)]
        with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            run_id = runs.until(has("run"))[0].data["run"]
            with listening(server.uri, f"run:{run_id},logs:{run_id}") as listener:
                for step in range(3):
                    listener.until(partial(printed_and_logged, listener, step))
                    (demo / f"seen{step}").touch()
                events = listener.until(
                    lambda seen: has("run", status="FINISHED")(seen) and has("log", ended=True)(seen)
                )
        runs.until(has("run", run=run_id, status="FINISHED"))

    for event in events:
        if event.kind == "metrics":
            assert all(event.at - at / 1000 < 2 for _, at, _ in event.data["points"])
        if event.kind == "log":
            assert all(event.at - line["time"] / 1000 < 2 for line in event.data["lines"])
    assert [value for _, value in points(listener)] == [0, 1, 2]
    assert printed(listener).count("now ") == 3


def test_a_stream_begins_with_the_run_as_it_is(server: RunningServer, store: Store, run: Run) -> None:
    store.log(run.id, tags={"stage": "draft"})

    with listening(server.uri, f"run:{run.id}") as listener:
        (event,) = listener.until(has("run"))

    assert event.data["params"] == {"given": "1"}
    assert event.data["tags"]["stage"] == "draft"
    assert (event.data["status"], event.data["name"]) == ("RUNNING", "mine")


def test_changes_of_a_run_are_told(server: RunningServer, store: Store, run: Run) -> None:
    store.log(run.id, tags={"stage": "draft"})

    with listening(server.uri, f"run:{run.id}") as listener:
        listener.until(has("run"))
        store.log(run.id, params={"alpha": "2"})
        listener.until(has("run", params={"alpha": "2"}))
        store.delete_tag(run.id, "stage")
        listener.until(has("run", deleted_tags=["stage"]))
        store.update_run(run.id, name="other", status=RunStatus.FAILED, ended=5)
        listener.until(has("run", name="other", status="FAILED", end_time=5))
        store.delete_run(run.id)
        listener.until(has("run", lifecycle=Lifecycle.DELETED.value))


def test_a_dropped_connection_misses_nothing_and_repeats_nothing(
    server: RunningServer, store: Store, run: Run
) -> None:
    seen: list[tuple[int, float]] = []
    last_id = ""
    over = threading.Event()

    def train() -> None:
        for value in range(60):
            log(store, run, value)
            time.sleep(0.05)
        over.set()

    with listening(server.uri, f"run:{run.id}") as listener:
        listener.until(has("run"))
        last_id = listener.last_id
    thread = threading.Thread(target=train)
    thread.start()
    while not over.is_set() or (59, 59) not in seen:
        with listening(server.uri, f"run:{run.id}", last_id=last_id) as listener:
            time.sleep(0.4)
        seen += points(listener)
        last_id = listener.last_id
        assert listener.of("reset") == []
    thread.join()

    assert seen == [(value, value) for value in range(60)]


def test_output_goes_on_where_it_was_left_even_with_another_server(
    store: Store, run: Run, home: Path
) -> None:
    live = home / "live" / run.id
    live.mkdir(parents=True)
    writer = LogWriter(live)

    with running_server() as first, listening(first.uri, f"logs:{run.id}") as before:
        writer.write("stdout", "one\ntwö".encode()[:-1])  # ends within a letter
        before.until(has("log"))
    writer.write("stderr", b"three\n")
    writer.write("stdout", "ö\nfour\n".encode()[1:])
    with running_server() as second, listening(second.uri, f"logs:{run.id}", last_id=before.last_id) as after:
        after.until(lambda _: "four" in printed(after))
        writer.write("stdout", b"no end of line")
        writer.close()
        store.update_run(run.id, status=RunStatus.FINISHED, ended=1)
        after.until(has("log", ended=True))

    assert after.events[0].kind == "reset"
    lines = [line for data in before.of("log") + after.of("log") for line in data["lines"]]
    assert (
        "".join(line["text"] for line in lines if line["stream"] == "stdout")
        == "one\ntwö\nfour\nno end of line"
    )
    assert "".join(line["text"] for line in lines if line["stream"] == "stderr") == "three\n"


def test_fifty_listeners_hear_the_same(server: RunningServer, store: Store, run: Run) -> None:
    with ExitStack() as stack:
        listeners = [stack.enter_context(listening(server.uri, f"run:{run.id}")) for _ in range(50)]
        for listener in listeners:
            listener.until(has("run"))
        for value in range(5):
            log(store, run, value)
        for listener in listeners:
            listener.until(
                lambda events: sum(len(e.data["points"]) for e in events if e.kind == "metrics") == 5
            )

    assert len({str(points(listener)) for listener in listeners}) == 1


@pytest.mark.slow
def test_a_client_that_does_not_read_is_told_to_read_again(
    server: RunningServer, store: Store, run: Run
) -> None:
    connection = connected(server.uri)
    response = opened(connection, f"run:{run.id}")
    with listening(server.uri, f"run:{run.id}") as other:
        for turn in range(8):
            store.log(run.id, tags={f"key{number}": f"{turn} " + "x" * 7900 for number in range(500)})
            other.until(partial(more_than, turn + 1))
        slow = Listener()
        thread = threading.Thread(target=slow.read, args=(response,), daemon=True)
        thread.start()
        slow.until(has("reset"))
        events = slow.until(lambda events: events[-1].kind == "run" and len(events[-1].data["tags"]) > 500)
        log(store, run, 1)
        slow.until(has("metrics"))
    connection.close()

    assert events[-1].data["tags"]["key7"].startswith("7 ")


def test_a_point_that_comes_late_makes_its_metric_be_read_again(
    server: RunningServer, store: Store, run: Run
) -> None:
    log(store, run, 5)

    with listening(server.uri, f"run:{run.id}") as listener:
        listener.until(has("run"))
        log(store, run, 3)
        listener.until(has("reset", run=run.id, key="loss"))
        log(store, run, 6)
        listener.until(has("metrics"))

    assert points(listener) == [(6, 6)]


def test_a_flood_of_points_is_read_again_not_sent(server: RunningServer, store: Store, run: Run) -> None:
    with listening(server.uri, f"run:{run.id}") as listener:
        listener.until(has("run"))
        log(store, run, *range(5000))
        listener.until(has("reset", key="loss"))
        log(store, run, 5000)
        listener.until(has("metrics"))

    assert points(listener) == [(5000, 5000)]


def test_lists_tell_of_new_and_of_changed_runs(server: RunningServer, store: Store, run: Run) -> None:
    other = store.create_experiment("other")

    with (
        listening(server.uri, "runs") as everywhere,
        listening(server.uri, f"experiment:{other.id}") as there,
    ):
        made = store.create_run(other.id, name="new")
        everywhere.until(has("run", run=made.id, name="new"))
        there.until(has("run", run=made.id))
        store.update_run(run.id, status=RunStatus.KILLED)
        everywhere.until(has("run", run=run.id, status="KILLED"))

    assert {data["run"] for data in there.of("run")} == {made.id}


def test_a_server_with_open_streams_stops_at_once(store: Store, run: Run) -> None:
    topics = f"run:{run.id},logs:{run.id},runs"
    with running_server() as server, listening(server.uri, topics) as listener:
        listener.until(has("run"))
        began = time.monotonic()
        server.process.terminate()
        server.process.wait(PATIENCE)
        assert listener.over.wait(PATIENCE)

    assert time.monotonic() - began < GRACE / 2  # which requests have


REFUSED = {
    "": 400,
    "everything": 400,
    "run:../../etc": 400,
    "run:mine@1.2": 400,
    ",".join(f"run:{number}" for number in range(101)): 400,
    ",".join(f"logs:{number}" for number in range(11)): 400,
    "run:-1": 404,
    "run:mine": 404,
    "logs:0123456789abcdef": 404,
}


def test_topics_that_are_none_are_refused(server: RunningServer, run: Run) -> None:
    for topics, status in REFUSED.items():
        found, answer = call(server.uri, "GET", f"/events?topics={topics}")

        assert (topics, found) == (topics, status)
        assert set(answer) == {"error_code", "message"}


def test_an_id_of_somebody_else_means_the_beginning(server: RunningServer, run: Run) -> None:
    for last_id in ("nonsense", "17", "ffffffff.99999999999", "0000000.1~x@y"):
        with listening(server.uri, f"run:{run.id}", last_id=last_id) as listener:
            listener.until(has("run"))


def token_of(store: Store, user: str) -> str:
    store.users.add(user, password_hash=None)
    made = new_token()
    store.users.add_token(user, "laptop", digest=made.digest, ending=made.ending, expires=None)
    return made.text


def test_a_listener_hears_what_it_may_read(store: Store, run: Run) -> None:
    hidden = store.create_run(store.create_experiment("hidden").id)
    token = token_of(store, "ann")
    store.users.grant("ann", Kind.EXPERIMENT, "0", Permission.READ)

    with running_server("--auth", "--default-permission", "NONE") as server:
        assert call(server.uri, "GET", f"/events?topics=run:{run.id}")[0] == 401
        assert call(server.uri, "GET", f"/events?topics=run:{hidden.id}", token=token)[0] == 404
        assert call(server.uri, "GET", f"/runs/{hidden.id}/logs", token=token)[0] == 404
        piece = {"stream": "stdout", "offset": 0, "text": "x"}
        assert call(server.uri, "POST", f"/runs/{run.id}/logs", piece, token=token)[0] == 403
        with listening(server.uri, "runs", token=token) as listener:
            log_tag(store, hidden, "1")
            log_tag(store, run, "1")
            listener.until(has("run", run=run.id))

    assert {data["run"] for data in listener.of("run")} == {run.id}


@pytest.mark.slow
def test_permissions_and_tokens_that_are_taken_away_end_the_listening(store: Store, run: Run) -> None:
    token, other = token_of(store, "ann"), store.create_run(store.create_experiment("other").id)
    for experiment in ("0", other.experiment_id):
        store.users.grant("ann", Kind.EXPERIMENT, experiment, Permission.READ)

    with (
        running_server("--auth", "--default-permission", "NONE") as server,
        listening(server.uri, f"run:{run.id},run:{other.id}", token=token) as listener,
    ):
        log_tag(store, run, "before")
        listener.until(tagged(run, "before"))
        store.users.revoke("ann", Kind.EXPERIMENT, "0")
        tries = itertools.count()
        while is_told(listener, store, run, str(next(tries)), other):
            assert next(tries) < 100
        assert not is_told(listener, store, run, "secret", other)

        store.users.revoke_token("ann", "laptop")
        while not listener.over.wait(0.2):
            log_tag(store, other, str(next(tries)))
            assert next(tries) < 500


def test_what_may_not_be_read_any_more_is_not_told_when_too_much_has_happened(
    home: Path, new_database: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "ASK_AGAIN", 0.0)
    home.mkdir()
    with serving(home, new_database, default=Permission.NONE) as (server, app):
        store = server.store
        run, other = (store.create_run(store.create_experiment(name).id) for name in ("one", "another"))
        token = token_of(store, "ann")
        for each in (run, other):
            store.users.grant("ann", Kind.EXPERIMENT, each.experiment_id, Permission.READ)
        with listening(server.uri, f"run:{run.id},run:{other.id}", token=token) as listener:
            listener.until(partial(more_than, 1))
            monkeypatch.setattr(app.state.tracking.native.watcher.ring, "_most", 0)  # bytes
            before = is_told(listener, store, run, "before", other)
            store.users.revoke("ann", Kind.EXPERIMENT, run.experiment_id)
            after = is_told(listener, store, run, "secret", other)

    assert (before, after) == (True, False)
    assert listener.of("reset")


def is_told(listener: Listener, store: Store, run: Run, value: str, other: Run) -> bool:
    """Whether a change of the run is told: what comes behind it is, of another run, and by a later look at both."""
    log_tag(store, run, value)
    for behind in (f"behind {value}", f"far behind {value}"):
        log_tag(store, other, behind)
        listener.until(tagged(other, behind))
    return tagged(run, value)(listener.events)


def tagged(run: Run, value: str) -> Callable[[list[Event]], bool]:
    """Whether a listener was told of this tag."""

    def check(events: list[Event]) -> bool:
        return any(
            event.kind == "run" and event.data["run"] == run.id and event.data["tags"].get("x") == value
            for event in events
        )

    return check


def log_tag(store: Store, run: Run, value: str) -> None:
    store.log(run.id, tags={"x": value})


def test_what_is_written_into_a_shared_database_is_told(
    postgresql: DatabaseServer, settings: Settings
) -> None:
    uri = postgresql.new_database()
    with closing(open_store(settings, uri)) as store:
        run = store.create_run("0")
        with (
            running_server("--tracking-uri", uri) as server,
            listening(server.uri, f"run:{run.id}") as listener,
        ):
            listener.until(has("run"))
            log(store, run, 1)
            log(store, run, 2, 3)
            listener.until(lambda _: len(points(listener)) == 3)

    assert points(listener) == [(1, 1), (2, 2), (3, 3)]

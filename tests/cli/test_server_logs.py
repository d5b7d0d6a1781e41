"""`runner runs logs` of a run elsewhere, over HTTP: the same bytes as beside the program, whatever happens on the way."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.settings import Settings
from runner.tracking import Artifacts, OpenStore, open_store
from runner.tracking.logs import LogWriter
from runner.tracking.model import Run, RunStatus
from tests.conftest import Cli
from tests.server.servers import running_server


@pytest.fixture
def server_home(tmp_path: Path) -> Path:
    return tmp_path / "server"


@pytest.fixture
def environ(server_home: Path) -> dict[str, str]:
    """Of the server, whose home is another machine's."""
    return {**os.environ, "RUNNER_HOME": str(server_home)}


@pytest.fixture
def store(environ: dict[str, str]) -> Iterator[OpenStore]:
    store = open_store(Settings.from_environ(environ))
    yield store
    store.close()


@pytest.fixture
def run(store: OpenStore) -> Run:
    return store.create_run("0", name="far", status=RunStatus.RUNNING)


@pytest.fixture
def writer(server_home: Path, run: Run) -> Iterator[LogWriter]:
    live = server_home / "live" / run.id
    live.mkdir(parents=True)
    writer = LogWriter(live)
    yield writer
    writer.close()


def test_what_a_run_elsewhere_has_printed_is_shown(
    environ: dict[str, str], cli: Cli, run: Run, writer: LogWriter
) -> None:
    writer.write("stdout", "grüße\n".encode())
    writer.write("stderr", b"trouble\n")

    with running_server(environ=environ) as server:
        outcome = cli("runs", "--tracking-uri", server.uri, "logs", "far")

    assert (outcome.code, outcome.out, outcome.err) == (0, "grüße\n", "trouble\n")


def test_what_a_run_elsewhere_prints_is_followed_to_its_end(
    environ: dict[str, str], cli: Cli, store: OpenStore, run: Run, writer: LogWriter
) -> None:
    def go_on() -> None:
        for number in range(10):
            writer.write("stdout", f"line {number}\n".encode())
            time.sleep(0.1)
        store.update_run(run.id, status=RunStatus.FAILED, ended=1)

    with running_server(environ=environ) as server:
        threading.Thread(target=go_on).start()
        outcome = cli("runs", "--tracking-uri", server.uri, "logs", "-f", "--exit-status", run.id)

    assert outcome.out == "".join(f"line {number}\n" for number in range(10))
    assert outcome.code == 1


def test_the_output_goes_on_when_the_server_comes_back(
    environ: dict[str, str], store: OpenStore, run: Run, writer: LogWriter
) -> None:
    command = [sys.executable, "-m", "runner", "runs", "--tracking-uri"]
    with running_server(environ=environ) as server:
        follower = subprocess.Popen(
            [*command, server.uri, "logs", "-f", run.id], stdout=subprocess.PIPE, text=True
        )
        assert follower.stdout is not None
        writer.write("stdout", b"one\n")
        assert follower.stdout.readline() == "one\n"
    writer.write("stdout", b"two\n")
    with running_server("--port", server.uri.rpartition(":")[2], environ=environ):
        writer.write("stdout", b"three\n")
        assert follower.stdout.readline() == "two\n"
        store.update_run(run.id, status=RunStatus.FINISHED, ended=1)

        rest = follower.stdout.read()

    assert (rest, follower.wait(30)) == ("three\n", 0)
    follower.stdout.close()


def test_a_run_elsewhere_that_printed_nothing_has_no_logs(
    environ: dict[str, str], cli: Cli, store: OpenStore, run: Run
) -> None:
    store.update_run(run.id, status=RunStatus.FINISHED)

    with running_server(environ=environ) as server:
        outcome = cli("runs", "--tracking-uri", server.uri, "logs", "-f", run.id)

    assert (outcome.code, outcome.out) == (7, "")
    assert "has no logs" in outcome.err


def test_output_that_has_become_an_artifact_is_shown(
    environ: dict[str, str], cli: Cli, store: OpenStore, run: Run
) -> None:
    artifacts = Artifacts(run.artifact_uri)
    artifacts.put_bytes(b"done\n", "logs/stdout.txt")
    artifacts.put_bytes(b"1000\tstdout\t5\n", "logs/index.tsv")
    store.update_run(run.id, status=RunStatus.FINISHED)

    with running_server(environ=environ) as server:
        outcome = cli("runs", "--tracking-uri", server.uri, "logs", "--json", run.id)

    assert outcome.out == '{"time": 1000, "stream": "stdout", "text": "done"}\n'

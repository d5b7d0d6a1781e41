"""The fault matrix: whatever happens, the run ends in a terminal state and nothing of its program is left."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.cli.test_run import shown
from tests.conftest import Cli, Files
from tests.process.test_child import marked, wait_until

SLEEPER = "entry_points: {main: {command: 'setsid sleep 611 & echo started; sleep 612'}}"


class Started:
    """A `runner run` in a process of its own, with its output in files."""

    def __init__(self, directory: Path, *arguments: str, scratch: Path) -> None:
        self._out, self._err = scratch / "started.out", scratch / "started.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            argv = [sys.executable, "-m", "runner", "run", str(directory), *arguments]
            self.process = subprocess.Popen(argv, stdout=out, stderr=err)

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def wait_for(self, word: str) -> None:
        wait_until(lambda: word in self.out or self.process.poll() is not None, seconds=30)
        assert word in self.out, self.err

    def wait(self) -> int:
        return self.process.wait(30)


Start = Callable[[dict[str, str]], Started]


@pytest.fixture
def start(files: Files, tmp_path: Path) -> Iterator[Start]:
    """Start a run of a project; at the end of the test it is gone."""
    with ExitStack() as stack:

        def start(contents: dict[str, str]) -> Started:
            started = Started(files(contents), scratch=tmp_path)
            stack.callback(started.process.wait)
            stack.callback(started.process.kill)
            return started

        yield start


@pytest.fixture
def sleeper(start: Start) -> Started:
    """A run whose program sleeps, and whose helper has left its process group."""
    started = start({"MLproject": SLEEPER})
    started.wait_for("started")
    return started


def run_id(cli: Cli) -> str:
    return str(shown(cli)["run_id"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_program_and_the_run_is_killed(
    sleeper: Started, cli: Cli, number: signal.Signals
) -> None:
    run = run_id(cli)

    sleeper.process.send_signal(number)

    assert sleeper.wait() == 128 + number
    assert "stopping" in sleeper.err
    assert shown(cli)["status"] == "KILLED"
    wait_until(lambda: marked(run) == [])


def test_a_program_may_end_well_when_asked_to_stop_and_says_so_with_its_code(cli: Cli, start: Start) -> None:
    command = 'trap "echo saved; exit 9" INT; echo started; while true; do sleep 0.05; done'
    started = start({"MLproject": f"entry_points: {{main: {{command: {json.dumps(command)}}}}}"})
    started.wait_for("started")

    started.process.send_signal(signal.SIGINT)

    assert started.wait() == 9
    assert "saved" in started.out
    assert shown(cli)["status"] == "KILLED"


def test_the_second_signal_kills(cli: Cli, start: Start) -> None:
    command = 'trap "" INT TERM; echo started; while true; do sleep 0.05; done'
    started = start({"MLproject": f"entry_points: {{main: {{command: {json.dumps(command)}}}}}"})
    started.wait_for("started")

    started.process.send_signal(signal.SIGINT)
    wait_until(lambda: "once more" in started.err)
    started.process.send_signal(signal.SIGINT)

    assert started.wait() == 137
    assert shown(cli)["status"] == "KILLED"


def test_a_runner_that_is_killed_leaves_no_process_and_no_run_that_seems_to_go_on(
    sleeper: Started, cli: Cli
) -> None:
    run = run_id(cli)
    assert shown(cli)["status"] == "RUNNING"

    sleeper.process.kill()
    sleeper.process.wait()

    assert shown(cli)["status"] == "LOST"
    wait_until(lambda: marked(run) == [])


@pytest.fixture
def building(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Started:
    """A run whose environment is being built, by a builder that takes its time; its number is in uv.pid."""
    slow = tmp_path / "uv"
    slow.write_text('#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 613\n')
    slow.chmod(0o755)
    monkeypatch.setenv("RUNNER_UV", str(slow))
    started = start(
        {
            "MLproject": "python_env: python_env.yaml\nentry_points: {main: {command: 'true'}}",
            "python_env.yaml": "dependencies: [six]",
        }
    )
    wait_until((tmp_path / "uv.pid").exists)
    return started


def test_a_signal_while_the_environment_is_built_ends_the_run(
    cli: Cli, building: Started, tmp_path: Path
) -> None:
    building.process.send_signal(signal.SIGTERM)

    assert building.wait() == 128 + signal.SIGTERM
    assert shown(cli)["status"] == "KILLED"
    builder = int((tmp_path / "uv.pid").read_text())
    wait_until(lambda: not Path(f"/proc/{builder}").exists())


def test_a_reader_that_goes_away_does_not_end_the_run(cli: Cli, files: Files) -> None:
    demo = files(
        {
            "MLproject": "entry_points: {main: {command: 'for i in $(seq 2000); do echo line $i; done; exit 7'}}"
        }
    )
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "run", str(demo)], stdout=writer, stderr=subprocess.DEVNULL
    )
    os.close(writer)
    os.close(reader)

    assert process.wait(30) == 7
    assert "line 2000" in cli("runs", "logs", "-1").out


def test_eight_runs_at_once_on_an_empty_home_all_finish(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'echo $RUNNER_RUN_ID'}}"})
    argv = [sys.executable, "-m", "runner", "run", str(demo), "--experiment-name", "together"]

    together = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    outputs = [process.communicate(timeout=60) for process in together]

    assert [process.returncode for process in together] == [0] * 8, outputs
    runs = json.loads(cli("runs", "list", "--experiment", "together", "--json").out)
    assert sorted(run["run_id"] for run in runs) == sorted(out.decode().strip() for out, _ in outputs)
    assert {run["status"] for run in runs} == {"FINISHED"}
    assert len({run["name"] for run in runs}) == 8


NESTED = """
entry_points:
  main: {command: "runner run . -e inner --run-name inner; echo next"}
  inner: {command: "trap 'echo got' INT TERM; echo started; while true; do sleep 0.1; done"}
"""


def test_a_run_inside_a_run_is_ended_with_it(cli: Cli, start: Start) -> None:
    started = start({"MLproject": NESTED})
    started.wait_for("started")
    inner = str(shown(cli, "inner")["run_id"])

    started.process.terminate()
    started.process.wait(60)

    wait_until(lambda: marked(inner) == [])
    assert shown(cli, "inner")["status"] == "KILLED"
    assert shown(cli, "-2")["status"] == "KILLED"


def test_a_second_signal_while_the_run_is_being_closed_waits_for_that(
    cli: Cli, building: Started, home: Path
) -> None:
    with closing(sqlite3.connect(home / "runner.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        building.process.send_signal(signal.SIGINT)
        time.sleep(0.7)
        building.process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        other.execute("ROLLBACK")

    assert building.wait() == 130
    run = shown(cli)
    assert run["status"] == "KILLED"
    assert "runner.error" in run["tags"]  # type: ignore[operator]
    assert list((home / "live").iterdir()) == []


def test_nobody_needs_to_read_what_the_runner_itself_says(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'sleep 0.3; exit 7'}}"})
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "run", str(demo)], stdout=subprocess.DEVNULL, stderr=writer
    )
    os.close(writer)
    os.close(reader)

    assert process.wait(30) == 7
    assert shown(cli)["status"] == "FAILED"


def test_a_closed_standard_error_is_no_reason_to_fail(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'exit 7'}}"})

    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m runner run {demo} 2>&-"], check=False, timeout=30
    )

    assert done.returncode == 7
    assert shown(cli)["status"] == "FAILED"


def test_a_home_that_is_no_directory_is_one_message(
    cli: Cli, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "file" / "home"))
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    demo = files({"MLproject": "entry_points: {main: {command: 'true'}}"})

    outcome = cli("run", demo, "--tracking-uri", uri)

    assert outcome.code in {1, 7}
    assert outcome.err.count("error: ") == 1
    assert "Traceback" not in outcome.err


def test_a_run_that_is_deleted_while_it_goes_on_ends_as_its_program_does(
    cli: Cli, start: Start, home: Path
) -> None:
    started = start({"MLproject": "entry_points: {main: {command: 'echo started; sleep 1'}}"})
    started.wait_for("started")

    cli("runs", "delete", "-1")

    assert started.wait() == 0, started.err
    assert list((home / "live").iterdir()) == []

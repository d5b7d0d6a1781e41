"""`runner.run(...)` from Python."""

import subprocess
import sys
from pathlib import Path

import pytest

import runner
from runner.api import RunFailed
from tests.cli.test_run import shown
from tests.conftest import Cli, Files
from tests.process.test_child import wait_until

PROJECT = """
entry_points:
  main: {parameters: {n: int}, command: "exit {n}"}
  slow: {command: "sleep 614"}
"""


def test_a_run_from_python_is_recorded_with_its_values(cli: Cli, files: Files) -> None:
    handle = runner.run(
        str(files({"MLproject": PROJECT})), parameters={"n": 0}, run_name="mine", tags={"team": "a"}
    )

    run = shown(cli, "mine")
    assert handle.run_id == run["run_id"]
    assert (handle.status, handle.get_status(), handle.exit_code, handle.name) == (
        "FINISHED",
        "FINISHED",
        0,
        "mine",
    )
    assert run["params"] == {"n": "0"}
    assert run["tags"]["team"] == "a"  # type: ignore[index]


def test_a_run_that_fails_raises(files: Files) -> None:
    with pytest.raises(RunFailed, match="failed with exit code 3") as error:
        runner.run(str(files({"MLproject": PROJECT})), parameters={"n": 3})

    assert error.value.run is not None
    assert error.value.run.status == "FAILED"


def test_a_run_can_be_followed_and_cancelled(cli: Cli, files: Files) -> None:
    handle = runner.run(str(files({"MLproject": PROJECT})), "slow", synchronous=False)

    assert len(handle.run_id) == 32
    assert handle.status == "RUNNING"
    handle.cancel()

    assert handle.wait() is False
    assert handle.status == "KILLED"
    assert shown(cli)["status"] == "KILLED"
    handle.cancel()


def test_a_run_that_is_never_created_says_so(tmp_path: Path) -> None:
    handle = runner.run(str(tmp_path / "nowhere"), synchronous=False)

    with pytest.raises(RunFailed, match="no run was created"):
        _ = handle.run_id
    assert handle.status == "FAILED"


def test_the_package_has_nothing_else() -> None:
    with pytest.raises(AttributeError):
        _ = runner.nonsense


INTERRUPTED = """
import os, pathlib, signal, sys, threading, time
import runner

def interrupt():
    while not pathlib.Path(sys.argv[1], "started").exists():
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt).start()
try:
    runner.run(sys.argv[1])
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupted_caller_leaves_no_run_behind(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'touch started; sleep 615'}}"})

    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(demo)], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "interrupted\n"
    assert shown(cli)["status"] == "KILLED"


def test_a_run_that_was_stopped_has_not_gone_well_whatever_its_program_says(files: Files) -> None:
    demo = files(
        {
            "MLproject": "entry_points: {main: {command: \"trap 'exit 0' TERM; touch started; while true; do sleep 0.05; done\"}}"
        }
    )
    handle = runner.run(str(demo), synchronous=False)
    wait_until((demo / "started").exists)

    handle.cancel()

    assert (handle.status, handle.wait()) == ("KILLED", False)

"""How runs in containers end, also with signals, without memory, and when their runner is killed."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.cli.containers import project, shown, started, up_to
from tests.conftest import Cli, Files
from tests.environments.builders import await_
from tests.services.docker import Daemon

pytestmark = pytest.mark.usefixtures("engine")


def test_a_program_that_uses_too_much_memory_is_reported_as_such(cli: Cli, files: Files) -> None:
    outcome = cli("run", files(project("python -c 'bytearray(10**9)'")), "-A", "memory=64m")

    assert outcome.code == 137
    assert "out of memory: the program used more than the limit of 64 MiB" in outcome.err
    assert shown(cli)["tags"]["runner.trouble"].startswith("out of memory")


def test_a_command_that_the_image_does_not_have_is_translated(cli: Cli, files: Files) -> None:
    outcome = cli("run", files(project("trian --fast")))

    assert outcome.code == 127
    assert "trian: command not found" in outcome.err
    assert "a command was not found in the image" in outcome.err


def test_a_run_that_finished_is_not_said_to_be_killed_when_something_that_it_started_was(
    cli: Cli, files: Files
) -> None:
    outcome = cli("run", files(project("python -c 'bytearray(10**9)'; true")), "-A", "memory=64m")

    assert outcome.code == 0
    assert "a process that the program started was killed" in outcome.err
    assert "runner.trouble" not in shown(cli)["tags"]


STUBBORN = "import signal, time; signal.signal(2, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_program_and_what_it_started_within_a_second(
    cli: Cli, files: Files, engine: Daemon, number: int
) -> None:
    saving = (
        "import signal, sys, time\n"
        "def save(*_): open('saved', 'w').write('all'); sys.exit(0)\n"
        "for number in (2, 15): signal.signal(number, save)\n"
        "print('up', flush=True)\n"
        "time.sleep(60)\n"
    )
    demo = files(project("true && python save.py && echo not reached", **{"save.py": saving}))
    runner = started("run", demo)

    with up_to(runner, "up"):
        runner.send_signal(number)
        began = time.monotonic()
        out, err = runner.communicate(timeout=20)
        took = time.monotonic() - began

    assert (runner.returncode, out) == (128 + number, ""), err
    assert took < 2  # on a busy machine
    assert (demo / "saved").read_text() == "all"
    assert engine.containers() == []
    assert shown(cli)["status"] == "KILLED"


def test_a_second_signal_kills(cli: Cli, files: Files, engine: Daemon) -> None:
    runner = started("run", files(project("python stubborn.py", **{"stubborn.py": STUBBORN})))

    with up_to(runner, "up"):
        for _ in range(2):
            runner.send_signal(signal.SIGINT)
            time.sleep(0.3)
        _, err = runner.communicate(timeout=8)

    assert runner.returncode == 137, err
    assert engine.containers() == []
    assert shown(cli)["status"] == "KILLED"


def test_a_container_ends_with_a_runner_that_is_killed(files: Files, engine: Daemon) -> None:
    runner = started("run", files(project("echo up; sleep 60")))

    with up_to(runner, "up"):
        assert len(engine.containers()) == 1
        runner.kill()

        await_(lambda: engine.containers() == [])


@pytest.mark.parametrize("command", ["run", "gc"])
def test_a_container_whose_guard_was_killed_too_is_gone_after_the_next_command(
    cli: Cli, files: Files, engine: Daemon, command: str
) -> None:
    runner = started("run", files(project("echo up; sleep 60")))
    with up_to(runner, "up"):
        for child in children(runner.pid):
            os.kill(child, signal.SIGKILL)
        runner.kill()
    assert len(engine.containers()) == 1

    told = cli("env", "gc", "--dry-run").out
    assert "would remove 1 container whose runner is gone" in told
    assert len(engine.containers()) == 1

    outcome = cli("run", files(project("true"))) if command == "run" else cli("env", "gc")

    assert outcome.code == 0, outcome.err
    assert engine.containers() == []


def children(process: int) -> list[int]:
    return [
        int(word)
        for task in Path(f"/proc/{process}/task").iterdir()
        for word in (task / "children").read_text().split()
    ]


def test_a_container_of_a_living_runner_is_left_alone(cli: Cli, files: Files, engine: Daemon) -> None:
    runner = started("run", files(project("echo up; sleep 60")))

    with up_to(runner, "up"):
        assert cli("run", files(project("true"))).code == 0

        assert len(engine.containers()) == 1

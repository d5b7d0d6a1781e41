"""A project's program and its end, on every way out."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.process import ProgramMissing
from runner.process.child import Child, Stream


class Output:
    """Collects what a program prints."""

    def __init__(self) -> None:
        self.data: dict[Stream, bytes] = {"stdout": b"", "stderr": b""}

    def __call__(self, stream: Stream, data: bytes) -> None:
        self.data[stream] += data

    def wait_for(self, word: bytes) -> None:
        wait_until(lambda: word in self.data["stdout"])


def wait_until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start(script: str, output: Output, *, run_id: str = "r1"):  # type: ignore[no-untyped-def]
    return Child.start(
        ["bash", "-c", script],
        cwd=Path.cwd(),
        env={**os.environ, "RUNNER_RUN_CHAIN": run_id},
        run_id=run_id,
        sink=output,
    )


def test_both_streams_and_the_code_come_through() -> None:
    output = Output()

    with start("echo out; echo err >&2; exit 37", output) as child:
        code = child.wait()

    assert code == 37
    assert output.data == {"stdout": b"out\n", "stderr": b"err\n"}
    assert child.stopped_by is None


def test_a_request_to_stop_reaches_the_whole_group() -> None:
    output = Output()

    with start("trap 'echo bye; exit 5' INT; sleep 60 & echo $!; wait", output) as child:
        output.wait_for(b"\n")
        child.stop(signal.SIGINT)
        code = child.wait()

    assert code == 5
    assert b"bye" in output.data["stdout"]
    assert child.stopped_by == signal.SIGINT
    assert not alive(int(output.data["stdout"].split()[0]))


def test_a_second_request_kills_a_program_that_does_not_listen() -> None:
    output = Output()

    with start("trap '' INT TERM; echo ready; while true; do sleep 0.1; done", output) as child:
        output.wait_for(b"ready")
        child.stop(signal.SIGINT)
        time.sleep(0.1)
        child.stop(signal.SIGINT)
        code = child.wait()

    assert code == -signal.SIGKILL


def test_patience_ends_with_a_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.process.child.PATIENCE", 0.1)
    output = Output()

    with start("trap '' INT TERM; echo ready; while true; do sleep 0.1; done", output) as child:
        output.wait_for(b"ready")
        child.stop(signal.SIGINT)
        code = child.wait()

    assert code == -signal.SIGKILL


def test_what_the_program_leaves_in_the_background_is_ended_with_it() -> None:
    output = Output()

    with start("(trap '' TERM; sleep 60) & echo $!", output) as child:
        child.wait()

    left = int(output.data["stdout"])
    wait_until(lambda: not alive(left))


def test_an_error_in_the_block_ends_the_program() -> None:
    output = Output()

    def fail() -> None:
        with start("echo $$; sleep 60", output):
            output.wait_for(b"\n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert not alive(int(output.data["stdout"]))


def test_a_program_that_cannot_be_started_is_told() -> None:
    with (
        pytest.raises(ProgramMissing, match="cannot be started"),
        Child.start(["no-such-program"], cwd=Path.cwd(), env={}, run_id="r1", sink=Output()),
    ):
        raise AssertionError


HOLDER = """
import os, sys, time
from pathlib import Path
from runner.process.child import Child

script = "setsid sleep 61 & sleep 62 & echo $$; wait"
env = {**os.environ, "RUNNER_RUN_CHAIN": f"outer:{sys.argv[1]}"}
with Child.start(["bash", "-c", script], cwd=Path("/"), env=env, run_id=sys.argv[1], sink=lambda s, d: None) as child:
    print(child.pid, flush=True)
    child.wait()
"""


def marked(run_id: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = path.read_bytes().split(b"\0")
        except OSError:
            continue
        chains = [
            text.partition(b"=")[2].decode().split(":")
            for text in variables
            if text.startswith(b"RUNNER_RUN_CHAIN=")
        ]
        if any(run_id in chain for chain in chains):
            found.append(int(path.parent.name))
    return [pid for pid in found if alive(pid)]


def test_nothing_outlives_a_runner_that_is_killed_not_even_what_left_the_group(tmp_path: Path) -> None:
    run_id = f"guarded-{tmp_path.name}-{os.getpid()}"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, run_id], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    wait_until(lambda: len(marked(run_id)) >= 3)

    holder.kill()
    holder.communicate()

    wait_until(lambda: marked(run_id) == [])


def test_all_output_arrives_however_slow_its_reader_is() -> None:
    seen = 0

    def slow(_stream: Stream, data: bytes) -> None:
        nonlocal seen
        seen += len(data)
        time.sleep(0.05)

    with Child.start(
        ["bash", "-c", "head -c 1500000 /dev/zero"], cwd=Path.cwd(), env=os.environ, run_id="r1", sink=slow
    ) as child:
        child.wait()

    assert seen == 1_500_000


def test_a_stranger_that_keeps_the_pipe_open_is_not_waited_for() -> None:
    output = Output()
    started = time.monotonic()

    with start("setsid sleep 20 & echo $!", output, run_id="stranger") as child:
        child.wait()

    assert time.monotonic() - started < 10
    os.kill(int(output.data["stdout"]), signal.SIGKILL)


def test_what_a_shell_was_running_has_time_to_save_its_work(tmp_path: Path) -> None:
    output = Output()
    saving = "import signal, sys, time, pathlib\nsignal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), pathlib.Path(sys.argv[1]).touch(), sys.exit()))\nprint('ready', flush=True)\ntime.sleep(60)"
    script = f"{shlex.quote(sys.executable)} -c {shlex.quote(saving)} {tmp_path / 'saved'}; echo next"

    with start(script, output, run_id="saving") as child:
        output.wait_for(b"ready")
        child.stop(signal.SIGTERM)
        child.wait()

    assert (tmp_path / "saved").exists()


def test_a_guard_that_was_killed_is_replaced() -> None:
    run_id = f"unguarded-{os.getpid()}"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, run_id], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    wait_until(lambda: len(marked(run_id)) >= 3)
    (guard,) = guards(run_id)
    os.kill(guard, signal.SIGKILL)
    wait_until(lambda: guards(run_id) not in ([], [guard]))

    holder.kill()
    holder.communicate()

    wait_until(lambda: marked(run_id) == [])


def guards(run_id: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if run_id.encode() in words and any(word.endswith(b"guard.py") for word in words):
            found.append(int(path.parent.name))
    return [pid for pid in found if alive(pid)]

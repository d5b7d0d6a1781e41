"""`runner runs logs` through the front door."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.settings import Settings
from runner.tracking import Artifacts, Store, this_process_lease
from runner.tracking.logs import LogWriter
from runner.tracking.model import Run, RunStatus
from tests.cli.records import record
from tests.cli.test_faults import Started
from tests.conftest import Cli, Files
from tests.process.test_child import wait_until


@pytest.fixture
def logged(store: Store, tmp_path: Path) -> Run:
    """A run with three pieces of output, one line of them in two pieces and one never ended."""
    run = record(store, "logged")
    directory = tmp_path / "written"
    directory.mkdir()
    writer = LogWriter(directory)
    for stream, data in (
        ("stdout", b"epoch 1\nepo"),
        ("stderr", b"warning: \xff\n"),
        ("stdout", b"ch 2\r\nend"),
    ):
        writer.write(stream, data)  # type: ignore[arg-type]
    writer.close()
    artifacts = Artifacts(run.artifact_uri)
    for file in directory.iterdir():
        artifacts.put_file(file, f"logs/{file.name}")
    return run


def test_the_output_comes_byte_for_byte_on_its_own_streams(logged: Run) -> None:
    argv = [sys.executable, "-m", "runner", "runs", "logs", "logged"]

    done = subprocess.run(argv, capture_output=True, check=True)

    assert done.stdout == b"epoch 1\nepoch 2\r\nend"
    assert done.stderr == b"warning: \xff\n"


def test_one_stream_alone(cli: Cli, logged: Run) -> None:
    out = cli("runs", "logs", "logged", "--stdout")
    err = cli("runs", "logs", "logged", "--stderr")

    assert (out.out, out.err) == ("epoch 1\nepoch 2\r\nend", "")
    assert err.out == ""
    assert err.err.startswith("warning")


def test_grep_looks_at_whole_lines_however_they_came(cli: Cli, logged: Run) -> None:
    outcome = cli("runs", "logs", "-1", "--grep", r"^epoch \d$")

    assert outcome.out == "epoch 1\nepoch 2\n"
    assert outcome.err == ""
    assert cli("runs", "logs", "-1", "--grep", "end").out == "end\n"
    assert cli("runs", "logs", "-1", "--grep", "warn").err == "warning: \N{REPLACEMENT CHARACTER}\n"


def test_timestamps_stand_before_each_line(cli: Cli, logged: Run) -> None:
    outcome = cli("runs", "logs", "logged", "--timestamps")

    lines = outcome.out.splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == ["epoch 1", "epoch 2", "end"]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d  ", line) for line in lines)


def test_logs_as_json_are_one_object_for_each_line(cli: Cli, logged: Run) -> None:
    outcome = cli("runs", "logs", "logged", "--json")

    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert outcome.err == ""
    assert {(line["stream"], line["text"]) for line in lines} == {
        ("stdout", "epoch 1"),
        ("stdout", "epoch 2"),
        ("stdout", "end"),
        ("stderr", "warning: \N{REPLACEMENT CHARACTER}"),
    }
    assert all(line["time"] > 1_600_000_000_000 for line in lines)


def test_since_leaves_out_what_is_older(cli: Cli, store: Store, logged: Run) -> None:
    index = f"1000\tstdout\t17\n{2**45}\tstdout\t3\n".encode()
    Artifacts(logged.artifact_uri).put_bytes(index, "logs/index.tsv")

    assert cli("runs", "logs", "logged", "--since", "60", "--stdout").out == "end"


def test_a_line_without_end_is_printed_in_parts(cli: Cli, store: Store, logged: Run) -> None:
    data = b"x" * 1_500_000
    Artifacts(logged.artifact_uri).put_bytes(data, "logs/stdout.txt")
    Artifacts(logged.artifact_uri).put_bytes(
        b"1000\tstdout\t1400000\n1000\tstdout\t100000\n", "logs/index.tsv"
    )

    assert cli("runs", "logs", "logged", "--grep", "x").out == "x" * 1_400_000 + "\n" + "x" * 100_000 + "\n"


@pytest.mark.parametrize(
    ("tags", "status", "code"),
    [
        ({"runner.exit_code": "37"}, RunStatus.FAILED, 37),
        ({"runner.exit_code": "0"}, RunStatus.FINISHED, 0),
        ({}, RunStatus.FINISHED, 0),
        ({}, RunStatus.LOST, 1),
        ({"runner.exit_code": "-9"}, RunStatus.KILLED, 1),
        ({"runner.exit_code": "many"}, RunStatus.FAILED, 1),
    ],
)
def test_the_exit_status_is_the_runs_own(
    cli: Cli, store: Store, logged: Run, *, tags: dict[str, str], status: RunStatus, code: int
) -> None:
    store.log(logged.id, tags=tags)
    store.update_run(logged.id, status=status)

    assert cli("runs", "logs", "logged", "--exit-status").code == code
    assert cli("runs", "logs", "logged").code == 0


def test_logs_of_a_run_that_goes_on_are_followed_to_its_end(cli: Cli, files: Files, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    command = f"echo first; while [ ! -e {gate} ]; do sleep 0.05; done; echo last; exit 3"
    demo = files({"MLproject": f"entry_points: {{main: {{command: '{command}'}}}}"})
    run = Started(demo, scratch=tmp_path)
    try:
        run.wait_for("first")
        now = cli("runs", "logs", "-1")
        assert now.out == "first\n"  # without -f: what there is

        follower = Following("runs", "logs", "-f", "-1", "--exit-status", scratch=tmp_path)
        wait_until(lambda: follower.out == "first\n", seconds=20)
        gate.touch()

        assert follower.process.wait(20) == 3
        assert follower.out == "first\nlast\n"
    finally:
        gate.touch()
        assert run.wait() == 3


def test_following_a_run_that_has_ended_prints_all_and_ends(cli: Cli, logged: Run) -> None:
    assert cli("runs", "logs", "logged", "-f", "--stdout").out == "epoch 1\nepoch 2\r\nend"


class Following(Started):
    """Another command than `run`, in a process of its own."""

    def __init__(self, *arguments: str, scratch: Path) -> None:
        self._out, self._err = scratch / "following.out", scratch / "following.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "runner", *arguments], stdout=out, stderr=err
            )


def test_the_output_of_a_lost_run_becomes_its_artifacts(cli: Cli, store: Store, settings: Settings) -> None:
    lease = replace(this_process_lease(settings), process_started="another boot 1")
    run = store.create_run("0", status=RunStatus.RUNNING, lease=lease)
    alive = store.create_run("0", status=RunStatus.RUNNING, lease=this_process_lease(settings))
    lives = [settings.home / "live" / name for name in (run.id, alive.id, "unknown")]
    for live in lives:
        live.mkdir(parents=True)
        log = LogWriter(live)
        log.write("stdout", b"last words\n")
        log.close()

    assert cli("runs", "logs", run.id).out == "last words\n"
    assert cli("runs", "logs", run.id).out == "last words\n"  # no longer from its live directory

    assert [live.exists() for live in lives] == [False, True, True]
    assert [item.path for item in Artifacts(run.artifact_uri).list()] == ["logs/index.tsv", "logs/stdout.txt"]
    assert store.run(run.id).status is RunStatus.LOST


def test_a_lost_output_that_cannot_be_kept_is_read_where_it_is(
    cli: Cli, store: Store, settings: Settings
) -> None:
    lease = replace(this_process_lease(settings), process_started="another boot 1")
    run = store.create_run("0", status=RunStatus.RUNNING, lease=lease)
    live = settings.home / "live" / run.id
    live.mkdir(parents=True)
    log = LogWriter(live)
    log.write("stdout", b"last words\n")
    log.close()
    (settings.home / "artifacts").touch()

    for _ in range(2):
        assert cli("runs", "logs", run.id).out == "last words\n"

    (settings.home / "artifacts").unlink()
    assert cli("runs", "list").code == 0  # one that comes later keeps it
    assert not live.exists()
    assert cli("runs", "logs", run.id).out == "last words\n"

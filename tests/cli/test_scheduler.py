"""`runner scheduler`: real projects, real processes, and what becomes of those that are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.schedules import PATIENCE, eventually, history, scheduler
from tests.conftest import Cli, Files
from tests.server.servers import running_server

each = pytest.mark.parametrize


def git(place: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
def test_a_schedule_on_a_branch_runs_the_commit_that_the_branch_has_by_then(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    repository = files({"MLproject": "entry_points: {main: {command: 'cat version'}}", "version": "0"})
    git(repository, "init", "-q", "-b", "main")
    commits: list[str] = []

    def commit() -> None:
        (repository / "version").write_text(f"{len(commits)}\n")
        git(repository, "add", ".")
        git(repository, "commit", "-q", "-m", "next")
        commits.append(git(repository, "rev-parse", "HEAD"))

    def commits_run() -> set[str]:
        runs = json.loads(cli("runs", "list", "--json").out)
        return {run["tags"]["mlflow.source.git.commit"] for run in runs if run["status"] == "FINISHED"}

    commit()
    cli("schedule", "add", "s", "every 2s", repository.as_uri(), "-v", "main", "--only-if", "code")
    with scheduler() as process:
        for _ in range(2):
            eventually(lambda: set(commits) <= commits_run())
            commit()
        eventually(lambda: set(commits) <= commits_run())
        eventually(lambda: any(each["state"] == "skipped" for each in history(cli, "s")))
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        log = process.stderr.read()

    assert len(commits) == 3
    assert "ticking" in log
    assert "starts" in log
    succeeded = [each for each in history(cli, "s") if each["state"] == "succeeded"]
    assert len(succeeded) == 3  # what has not changed is not run again


@pytest.mark.slow
@each("overlap", ["forbid", "allow", "queue", "replace"])
def test_a_slow_program_and_the_rule_for_overlaps(
    cli: Cli, files: Files, overlap: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    command = f"echo + >> {log}; sleep 5; echo - >> {log}"
    demo = files({"MLproject": f"entry_points: {{main: {{command: '{command}'}}}}"})
    cli("schedule", "add", "s", "every 2s", demo, "--overlap", overlap, "--grace", "1h")

    def deepest() -> int:
        """How many went on at once."""
        marks = log.read_text().split()
        return max(sum(1 if mark == "+" else -1 for mark in marks[: end + 1]) for end in range(len(marks)))

    def enough() -> bool:
        found = [each["state"] for each in history(cli, "s")]
        return {
            "forbid": found.count("succeeded") >= 1 and "skipped" in found,
            "allow": log.exists() and deepest() >= 2,
            "queue": found.count("succeeded") >= 2,
            "replace": "stopped" in found,
        }[overlap]

    with scheduler("--at-once", "3"):
        eventually(enough)
        cli("schedule", "pause", "s")
    states = [each["state"] for each in history(cli, "s")]
    if overlap in {"forbid", "queue"}:
        assert deepest() == 1
    if overlap == "queue":
        assert "skipped" not in states
    _end_runs(cli)


def _end_runs(cli: Cli) -> None:
    """Runs go on without their scheduler: they are not to outlive their test."""
    eventually(lambda: not {"running", "claimed"} & {each["state"] for each in history(cli, "s")})


@pytest.mark.slow
def test_a_run_survives_its_scheduler_and_another_scheduler_does_not_start_it_again(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    demo = files({"MLproject": f"entry_points: {{main: {{command: 'echo + >> {log}; sleep 4'}}}}"})
    cli("schedule", "add", "s", "@yearly", demo)
    cli("schedule", "run-now", "s")

    with scheduler() as process:
        eventually(log.exists)
        process.kill()
    with scheduler():
        eventually(lambda: history(cli, "s")[0]["state"] == "succeeded")

    assert log.read_text() == "+\n"
    assert history(cli, "s")[0]["attempt"] == 1


@pytest.mark.slow
def test_a_firing_whose_process_is_killed_is_taken_up_again(cli: Cli, files: Files, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = f"echo + >> {log}; test $(wc -l < {log}) -ge 2 || sleep 60"
    demo = files({"MLproject": f"entry_points: {{main: {{command: '{command}'}}}}"})
    cli("schedule", "add", "s", "@yearly", demo)
    cli("schedule", "run-now", "s")

    with scheduler() as process:
        eventually(log.exists)
        os.kill(_process_of_firing(), signal.SIGKILL)
        eventually(lambda: history(cli, "s")[0]["state"] == "succeeded")
        process.terminate()
        assert process.stderr is not None
        said = process.stderr.read()

    assert log.read_text() == "+\n+\n"
    assert "is tried again: its process died" in said
    assert "Z succeeded (run " in said
    assert [run["status"] for run in json.loads(cli("runs", "list", "--json").out)] == ["FINISHED", "KILLED"]


def _process_of_firing() -> int:
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                words = (place / "cmdline").read_bytes().split(b"\0")
                environ = (place / "environ").read_bytes()
            except OSError:
                continue
            if b"runner.scheduling" in words and os.environ["RUNNER_HOME"].encode() in environ:
                return int(place.name)
    raise AssertionError("there is no process of a firing")


def test_firings_of_two_stores_that_have_the_same_number_leave_each_other_alone(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'sleep 6; echo done'}}"})
    long = [sys.executable, "-m", "runner", "schedule", "fire", "s", "--scheduled-for", "2026-01-01"]
    homes = {**os.environ, "RUNNER_HOME": str(tmp_path / "other")}
    add = [sys.executable, "-m", "runner", "schedule", "add", "s", "@daily", str(demo)]
    subprocess.run(add, env=homes, check=True, capture_output=True)
    hanging = files({"MLproject": "entry_points: {main: {command: 'sleep 60'}}"})
    cli("schedule", "add", "s", "@daily", hanging, "--timeout", "1s")

    with subprocess.Popen(long, env=homes, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as slow:
        time.sleep(1.5)
        assert (
            cli("schedule", "fire", "s", "--scheduled-for", "2026-01-01").code == 1
        )  # ended with all its processes
        out, err = slow.communicate(timeout=PATIENCE)

    assert (slow.returncode, out) == (0, "done\n"), err


@pytest.mark.slow
def test_a_server_starts_the_runs_of_schedules_if_it_is_asked_to(cli: Cli, demo: Path) -> None:
    cli("schedule", "add", "s", "@yearly", demo)
    cli("schedule", "run-now", "s")

    with running_server("--scheduler") as server:
        eventually(lambda: history(cli, "s")[0]["state"] == "succeeded")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0

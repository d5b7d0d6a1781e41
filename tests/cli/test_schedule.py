"""`runner schedule` and `runner scheduler`, as a person uses them: real projects, real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.model import Lease
from runner.tracking.schedules import Cause, NewFiring
from tests.conftest import Cli, Files
from tests.server.servers import running_server

NOOP = "entry_points: {main: {command: 'true'}}"
PATIENCE = 60.0
each = pytest.mark.parametrize


def shown(cli: Cli, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("schedule", "show", name, "--json").out)
    return found


def history(cli: Cli, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cli("schedule", "history", name, "--json").out)
    return found


def eventually(ask: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := ask()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.2)
    return found


@contextmanager
def scheduler(*options: str) -> Iterator["subprocess.Popen[str]"]:
    """One of its own; asked to end at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "scheduler", *options], stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)
        assert process.stderr is not None
        process.stderr.close()


@pytest.fixture
def demo(files: Files) -> Path:
    return files({"MLproject": NOOP})


# defining ---------------------------------------------------------------------------------------------------


def test_a_schedule_is_added_listed_and_shown(cli: Cli, demo: Path) -> None:
    added = cli("schedule", "add", "nightly", "30 2 * * *", demo, "--tz", "Europe/Berlin", "-P", "alpha=0.1")

    assert added.code == 0, added.err
    assert added.err.startswith("nightly: next 20")
    header, row = cli("schedule", "list").out.splitlines()
    assert header.split("\t") == ["NAME", "WHEN", "NEXT", "LAST", "PROJECT"]
    assert row.split("\t")[:2] == ["nightly", "30 2 * * * Europe/Berlin"]
    kept = shown(cli, "nightly")
    assert (kept["uri"], kept["parameters"], kept["entry_point"]) == (str(demo), {"alpha": "0.1"}, "main")
    assert len(kept["firings"]) == 10
    assert len(cli("schedule", "show", "nightly").out.splitlines()[-10:][0].split()) == 5


def test_what_is_shown_tells_where_clocks_change(cli: Cli, demo: Path) -> None:
    cli("schedule", "add", "thrice", "30 2 28 1,4,11 *", demo, "--tz", "Europe/Berlin")

    lines = cli("schedule", "show", "thrice").out.splitlines()

    told = [line for line in lines if "clocks go" in line]
    assert {line.split(":", 1)[1].strip() for line in told} == {
        "clocks go forward from 02:00 to 03:00",
        "clocks go back from 03:00 to 02:00",
    }
    assert len({line[17:23] for line in lines if line.endswith("Z")}) == 2  # two offsets


def test_all_that_a_schedule_may_be_told_is_kept(cli: Cli, demo: Path) -> None:
    words = (
        "--missed all --at-most 3 --grace 5m --overlap queue --jitter 10m --retries 2 --retry-on program --retry-delay 5s"
        " --retry-delay-most 1m --timeout 6h --only-if code --on failure=/bin/false --on failure=https://example.com/x"
        " --env-manager local --experiment-name exp --tag team=a --no-digests"
    )

    outcome = cli("schedule", "add", "full", "@daily", demo, *words.split())

    assert outcome.code == 0, outcome.err
    kept = shown(cli, "full")
    assert (kept["missed"], kept["most"], kept["grace"], kept["overlap"], kept["jitter"]) == (
        "all",
        3,
        300,
        "queue",
        600,
    )
    assert kept["retry"] == {"most": 2, "after": ["program"], "delay": 5, "longest": 60}
    assert (kept["timeout"], kept["only_if"]) == (21600, "code")
    assert kept["hooks"] == {"failure": ["/bin/false", "https://example.com/x"]}
    assert set(kept["options"]) == {
        "--env-manager=local",
        "--experiment-name=exp",
        "--tag=team=a",
        "--no-digests",
    }


def test_only_what_is_given_is_edited(cli: Cli, demo: Path) -> None:
    cli(
        "schedule",
        "add",
        "s",
        "@daily",
        demo,
        "--overlap",
        "queue",
        "-P",
        "a=1",
        "--env-manager",
        "local",
        "--timeout",
        "1h",
    )

    cli(
        "schedule",
        "edit",
        "s",
        "--at",
        "@hourly",
        "-P",
        "b=2",
        "--env-manager",
        "virtualenv",
        "--timeout",
        "0",
    )

    kept = shown(cli, "s")
    assert (kept["expression"], kept["overlap"], kept["timeout"]) == ("@hourly", "queue", None)
    assert (kept["parameters"], kept["options"]) == ({"a": "1", "b": "2"}, ["--env-manager=virtualenv"])


@each(
    ("words", "message"),
    [
        (["0 0 31 2 *"], "no time of a schedule"),
        (["@daily", "--tz", "Mars/Base"], "no time zone"),
        (["@daily", "--jitter", "2d"], "a jitter of"),
        (["@daily", "--on", "failure"], "EVENT=TARGET"),
        (["@daily", "--on", "sunrise=/bin/true"], "no event"),
        (["@daily", "--on", "failure=https://me:secret@example.com/"], "password"),
        (["@daily", "--on", "failure=apprise:mailto://me:secret@example.com"], "password"),
        (["@daily", "--on", "failure='"], "no command"),
        (["@daily", "--retry-on", "rain"], "no reason to try again"),
        (["@daily", "-P", "a=1", "--param-from-env", "a=A"], "both give"),
        (["@daily", "-A", "env=TOKEN=secret"], "container"),
        (["@daily", "-e", "missing"], "missing"),
        (["@daily", "--timeout", "soon"], "no length of time"),
        (["@daily", "--grace", "1s"], "shorter than a firing takes"),
        (["@daily", "--unchecked", "--param-from-env", "a=X\n* * * * * false"], "no name of an environment"),
    ],
)
def test_what_makes_no_sense_is_refused(cli: Cli, demo: Path, words: list[str], message: str) -> None:
    outcome = cli("schedule", "add", "s", words[0], demo, *words[1:])

    assert outcome.code != 0
    assert message in outcome.err
    assert "secret@" not in outcome.err
    assert json.loads(cli("schedule", "list", "--json").out) == []


def test_a_login_in_the_address_of_a_project_is_refused(cli: Cli) -> None:
    outcome = cli("schedule", "add", "s", "@daily", "https://me:token@example.com/x.git", "--unchecked")

    assert (outcome.code, "login" in outcome.err, "token@" in outcome.err) == (2, True, False)


def test_a_secret_is_not_kept_but_taken_from_the_environment(
    cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    command = "test $RUNNER_SECRET_TOKEN = open-sesame && echo opened"
    demo = files(
        {
            "MLproject": f"entry_points: {{main: {{parameters: {{token: {{type: string, secret: true}}}}, command: '{command}'}}}}"
        }
    )
    refused = cli("schedule", "add", "s", "@daily", demo, "-P", "token=open-sesame")
    cli("schedule", "add", "s", "@daily", demo, "--param-from-env", "token=DOOR")
    missing = cli("schedule", "fire", "s", "--scheduled-for", "2026-01-01")
    monkeypatch.setenv("DOOR", "open-sesame")

    opened = cli("schedule", "fire", "s", "--scheduled-for", "2026-01-02")

    assert (refused.code, "is secret" in refused.err) == (2, True)
    assert (missing.code, "no environment variable DOOR" in missing.err) == (1, True)
    assert (opened.code, opened.out) == (0, "opened\n")
    assert b"open-sesame" not in (home / "runner.db").read_bytes()


def test_pause_resume_remove(cli: Cli, demo: Path) -> None:
    cli("schedule", "add", "s", "@daily", demo)

    cli("schedule", "pause", "s")
    assert cli("schedule", "list").out.splitlines()[1].split("\t")[2] == "paused"
    assert "paused" in cli("schedule", "fire", "s").err
    cli("schedule", "resume", "s")
    assert shown(cli, "s")["paused"] is False
    cli("schedule", "remove", "s")
    assert "there is no schedule 's'" in cli("schedule", "show", "s").err


# firing -----------------------------------------------------------------------------------------------------


def test_a_time_is_fired_for_once(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'echo for $RUNNER_SCHEDULED_FOR'}}"})
    cli("schedule", "add", "s", "30 2 * * *", demo, "--tz", "Europe/Berlin")

    first = cli("schedule", "fire", "s", "--scheduled-for", "2026-07-01T02:30")
    second = cli("schedule", "fire", "s", "--scheduled-for", "2026-07-01T02:30")

    assert (first.code, first.out) == (0, "for 2026-07-01T00:30:00Z\n")
    assert (second.code, second.out) == (0, "")
    (firing,) = history(cli, "s")
    (run,) = json.loads(cli("runs", "list", "--json").out)
    assert (firing["state"], firing["run_id"]) == ("succeeded", run["run_id"])
    assert run["tags"]["runner.schedule"] == "s"
    assert run["tags"]["runner.scheduled_for"] == "2026-07-01T00:30:00Z"


def test_fire_without_a_time_takes_the_last_one_and_what_came_since_is_due(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'echo ran'}}"})
    cli("schedule", "add", "s", "every 2s", demo, "--grace", "1h", "--overlap", "replace")
    time.sleep(3)

    outcome = cli("schedule", "fire", "s")

    assert (outcome.code, outcome.out) == (0, "ran\n"), outcome.err


def test_nothing_is_due_before_the_first_time(cli: Cli, demo: Path) -> None:
    cli("schedule", "add", "s", "0 0 29 2 *", demo)

    outcome = cli("schedule", "fire", "s")

    assert (outcome.code, "nothing is due" in outcome.err) == (0, True)
    assert history(cli, "s") == []


def test_what_fails_is_tried_again_and_hooks_hear_of_failure_and_recovery(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    told = tmp_path / "told"
    hook = (
        files({"hook.sh": f"echo $RUNNER_HOOK_EVENT $RUNNER_HOOK_STATE $RUNNER_HOOK_ATTEMPT $1 >> {told}\n"})
        / "hook.sh"
    )
    demo = files(
        {
            "MLproject": f"entry_points: {{main: {{command: 'echo x >> {count}; test $(wc -l < {count}) -ge 4'}}}}"
        }
    )
    cli(
        *(
            "schedule",
            "add",
            "s",
            "@daily",
            demo,
            "--retries",
            "1",
            "--retry-on",
            "program",
            "--retry-delay",
            "1s",
        ),
        *(
            word
            for event in ("failure", "recovery", "success")
            for word in ("--on", f"{event}=sh {hook} now")
        ),
    )

    codes = [cli("schedule", "fire", "s", "--scheduled-for", f"2026-01-0{day}").code for day in (1, 2, 3)]

    assert codes == [1, 0, 0]
    assert told.read_text().splitlines() == [
        "failure failed 2 now",
        "success succeeded 2 now",
        "recovery succeeded 2 now",
        "success succeeded 1 now",
    ]
    assert [(each["attempt"], each["reason"]) for each in history(cli, "s")] == [
        (1, None),
        (2, None),
        (2, "program: exit code 1"),
    ]


def test_what_cannot_be_fixed_by_trying_again_is_not_tried_again(cli: Cli, demo: Path) -> None:
    cli(
        "schedule",
        "add",
        "s",
        "@daily",
        demo,
        "--retries",
        "3",
        "--retry-on",
        "environment",
        "--retry-on",
        "program",
    )
    (demo / "MLproject").write_text("entry_points: 3")

    outcome = cli("schedule", "fire", "s", "--scheduled-for", "2026-01-01")

    assert outcome.code == 1
    (firing,) = history(cli, "s")
    assert (firing["state"], firing["attempt"], firing["reason"].split(":")[0]) == ("failed", 1, "project")


def test_a_run_that_takes_too_long_is_stopped(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'sleep 60'}}"})
    cli("schedule", "add", "s", "@daily", demo, "--timeout", "1s")

    cli("schedule", "fire", "s", "--scheduled-for", "2026-01-01")

    (firing,) = history(cli, "s")
    runs = json.loads(cli("runs", "list", "--json").out)
    assert (firing["state"], firing["reason"]) == ("failed", "timeout: it took longer than 1 s")
    assert {run["status"] for run in runs} <= {"KILLED"}  # it may not have come to a run


def test_a_program_that_is_killed_counts_as_out_of_memory(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'kill -9 $$'}}"})
    cli("schedule", "add", "s", "@daily", demo)

    cli("schedule", "fire", "s", "--scheduled-for", "2026-01-01")

    assert history(cli, "s")[0]["reason"].startswith("out-of-memory")


def test_unchanged_data_is_not_trained_on_again(cli: Cli, files: Files, tmp_path: Path) -> None:
    demo = files({"MLproject": "entry_points: {main: {parameters: {data: path}, command: 'cat {data}'}}"})
    data = tmp_path / "data.csv"
    data.write_text("1\n")
    cli("schedule", "add", "s", "@daily", demo, "-P", f"data={data}", "--only-if", "data")

    outputs = [cli("schedule", "fire", "s", "--scheduled-for", "2026-01-01").out]
    outputs += [cli("schedule", "fire", "s", "--scheduled-for", "2026-01-02").out]
    data.write_text("2\n")
    outputs += [cli("schedule", "fire", "s", "--scheduled-for", "2026-01-03").out]

    assert outputs == ["1\n", "", "2\n"]
    assert [each["state"] for each in history(cli, "s")] == ["succeeded", "skipped", "succeeded"]
    assert history(cli, "s")[1]["reason"] == "unchanged since its last success (data)"


def test_a_backfill_fires_for_times_that_have_not_succeeded(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'echo $RUNNER_SCHEDULED_FOR'}}"})
    cli("schedule", "add", "s", "@daily", demo)
    fired = cli("schedule", "fire", "s", "--scheduled-for", "2026-01-02")

    counted = cli("schedule", "backfill", "s", "--from", "2026-01-01", "--to", "2026-01-03")
    cli("schedule", "fire", "s", "--scheduled-for", "2026-01-09")  # runs all that waits

    assert fired.code == 0, fired.err
    assert counted.err == "3 firings\n"
    assert [(each["scheduled_for"][:10], each["cause"]) for each in history(cli, "s")[1:]] == [
        ("2026-01-03", "backfill"),
        ("2026-01-02", "clock"),
        ("2026-01-01", "backfill"),
    ]
    assert {each["state"] for each in history(cli, "s")} == {"succeeded"}


def test_a_backfill_of_too_many_times_is_refused(cli: Cli, demo: Path) -> None:
    cli("schedule", "add", "s", "* * * * *", demo)

    outcome = cli("schedule", "backfill", "s", "--from", "2025-01-01", "--to", "2026-01-01")

    assert (outcome.code, "more than 1000" in outcome.err) == (2, True)


def test_a_backfill_until_a_day_has_that_day(cli: Cli, demo: Path) -> None:
    cli("schedule", "add", "s", "30 2 * * *", demo, "--tz", "Europe/Berlin")

    counted = cli(*"schedule backfill s --from 2026-10-24 --to 2026-10-26 --dry-run".split())

    assert (counted.code, counted.err) == (0, "3 firings\n")
    assert history(cli, "s") == []


@each(
    ("start", "end", "message"),
    [
        ("2026-01-02", "2026-01-01", "is later than 2026-01-01"),
        ("2999-01-01", "2999-01-02", "is later than now"),
        ("0001-01-01", "0001-01-02", "too far away"),
        ("2026-01-01", "9999-12-31", "too far away"),
        ("yesterday", "2026-01-02", "is no time"),
    ],
)
def test_a_backfill_of_no_time_is_refused(cli: Cli, demo: Path, start: str, end: str, message: str) -> None:
    cli("schedule", "add", "s", "@daily", demo)

    outcome = cli("schedule", "backfill", "s", "--from", start, "--to", end)

    assert (outcome.code, message in outcome.err) == (2, True), outcome.err


def test_a_schedule_that_rests_is_not_fired_for_a_time_that_is_named(cli: Cli, demo: Path) -> None:
    cli("schedule", "add", "s", "@daily", demo)
    cli("schedule", "pause", "s")

    outcome = cli("schedule", "fire", "s", "--scheduled-for", "2026-01-01")

    assert (outcome.code, "paused" in outcome.err) == (0, True)
    assert history(cli, "s") == []


def test_a_firing_that_went_with_its_machine_does_not_silence_a_schedule_that_cron_fires(
    cli: Cli, files: Files, settings: Settings
) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'echo $RUNNER_SCHEDULED_FOR'}}"})
    cli("schedule", "add", "s", "@daily", demo)
    with closing(open_database_store(settings)) as store:
        schedule, gone = store.schedules.get("s"), Lease("another boot", 1, "1", 0)
        store.schedules.insert(schedule.id, [NewFiring(86_400_000, 0, Cause.CLOCK)], replacing=False)
        ((_, firing),) = store.schedules.claim(1, gone, limit=1)
        store.schedules.start(firing.id, firing.claims, gone, 1)

    outcome = cli("schedule", "fire", "s", "--scheduled-for", "2026-01-01")
    later = cli("schedule", "fire", "s", "--scheduled-for", "2026-01-02")

    assert outcome.out == "1970-01-02T00:00:00Z\n", outcome.err  # by the overlap rule the new one is skipped
    assert later.out == "2026-01-02T00:00:00Z\n"
    assert [each["state"] for each in history(cli, "s")] == ["succeeded", "skipped", "succeeded"]


def test_run_now_waits_for_a_scheduler_and_the_overlap_rule_holds(cli: Cli, demo: Path) -> None:
    cli("schedule", "add", "s", "@daily", demo)

    first, second = cli("schedule", "run-now", "s"), cli("schedule", "run-now", "s")

    assert (first.code, first.err) == (0, "s: fires as soon as a scheduler is at work\n")
    assert (second.code, "has not started yet" in second.err) == (7, True)
    assert [each["cause"] for each in history(cli, "s")] == ["manual"]


# the scheduler ----------------------------------------------------------------------------------------------


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


def test_a_store_behind_a_server_keeps_no_schedules(cli: Cli) -> None:
    outcome = cli("schedule", "--tracking-uri", "http://127.0.0.1:9", "list")

    assert (outcome.code, outcome.err.splitlines()[-1]) == (7, "hint: name the database behind it")


def test_json_of_the_commands(cli: Cli, demo: Path) -> None:
    added = json.loads(cli("schedule", "add", "s", "@daily", demo, "--json").out)
    fired = json.loads(cli("schedule", "run-now", "s", "--json").out)
    (listed,) = json.loads(cli("schedule", "list", "--json").out)

    whole = shown(cli, "s")
    assert len(whole.pop("firings")) == 10
    assert added == whole
    assert (fired["state"], fired["cause"], fired["run_id"]) == ("waiting", "manual", None)
    assert (listed["name"], listed["last"]) == ("s", None)


def test_the_tables_of_the_commands(cli: Cli, demo: Path) -> None:
    cli("schedule", "add", "s", "@daily", demo, "-P", "a=1", "--param-from-env", "b=B", "--unchecked", "--retries", "2", "--timeout", "2h", "--only-if", "code", "--on", "missed=/bin/true", "--jitter", "1h", "--no-digests", "--missed", "all")  # fmt: skip
    cli("schedule", "fire", "s", "--scheduled-for", "2026-01-01")

    shown_lines = cli("schedule", "show", "s").out.splitlines()
    header, row = cli("schedule", "history", "s").out.splitlines()

    facts = {line[:12].strip(): line[13:] for line in shown_lines[: shown_lines.index("")]}
    assert facts["a"] == "1"
    assert facts["b"] == "(from B)"
    assert (facts["options"], facts["missed"], facts["timeout"]) == (
        "--no-digests",
        "all, 10 at most",
        "2.0 h",
    )
    assert facts["retries"] == "2 after environment, network; 60 s, doubling to 3600 s"
    assert "later" in shown_lines[-1]
    assert header.split("\t") == ["TIME", "STATE", "CAUSE", "TRY", "TOOK", "RUN", "WHY"]
    assert row.split("\t")[1:4] == ["failed", "clock", "1"]
    assert row.endswith("project: parameter 'b': there is no environment variable B")

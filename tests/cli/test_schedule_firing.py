"""Schedules that fire without a scheduler: when, how often, what becomes of it."""

import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.model import Lease
from runner.tracking.schedules import Cause, NewFiring
from tests.cli.schedules import history
from tests.conftest import Cli, Files

each = pytest.mark.parametrize


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
    assert counted.err == "2 firings\n"
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

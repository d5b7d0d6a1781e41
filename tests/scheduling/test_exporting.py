"""Schedules for the clocks of others: their own parsers read what we write, and find the same times."""

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from crontab import CronTab

from runner.errors import UsageError
from runner.scheduling.exporting import export
from runner.scheduling.exporting.fields import fields
from runner.scheduling.exporting.github import in_utc
from runner.scheduling.times import following, times
from runner.settings import Settings
from runner.tracking.schedules import Definition, Schedule, Upcoming
from tests.conftest import Cli, Files
from tests.scheduling.test_times import moment
from tests.services.programs import needed

each = pytest.mark.parametrize
NIGHTLY = Definition(expression="30 2 * * *", zone="Europe/Berlin", uri="/project")
POSTGRESQL = "postgresql://me:secret@db.example.com/runs"
START = moment("2027-01-15T00:00")


def exported(
    form: str, definition: Definition = NIGHTLY, *, store: str = "sqlite:////srv/it's 100%/runs.db"
) -> Mapping[str, str]:
    schedule = Schedule(
        id=1,
        name="nightly",
        definition=definition,
        paused=False,
        created=0,
        updated=0,
        upcoming=Upcoming(0, 0),
    )
    return export(
        schedule, form, store=store, settings=Settings.from_environ(os.environ), image="team/runner:1"
    )


def expression(text: str, zone: str = "Europe/Berlin") -> Definition:
    return replace(NIGHTLY, expression=text, zone=zone)


@each("form", ["systemd", "crontab"])
def test_a_path_that_would_begin_a_line_of_its_own_is_refused(form: str) -> None:
    with pytest.raises(UsageError, match="control characters"):
        exported(form, store="sqlite:////srv/x\n* * * * * false\n#/runs.db")


@each(
    ("given", "written"),
    [("0 3 * * 5-7", "0 3 * * 0,5,6"), ("0 3 * * Sun", "0 3 * * Sun"), ("0 3 * * 7", "0 3 * * 0")],
)
def test_a_sunday_is_written_as_all_programs_read_it(given: str, written: str) -> None:
    found = fields(expression(given, "UTC"))

    assert found.expression == written
    same = following(times(given, "UTC"), START, 20)
    assert following(times(found.expression, "UTC"), START, 20) == same


# systemd ----------------------------------------------------------------------------------------------------


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    analyze = needed("systemd-analyze")
    units = exported("systemd", replace(NIGHTLY, from_environment={"token": "TOKEN"}))
    for name, text in units.items():
        (tmp_path / name).write_text(text)

    done = subprocess.run(
        [analyze, "verify", "--man=no", *(str(tmp_path / name) for name in units)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert set(units) == {"runner-nightly.service", "runner-nightly.timer"}
    ours = [line for line in done.stderr.splitlines() if "runner-nightly" in line]
    assert (done.returncode, ours) == (0, [])
    assert "EnvironmentFile=-%h/.config/runner/nightly.env" in units["runner-nightly.service"]


@each(
    "text",
    [
        "30 2 * * *",
        "*/15 8-18 * * mon-fri",
        "0 0 1,15 * *",
        "0 4 13 * fri",  # the 13th, and Fridays
        "5 4 * feb,aug 0",
        "every 4h",
        "every 20m",
        "@weekly",
    ],
)
def test_systemd_fires_at_the_times_of_the_schedule(text: str) -> None:
    analyze = needed("systemd-analyze")
    definition = expression(text)
    calendars = re.findall("OnCalendar=(.*)", exported("systemd", definition)["runner-nightly.timer"])

    found: set[int] = set()
    for calendar in calendars:
        base = datetime.fromtimestamp(START / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        done = subprocess.run(
            [analyze, "calendar", "--iterations=12", f"--base-time={base}", calendar],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
        )
        texts = re.findall(
            r"(?:Next elapse|Iteration #\d+|Iter\. #\d+): \w+ ([\d-]+ [\d:]+) UTC", done.stdout
        )
        found |= {moment(text.replace(" ", "T")) for text in texts}

    expected = following(times(text, fields(definition).zone), START, 8)
    assert sorted(found)[:8] == list(expected)


# crontab ----------------------------------------------------------------------------------------------------


def test_a_crontab_parser_reads_the_line_and_the_shell_gets_what_was_meant() -> None:
    (text,) = exported("crontab", store="sqlite:////srv/it's/runs.db").values()

    (job,) = CronTab(tab=text)

    assert job.is_valid()
    assert str(job.slices) == "30 2 * * *"
    assert job.env["CRON_TZ"] == "Europe/Berlin"
    words = shlex.split(job.command)
    assert words[0] == "RUNNER_TRACKING_URI=sqlite:////srv/it's/runs.db"
    assert words[-4:] == ["fire", "nightly", "--scheduled-for", "now"]


def test_a_percent_sign_does_not_end_the_line() -> None:
    (text,) = exported("crontab").values()

    assert "100\\%/runs.db" in text
    assert not re.search(r"(?<!\\)%", text)


def test_the_exported_line_fires_the_schedule(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'echo trained'}}"})
    cli("schedule", "add", "s", "every 1m", demo, "--grace", "1h")
    line = cli("schedule", "export", "s", "--to", "crontab").out.splitlines()[-1]
    command = (
        line.split(maxsplit=5)[5]
        .replace("\\%", "%")
        .replace("--scheduled-for now", "--scheduled-for 2026-01-01")
    )
    bare = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}

    outputs = [
        subprocess.run(["sh", "-c", command], env=bare, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]

    assert outputs == ["trained\n", ""]  # a time is fired for once


# Kubernetes, GitHub --------------------------------------------------------------------------------------------


def test_a_cronjob_names_the_secret_and_not_what_is_in_it() -> None:
    ((name, text),) = exported(
        "k8s-cronjob", replace(NIGHTLY, from_environment={"token": "TOKEN"}), store=POSTGRESQL
    ).items()

    manifest = yaml.safe_load(text)

    spec = manifest["spec"]
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert (name, manifest["kind"], manifest["metadata"]["name"]) == (
        "runner-nightly.yaml",
        "CronJob",
        "runner-nightly",
    )
    assert (spec["schedule"], spec["timeZone"]) == ("30 2 * * *", "Europe/Berlin")
    assert container["command"] == ["runner", "schedule", "fire", "nightly", "--scheduled-for", "now"]
    assert [each["name"] for each in container["env"]] == ["RUNNER_TRACKING_URI", "TOKEN"]
    assert "secret@" not in text


def test_a_workflow_is_called_at_each_hour_that_the_time_may_have_in_utc() -> None:
    (text,) = exported("github-actions", store=POSTGRESQL).values()

    workflow: dict[Any, Any] = yaml.safe_load(text)

    assert workflow["on"]["schedule"] == [{"cron": "30 0,1 * * *"}]
    assert workflow["jobs"]["fire"]["env"] == {"RUNNER_TRACKING_URI": "${{ secrets.RUNNER_TRACKING_URI }}"}
    assert "secret@" not in text


@each(
    ("text", "zone", "expected"),
    [
        ("30 2 1 * *", "UTC", ["30 2 1 * *"]),
        ("15 * * * *", "Europe/Berlin", ["15 * * * *"]),
        ("0 1 * * *", "Asia/Tokyo", ["0 16 * * *"]),
        ("0 22 * * *", "America/New_York", ["0 2,3 * * *"]),
    ],
)
def test_times_in_utc(text: str, zone: str, expected: list[str]) -> None:
    assert in_utc(fields(expression(text, zone))) == expected


@each("text", ["0 2 * * mon", "0 2 1 * *"])
def test_days_that_would_have_to_be_moved_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be said in UTC"):
        in_utc(fields(expression(text)))
    with pytest.raises(UsageError, match="cannot be said in UTC"):
        in_utc(fields(expression("0 2 * * *", "Asia/Kolkata")))


@each("form", ["k8s-cronjob", "github-actions"])
def test_a_store_in_a_file_cannot_be_reached_from_elsewhere(form: str) -> None:
    with pytest.raises(UsageError, match="a file of this one"):
        exported(form)


@each("text", ["0 0 L * *", "0 0 * * mon#2", "every 7m", "every 36h"])
def test_what_others_would_not_understand_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"do not understand|does not divide"):
        exported("crontab", expression(text))


def test_months_with_an_l_are_no_last_days() -> None:
    assert fields(expression("0 0 1 jul *")).expression == "0 0 1 jul *"


def test_a_password_of_the_store_is_not_written_down() -> None:
    for form in ("systemd", "crontab"):
        assert "secret@" not in "".join(exported(form, store=POSTGRESQL).values())


def test_files_are_written_where_they_are_wanted(cli: Cli, files: Files, tmp_path: Path) -> None:
    cli("schedule", "add", "s", "@daily", files({"MLproject": "entry_points: {main: {command: 'true'}}"}))

    outcome = cli("schedule", "export", "s", "--to", "systemd", "-o", tmp_path / "units")

    assert outcome.out.splitlines() == [f"{tmp_path}/units/runner-s.{kind}" for kind in ("service", "timer")]
    assert cli("schedule", "export", "s", "--to", "systemd").out.startswith("# runner-s.service\n[Unit]\n")

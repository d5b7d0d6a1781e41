"""`runner schedule`, as a person uses it: what is kept, edited, refused and shown."""

import json
from pathlib import Path

import pytest

from tests.cli.schedules import history, shown
from tests.conftest import Cli, Files

each = pytest.mark.parametrize


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


def test_the_next_time_is_left_out_and_the_one_after_it_is_next(cli: Cli, demo: Path) -> None:
    cli("schedule", "add", "s", "@daily", demo)
    first, second = (each for each in shown(cli, "s")["firings"][:2])

    skipped = cli("schedule", "skip", "s")

    assert (skipped.code, "is left out; next" in skipped.err) == (0, True), skipped.err
    assert shown(cli, "s")["next"]["time"] == second == first + 86_400_000
    (kept,) = history(cli, "s")
    assert (kept["state"], kept["reason"]) == ("skipped", "left out on demand")
    cli("schedule", "pause", "s")
    assert "so there is nothing to skip" in cli("schedule", "skip", "s").err
    cli("schedule", "resume", "s")
    assert shown(cli, "s")["next"]["time"] == second


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

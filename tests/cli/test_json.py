"""Commands that change something tell what they changed, as JSON too."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from runner.tracking import Store
from runner.tracking.logs import LogWriter
from tests.conftest import Cli


@pytest.mark.parametrize(("verb", "stage"), [("delete", "deleted"), ("restore", "active")])
def test_runs_that_are_marked_are_told(cli: Cli, store: Store, verb: str, stage: str) -> None:
    store.create_run("0", name="a")
    store.create_run("0", name="b")

    told = json.loads(cli("runs", verb, "a", "b", "--json").out)

    assert [(run["name"], run["lifecycle_stage"]) for run in told] == [("a", stage), ("b", stage)]
    assert told == [json.loads(cli("runs", "show", name, "--json").out) for name in "ab"]


def test_experiments_that_change_are_told(cli: Cli) -> None:
    made = json.loads(cli("experiments", "create", "a", "--json").out)

    renamed = json.loads(cli("experiments", "rename", "a", "b", "--json").out)
    deleted = json.loads(cli("experiments", "delete", "b", "--json").out)
    restored = json.loads(cli("experiments", "restore", "b", "--json").out)

    assert [each["experiment_id"] for each in (made, renamed, deleted, restored)] == ["1"] * 4
    assert [each["name"] for each in (made, renamed, deleted, restored)] == ["a", "b", "b", "b"]
    assert (deleted["lifecycle_stage"], restored["lifecycle_stage"]) == ("deleted", "active")


def test_output_is_told_line_by_line(cli: Cli, store: Store, home: Path) -> None:
    run = store.create_run("0", name="a")
    live = home / "live" / run.id
    live.mkdir(parents=True)
    with closing(LogWriter(live)) as writer:
        writer.write("stdout", b"one\ntwo")
        writer.write("stderr", b"\x1b[31mred\n")
        writer.write("stdout", b" halves\n")

    outcome = cli("runs", "logs", "a", "--json")
    lines = [json.loads(line) for line in outcome.out.splitlines()]

    assert [(line["stream"], line["text"]) for line in lines] == [
        ("stdout", "one"),
        ("stderr", "\x1b[31mred"),
        ("stdout", "two halves"),
    ]
    assert all(isinstance(line["time"], int) for line in lines)
    assert outcome.err == ""
    assert "\x1b" not in outcome.out
    assert len(cli("runs", "logs", "a", "--json", "--grep", "halves").out.splitlines()) == 1

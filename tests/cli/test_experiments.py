"""`runner experiments` through the front door."""

import json
from pathlib import Path

import pytest

from runner.tracking import Store
from tests.cli.terminals import on_terminal
from tests.conftest import Cli


def listed(cli: Cli, *arguments: str) -> list[str]:
    return [line.split("\t")[1] for line in cli("experiments", "list", *arguments).out.splitlines()[1:]]


def test_there_is_a_default_experiment(cli: Cli, home: Path) -> None:
    outcome = cli("experiments", "list")

    head, row = (line.split("\t") for line in outcome.out.splitlines())
    assert head == ["ID", "NAME", "CREATED", "ARTIFACTS"]
    assert row == ["0", "Default", row[2], (home / "artifacts" / "0").as_uri()]


def test_an_experiment_is_created_renamed_deleted_and_restored(cli: Cli) -> None:
    made = cli("experiments", "create", "churn")
    assert (made.code, made.out, made.err) == (0, "1\n", "")
    assert listed(cli) == ["churn", "Default"]

    assert cli("experiments", "rename", "churn", "churn 2").code == 0
    assert listed(cli) == ["churn 2", "Default"]

    assert cli("experiments", "delete", "1").code == 0
    assert listed(cli) == ["Default"]
    assert listed(cli, "--deleted") == ["churn 2"]

    assert cli("experiments", "restore", "churn 2").code == 0
    assert listed(cli) == ["churn 2", "Default"]


def test_deleting_an_experiment_hides_its_runs_and_restoring_brings_them_back(cli: Cli, store: Store) -> None:
    churn = store.create_experiment("churn")
    run = store.create_run(churn.id, name="a")

    cli("experiments", "delete", "churn")
    assert cli("runs", "list", "--json").out == "[]\n"
    assert json.loads(cli("runs", "show", run.id, "--json").out)["lifecycle_stage"] == "deleted"

    cli("experiments", "restore", "churn")
    assert len(json.loads(cli("runs", "list", "--json").out)) == 1


def test_artifacts_may_have_a_place_of_their_own(cli: Cli, store: Store, tmp_path: Path) -> None:
    place = (tmp_path / "elsewhere").as_uri()

    made = json.loads(
        cli("experiments", "create", "churn", "--artifact-location", place, "--json").out,
    )

    assert made["experiment_id"] == "1"
    assert made["artifact_location"] == place
    run = store.create_run("1")
    assert run.artifact_uri == f"{place}/{run.id}/artifacts"


def test_json_has_everything(cli: Cli, store: Store) -> None:
    made = store.create_experiment("churn", tags={"team": "x"})

    found = json.loads(cli("experiments", "list", "--json").out)

    assert found[0] == {
        "experiment_id": "1",
        "name": "churn",
        "artifact_location": made.artifact_location,
        "lifecycle_stage": "active",
        "creation_time": made.created,
        "last_update_time": made.updated,
        "tags": {"team": "x"},
    }


def test_each_change_can_answer_in_json(cli: Cli, store: Store) -> None:
    store.create_experiment("churn")

    renamed = json.loads(cli("experiments", "rename", "churn", "new", "--json").out)
    deleted = json.loads(cli("experiments", "delete", "new", "--json").out)
    restored = json.loads(cli("experiments", "restore", "new", "--json").out)

    assert (renamed["experiment_id"], renamed["name"]) == ("1", "new")
    assert deleted["lifecycle_stage"] == "deleted"
    assert restored["lifecycle_stage"] == "active"


def test_rich_markup_in_a_name_is_text_on_a_terminal(store: Store) -> None:
    store.create_experiment("[red]x[/red] :smile:")

    assert "[red]x[/red] :smile:" in on_terminal("experiments", "list", columns=200).out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["create", "churn"], 7, "there is an experiment 'churn' already"),
        (["create", "gone"], 7, "runner experiments restore 2"),
        (["create", ""], 7, "is no name for an experiment"),
        (["create", "a\x1b[31mb"], 7, r"'a\x1b[31mb' is no name"),
        (["create", "x" * 501], 7, "up to 500"),
        (["rename", "churn", "Default"], 7, "already"),
        (["rename", "chrun", "x"], 7, "did you mean 'churn'?"),
        (["rename", "gone", "x"], 7, "is deleted"),
        (["delete", "9"], 7, "there is no experiment '9'"),
        (["delete", "Default"], 7, "the default experiment cannot be deleted"),
        (["restore", "nope"], 7, "there is no experiment"),
        (["delete"], 2, "Missing argument"),
        (["list", "--jsn"], 2, "--json"),
    ],
)
def test_a_mistake_ends_in_one_message(
    cli: Cli, store: Store, arguments: list[str], code: int, words: str
) -> None:
    store.create_experiment("churn")
    store.create_experiment("gone")
    store.delete_experiment("gone")

    outcome = cli("experiments", *arguments)

    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    assert words in outcome.err
    assert "\x1b" not in outcome.err
    assert "Traceback" not in outcome.err

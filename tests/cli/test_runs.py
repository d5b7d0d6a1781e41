"""`runner runs` through the front door, over runs that are written into a real store."""

import json
import math
import re

import pytest

from runner.tracking import Store
from runner.tracking.model import Dataset, DatasetInput, ModelOutput, RunStatus
from tests.cli.records import cells, names, record
from tests.conftest import Cli

# list -----------------------------------------------------------------------------------------------------


def test_runs_are_listed_newest_first_with_metrics_and_the_params_that_differ(cli: Cli, store: Store) -> None:
    record(store, "old", started=1000, loss=0.25)
    record(store, "new", started=2000, acc=1 / 3)

    outcome = cli("runs", "list")

    head, new, old = cells(outcome.out)
    assert head == ["NAME", "STATUS", "STARTED", "TOOK", "acc", "loss", "beta"]
    assert new[:2] == ["new", "FINISHED"]
    assert new[3:] == ["1.5 min", "0.333333", "", "new"]
    assert old[3:] == ["1.5 min", "", "0.25", "old"]
    assert re.fullmatch(r"\d+\.\d d ago", new[2])
    assert outcome.err == ""


def test_all_columns_shows_what_is_the_same_too(cli: Cli, store: Store) -> None:
    record(store, "a")
    record(store, "b")

    assert "alpha" not in cli("runs", "list").out
    assert cells(cli("runs", "list", "--all-columns").out)[0][-2:] == ["alpha", "beta"]


def test_a_filter_chooses(cli: Cli, store: Store) -> None:
    record(store, "a", loss=0.5)
    record(store, "b", loss=0.1)
    record(store, "c")

    assert names(cli("runs", "list", "-f", "metrics.loss < 0.3 AND params.alpha = '0.1'").out) == ["b"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (["metrics.loss"], ["b", "a", "c"]),
        (["-metrics.loss"], ["a", "b", "c"]),
        (["metrics.loss DESC"], ["a", "b", "c"]),
        (["metrics.loss asc"], ["b", "a", "c"]),
        (["params.alpha", "-attributes.run_name"], ["c", "b", "a"]),
        (["start_time"], ["a", "b", "c"]),
    ],
)
def test_an_order_is_spelled_both_ways(cli: Cli, store: Store, sort: list[str], order: list[str]) -> None:
    record(store, "a", started=1, loss=0.5)
    record(store, "b", started=2, loss=0.1)
    record(store, "c", started=3)

    assert names(cli("runs", "list", *(f"--sort={key}" for key in sort)).out) == order


def test_a_limit_says_that_there_are_more(cli: Cli, store: Store) -> None:
    record(store, "a", started=1)
    record(store, "b", started=2)

    outcome = cli("runs", "list", "-n", "1")

    assert names(outcome.out) == ["b"]
    assert "there are more than these 1; see --limit" in outcome.err
    assert cli("runs", "list", "-n", "2").err == ""


def test_experiments_are_named_or_numbered(cli: Cli, store: Store) -> None:
    record(store, "default")
    churn = store.create_experiment("churn")
    store.create_run(churn.id, name="other")

    assert names(cli("runs", "list", "--experiment", "churn").out) == ["other"]
    assert names(cli("runs", "list", "--experiment", churn.id).out) == ["other"]
    both = cli("runs", "list", "--experiment", "churn", "--experiment", "0")
    assert sorted(names(both.out)) == ["default", "other"]


def test_runs_are_deleted_listed_as_deleted_and_restored(cli: Cli, store: Store) -> None:
    run = record(store, "a")
    record(store, "b", started=2000)

    outcome = cli("runs", "delete", "a", "-1")

    assert re.fullmatch(rf"deleted a \({run.id}\)\ndeleted b \(\w+\)\n", outcome.out)
    assert names(cli("runs", "list").out) == []
    assert sorted(names(cli("runs", "list", "--deleted").out)) == ["a", "b"]
    assert "FINISHED, deleted" in cli("runs", "show", "a").out
    assert cli("runs", "restore", run.id[:8]).out == f"restored a ({run.id})\n"
    assert names(cli("runs", "list").out) == ["a"]


def test_deleting_and_restoring_can_answer_in_json(cli: Cli, store: Store) -> None:
    run = record(store, "a")

    (deleted,) = json.loads(cli("runs", "delete", "a", "--json").out)
    (restored,) = json.loads(cli("runs", "restore", "a", "--json").out)

    assert (deleted["run_id"], deleted["lifecycle_stage"]) == (run.id, "deleted")
    assert restored["lifecycle_stage"] == "active"


def test_deleting_is_all_or_nothing_in_names(cli: Cli, store: Store) -> None:
    record(store, "a")

    outcome = cli("runs", "delete", "a", "nobody")

    assert outcome.code == 7
    assert names(cli("runs", "list").out) == ["a"]


def test_an_empty_list_says_so(cli: Cli) -> None:
    outcome = cli("runs", "list")

    assert (outcome.code, outcome.err) == (0, "no runs\n")


def test_json_has_everything_and_no_nan(cli: Cli, store: Store) -> None:
    run = record(store, "ä\n".strip(), loss=math.nan, acc=0.5, top=math.inf)

    (listed,) = json.loads(cli("runs", "list", "--json").out)

    assert listed == {
        "run_id": run.id,
        "name": "ä",
        "experiment_id": "0",
        "status": "FINISHED",
        "lifecycle_stage": "active",
        "user": "ada",
        "start_time": 1000,
        "end_time": 91_000,
        "artifact_uri": run.artifact_uri,
        "params": {"alpha": "0.1", "beta": "ä"},
        "metrics": {
            "acc": {"value": 0.5, "step": 1, "time": 5},
            "loss": {"value": None, "step": 1, "time": 5},
            "top": listed["metrics"]["top"],
        },
        "tags": {"mlflow.runName": "ä"},
        "datasets": [],
        "models_used": [],
        "models_made": [],
    }
    assert json.loads(cli("runs", "show", "-1", "--json").out) == listed


def test_a_run_that_goes_on_has_taken_the_time_until_now(cli: Cli, store: Store) -> None:
    store.create_run("0", name="now", status=RunStatus.RUNNING)
    store.update_run(store.create_run("0", name="odd").id, status=RunStatus.FAILED)

    rows = {row[0]: row for row in cells(cli("runs", "list").out)}

    assert re.fullmatch(r"\d\.\d s", rows["now"][3])
    assert rows["odd"][3] == ""  # nobody wrote when it ended


# show and references --------------------------------------------------------------------------------------


def test_show_prints_every_fact(cli: Cli, store: Store) -> None:
    run = record(store, "a", loss=0.123456789)
    store.log(run.id, tags={"team": "x"})

    lines = cli("runs", "show", "a").out.splitlines()

    facts = dict(line.split(maxsplit=1) for line in lines[:8])
    assert facts["run"] == run.id
    assert facts["experiment"] == "Default (0)"
    assert facts["status"] == "FINISHED"
    assert facts["took"] == "1.5 min"
    assert facts["artifacts"] == run.artifact_uri
    assert lines[8:] == [
        "params",
        "  alpha = 0.1",
        "  beta = a",
        "metrics",
        "  loss = 0.123457",
        "tags",
        "  mlflow.runName = a",
        "  team = x",
    ]


def test_show_tells_what_the_run_used_and_made(cli: Cli, store: Store) -> None:
    run = record(store, "a", loss=0.1)
    made, used = store.models.create("0"), store.models.create("0")
    dataset = Dataset(name="wine", digest="d1", source_type="local", source="wine.csv")
    given = DatasetInput(dataset, {"mlflow.data.context": "train"})
    store.log_inputs(run.id, datasets=[given], models=[used.id])
    store.log_outputs(run.id, [ModelOutput(made.id, 7)])

    lines = cli("runs", "show", "a").out.splitlines()
    shown = json.loads(cli("runs", "show", "a", "--json").out)

    assert lines[-6:] == [
        "data sets",
        "  wine (d1) = train",
        "models used",
        f"  {used.id} = input",
        "models made",
        f"  {made.id} = step 7",
    ]
    assert shown["datasets"] == [{"name": "wine", "digest": "d1", "context": "train"}]
    assert shown["models_used"] == [used.id]
    assert shown["models_made"] == [{"model_id": made.id, "step": 7}]


def test_times_that_no_calendar_has_are_shown_as_numbers(cli: Cli, store: Store) -> None:
    store.create_run("0", name="late", started=2**62)

    outcome = cli("runs", "show", "late")

    assert f"started     {2**62} ms" in outcome.out
    assert cli("runs", "list").code == 0


@pytest.mark.parametrize("reference", ["-1", "new", "id", "prefix"])
def test_a_run_is_named_in_every_way(cli: Cli, store: Store, reference: str) -> None:
    record(store, "old", started=1)
    run = record(store, "new", started=2)
    text = {"id": run.id, "prefix": run.id[:10]}.get(reference, reference)

    assert json.loads(cli("runs", "show", text, "--json").out)["run_id"] == run.id


def test_minus_two_is_the_run_before_the_newest(cli: Cli, store: Store) -> None:
    record(store, "old", started=1)
    record(store, "new", started=2)

    assert json.loads(cli("runs", "show", "--json", "-2").out)["name"] == "old"
    outcome = cli("runs", "show", "-3")
    assert outcome.code == 7
    assert "there is no run -3" in outcome.err


def test_an_unknown_run_suggests_a_near_name(cli: Cli, store: Store) -> None:
    record(store, "amber-falcon-212")

    outcome = cli("runs", "show", "amber-falcon-221")

    assert outcome.code == 7
    assert outcome.out == ""
    assert outcome.err == (
        "error: there is no run 'amber-falcon-221'\nhint: did you mean 'amber-falcon-212'?\n"
    )


# mistakes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["list", "-f", "metrics.loss <"], 7, "filter, character 15"),
        (["list", "-f", "lozz < 1"], 7, "'lozz'"),
        (["list", "--sort", ""], 7, "order"),
        (["list", "--experiment", "nope"], 7, "there is no experiment 'nope'"),
        (["list", "-n", "0"], 2, "'-n'"),
        (["list", "--limt", "3"], 2, "--limit"),
        (["show"], 2, "Missing argument"),
        (["show", "nobody"], 7, "there is no run 'nobody'"),
        (["show", "-x"], 2, "-x"),
        (["compare", "a", "--al"], 2, "Did you mean '--all'?"),
        (["logs", "a", "--grep", "("], 2, "no regular expression"),
        (["logs", "a", "--since", "-1"], 2, "--since"),
        (["logs", "a"], 7, "run a has no logs"),
        (["delete"], 2, "Missing argument"),
        (["nope"], 2, "No such command"),
    ],
)
def test_a_mistake_ends_in_one_message(
    cli: Cli, store: Store, arguments: list[str], code: int, words: str
) -> None:
    record(store, "a")

    outcome = cli("runs", *arguments)

    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    assert words in outcome.err
    assert "Traceback" not in outcome.err


def test_the_place_of_a_mistake_in_a_filter_is_shown(cli: Cli, store: Store) -> None:
    err = cli("runs", "list", "-f", "metrics.loss < 1 OR params.a = '1'").err

    lines = err.splitlines()
    assert lines[1] == "  metrics.loss < 1 OR params.a = '1'"
    assert lines[2] == "  " + " " * 17 + "^"
    assert lines[3] == "hint: conditions are joined by AND only"

"""`runner runs` through the front door, over runs that are written into a real store."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from runner.settings import Settings
from runner.tracking import Artifacts, Store, open_store, this_process_lease
from runner.tracking.logs import LogWriter
from runner.tracking.model import Dataset, DatasetInput, Metric, ModelOutput, Run, RunStatus
from tests.cli.terminals import on_terminal
from tests.cli.test_faults import Started
from tests.conftest import Cli, Files
from tests.process.test_child import wait_until

HOSTILE = "\x1b[31mred\x1b]0;title\x07[bold]x[/bold]\nnext\tcell\u202e"


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with closing(open_store(settings)) as store:
        yield store


def record(
    store: Store, name: str = "", *, started: int = 1000, ended: int | None = None, **metrics: float
) -> Run:
    """A finished run with alpha=0.1 and beta=<its name>."""
    run = store.create_run(
        "0",
        name=name or None,
        user="ada",
        status=RunStatus.RUNNING,
        started=started,
        params={"alpha": "0.1", "beta": name},
    )
    store.log(run.id, metrics=[Metric(key, value, 5, 1) for key, value in metrics.items()])
    store.update_run(run.id, status=RunStatus.FINISHED, ended=started + 90_000 if ended is None else ended)
    return store.run(run.id)


def cells(text: str) -> list[list[str]]:
    """The table as it is piped."""
    return [line.split("\t") for line in text.splitlines()]


def names(text: str) -> list[str]:
    return [row[0] for row in cells(text)[1:]]


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


# on a terminal --------------------------------------------------------------------------------------------


def test_columns_that_do_not_fit_are_left_out_and_named(store: Store) -> None:
    record(store, "a-rather-long-name", accuracy_of_validation=0.5, loss=0.25, zeta=1)
    record(store, "b")

    narrow = on_terminal("runs", "list", columns=80, NO_COLOR="1", TERM="dumb")

    assert "accuracy_of_validation" in narrow.out
    assert "zeta" not in narrow.out
    assert "2 columns do not fit: zeta, beta" in narrow.err
    assert max(map(len, narrow.out.splitlines())) <= 80
    wide = on_terminal("runs", "list", columns=200)
    assert "zeta" in wide.out
    assert "do not fit" not in wide.err
    assert "the same in every row, so not shown: alpha; see --all-columns" in wide.err


def test_the_first_columns_stay_however_narrow_the_terminal_is(store: Store) -> None:
    record(store, "a-rather-long-name", loss=0.25)

    outcome = on_terminal("runs", "list", columns=20)

    assert outcome.code == 0
    assert "NA" in outcome.out
    assert "columns do not fit: loss, alpha, beta" in outcome.err


def test_a_very_long_value_does_not_push_the_others_out(store: Store) -> None:
    run = record(store, "a", loss=0.25)
    store.log(run.id, params={"aa": "x" * 5000})

    outcome = on_terminal("runs", "list", columns=130)

    assert "do not fit" not in outcome.err
    assert "xxx…" in outcome.out


def test_colours_come_with_a_terminal_and_go_with_no_color(store: Store) -> None:
    record(store, "a")

    assert "\x1b[32mFINISHED" in on_terminal("runs", "list").out
    plain = on_terminal("runs", "list", NO_COLOR="1").out
    assert "\x1b[32m" not in plain
    assert "FINISHED" in plain


# hostile names and values ---------------------------------------------------------------------------------


@pytest.fixture
def hostile(store: Store) -> Run:
    run = record(store, "[red]a[/red]")
    store.log(run.id, params={"bad": HOSTILE}, tags={"note": HOSTILE})
    record(store, "b", started=10)
    return run


def test_hostile_values_do_not_act_on_a_terminal(hostile: Run) -> None:
    for arguments in (("list",), ("show", hostile.id), ("compare", hostile.id, "b")):
        outcome = on_terminal("runs", *arguments, columns=200, NO_COLOR="1")
        assert outcome.code == 0, outcome.err
        assert "[red]a[/red]" in outcome.out
        assert "[bold]x[/bold]" in outcome.out
        assert "\x1b[31m" not in outcome.out
        assert "\x1b]" not in outcome.out
        assert "\x07" not in outcome.out
        assert "\u202e" not in outcome.out


def test_hostile_values_stay_in_their_cell_when_piped(cli: Cli, hostile: Run) -> None:
    rows = cells(cli("runs", "list").out)

    assert len(rows) == 3
    assert len({len(row) for row in rows}) == 1


def test_json_escapes_what_is_hostile(cli: Cli, hostile: Run) -> None:
    out = cli("runs", "show", hostile.id, "--json").out

    assert "\x1b" not in out
    assert json.loads(out)["params"]["bad"] == HOSTILE


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


# compare --------------------------------------------------------------------------------------------------


def test_two_runs_are_compared_by_their_differences(cli: Cli, store: Store) -> None:
    record(store, "a", loss=0.5, same=1, only=3)
    record(store, "b", loss=0.125, same=1)

    rows = cells(cli("runs", "compare", "a", "b").out)

    assert rows == [
        ["", "a", "b", "DELTA"],
        ["params.beta", "a", "b", ""],
        ["metrics.loss", "0.5", "0.125", "-0.375"],
        ["metrics.only", "3", "", ""],
    ]


def test_all_compares_what_is_the_same_too(cli: Cli, store: Store) -> None:
    record(store, "a", same=1)
    record(store, "b", same=1)

    rows = cells(cli("runs", "compare", "a", "b", "--all").out)

    assert ["status", "FINISHED", "FINISHED", ""] in rows
    assert ["params.alpha", "0.1", "0.1", ""] in rows
    assert ["metrics.same", "1", "1", "+0"] in rows


def test_three_runs_have_no_delta(cli: Cli, store: Store) -> None:
    for name, loss in (("a", 1), ("b", 2), ("c", 3)):
        record(store, name, loss=loss)

    rows = cells(cli("runs", "compare", "a", "b", "c").out)

    assert rows == [
        ["", "a", "b", "c"],
        ["params.beta", "a", "b", "c"],
        ["metrics.loss", "1", "2", "3"],
    ]


def test_runs_without_a_difference_say_so(cli: Cli, store: Store) -> None:
    record(store, "a")

    outcome = cli("runs", "compare", "a", "a")

    assert cells(outcome.out) == [["", "a", "a", "DELTA"]]
    assert "no differences" in outcome.err


def test_compare_gives_json(cli: Cli, store: Store) -> None:
    record(store, "a")
    record(store, "b")

    compared = json.loads(cli("runs", "compare", "b", "a", "--json").out)

    assert [run["name"] for run in compared] == ["b", "a"]


# logs -----------------------------------------------------------------------------------------------------


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

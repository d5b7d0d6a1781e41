"""`runner reproduce` on one machine: verdicts, what is as it was then, data, Ctrl-C."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.containers import up_to
from tests.conftest import Cli, Files
from tests.reproduction.people import git, write
from tests.reproduction.recorded import (
    READING,
    checks,
    documents,
    newest,
    said,
)


class TestVerdicts:
    def test_equal_results_are_identical_bit_for_bit(self, cli: Cli, demo: Path) -> None:
        cli("run", demo, "--run-name", "first")
        first = newest(cli)

        outcomes = [cli("reproduce", reference) for reference in ("-1", "first", first["run_id"][:8])]

        assert [outcome.code for outcome in outcomes] == [0, 0, 0]
        assert outcomes[0].out.splitlines() == [
            "equal: 1 param, 2 metrics, 1 artifact, how it ended",
            "identical: everything that was compared is equal, bit for bit",
        ]
        assert newest(cli)["tags"]["runner.reproduces"] == first["run_id"]
        assert newest(cli)["tags"]["runner.verdict"] == "identical"

    def test_runs_that_it_started_are_told_not_to_be_compared(self, cli: Cli, files: Files) -> None:
        inner = f"{sys.executable} -m runner run . -q -e inner"
        points = {"main": {"command": inner}, "inner": {"command": "true"}}
        cli("run", files({"MLproject": json.dumps({"entry_points": points})}))
        runs = json.loads(cli("runs", "list", "--json").out)
        (outer,) = (run["run_id"] for run in runs if "mlflow.parentRunId" not in run["tags"])

        outcome = cli("reproduce", outer)

        assert len(runs) == 2
        assert outcome.out.endswith("bit for bit\n")
        assert "1 run that it has started is not compared" in outcome.err

    def test_a_program_that_failed_fails_again(self, cli: Cli, demo: Path) -> None:
        cli("run", demo, "-P", "code=3")

        outcome = cli("reproduce", "-1", "--json")

        assert (outcome.code, said(outcome)["verdict"]) == (0, "identical")
        assert newest(cli)["tags"]["runner.exit_code"] == "3"

    def test_what_differs_is_listed_with_both_values(self, cli: Cli, demo: Path, hidden: Path) -> None:
        cli("run", demo)
        hidden.write_text("0.75")

        outcome = cli("reproduce", "-1")

        assert outcome.code == 1
        header, row, equal, verdict, *_ = outcome.out.splitlines()
        assert header.split("\t")[:4] == ["result", "then", "now", "distance"]
        assert row.split("\t")[:4] == ["metric rmse", "0.5", "0.75", "0.33"]
        assert equal == "equal: 1 param, 1 metric, 1 artifact, how it ended"
        assert verdict == "different: the results are not the same"
        assert "--rtol 0.5" in outcome.err

    def test_a_tolerance_makes_it_equivalent(self, cli: Cli, demo: Path, hidden: Path) -> None:
        cli("run", demo)
        hidden.write_text("0.75")

        relative = cli("reproduce", "-1", "--rtol", "0.5", "--json")
        absolute = cli("reproduce", "-2", "--atol", "0.2", "--json")

        assert (relative.code, said(relative)["verdict"]) == (0, "equivalent")
        assert (absolute.code, said(absolute)["verdict"]) == (1, "different")

    def test_repetitions_teach_the_tolerance(self, cli: Cli, files: Files, tmp_path: Path) -> None:
        values = tmp_path / "values"
        values.write_text("1.00\n1.01\n0.99\n1.02\n1.00\n")
        program = f"""
            import json, pathlib
            first, *others = pathlib.Path({str(values)!r}).read_text().split()
            pathlib.Path({str(values)!r}).write_text(" ".join(others))
            json.dump({{"rmse": float(first)}}, open("m.json", "w"))
        """
        entry = json.dumps({"command": f"{sys.executable} train.py", "metrics": ["m.json"]})
        cli("run", files({"MLproject": f"entry_points: {{main: {entry}}}", "train.py": program}))

        once = said(cli("reproduce", "-1", "--json"))
        thrice = said(cli("reproduce", "-2", "--repeat", "3", "--json"))

        assert once["verdict"] == "different"
        assert (thrice["verdict"], len(thrice["runs"])) == ("equivalent", 3)
        assert thrice["tolerance"]["learnt"]["metric rmse"]["absolute"] > 0

    def test_what_is_not_to_be_compared_is_not(self, cli: Cli, demo: Path, hidden: Path) -> None:
        cli("run", demo)
        hidden.write_text("0.75")

        outcome = cli("reproduce", "-1", "--ignore", "rmse")

        assert outcome.code == 0
        assert outcome.out.splitlines()[0].endswith("; 1 not compared")


class TestAsThen:
    def test_variables_of_numerical_libraries_are_as_they_were(
        self, cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
        cli("run", demo)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        monkeypatch.setenv("MKL_NUM_THREADS", "1")

        outcome = cli("reproduce", "-1")

        assert outcome.code == 0, outcome.out
        record = json.loads((documents(newest(cli)) / "record.json").read_text())
        assert record["variables"]["OMP_NUM_THREADS"] == "3"
        assert "MKL_NUM_THREADS" not in record["variables"]

    def test_no_recorded_variable_reaches_tools_of_ours(self, cli: Cli, demo: Path, tmp_path: Path) -> None:
        git(demo, "init", "-q")
        cli("run", demo)
        shutil.move(demo, tmp_path / "moved")
        record = documents(newest(cli)) / "record.json"
        content = json.loads(record.read_text())
        bait = {"PATH": str(tmp_path), "GIT_EXEC_PATH": str(tmp_path), "GIT_TRACE": str(tmp_path / "trace")}
        record.write_text(json.dumps({**content, "variables": bait}))

        outcome = cli("reproduce", "-1", "--check-only", "--json")

        assert outcome.code == 0, outcome.out + outcome.err
        assert not (tmp_path / "trace").exists()

    def test_the_code_is_as_it_was(self, cli: Cli, demo: Path) -> None:
        git(demo, "init", "-q")
        cli("run", demo)
        write(demo, {"train.py": "raise SystemExit(9)"})

        outcome = cli("reproduce", "-1")

        assert outcome.code == 0, outcome.err
        assert (demo / "train.py").read_text() == "raise SystemExit(9)"

    def test_it_is_recorded_in_the_experiment_of_that_name(self, cli: Cli, demo: Path) -> None:
        cli("run", demo, "--experiment-name", "trees")

        cli("reproduce", "-1")
        by_name = newest(cli)["experiment_id"]
        cli("reproduce", "-1", "--experiment-name", "others")

        experiments = json.loads(cli("experiments", "list", "--json").out)
        names = {one["experiment_id"]: one["name"] for one in experiments}
        assert names[by_name] == "trees"
        assert names[newest(cli)["experiment_id"]] == "others"

    def test_the_new_run_can_be_reproduced_itself(self, cli: Cli, demo: Path) -> None:
        git(demo, "init", "-q")
        cli("run", demo)
        (demo / "train.py").unlink()
        cli("reproduce", "-1")

        again = cli("reproduce", "-1", "--json")

        assert (again.code, said(again)["verdict"]) == (0, "identical"), again.err


class TestData:
    @pytest.fixture
    def reading(self, files: Files) -> Path:
        return files({"MLproject": READING, "data.csv": "1,2\n", ".gitignore": "*.csv\nresult.txt\n"})

    def test_data_that_is_not_in_the_repository_is_found_where_it_was(self, cli: Cli, reading: Path) -> None:
        git(reading, "init", "-q")
        cli("run", reading)

        outcome = cli("reproduce", "-1", "--json")

        assert (outcome.code, said(outcome)["verdict"]) == (0, "identical")
        assert [state for state, _ in checks(outcome, "input data")] == ["ok"]

    def test_changed_data_is_a_warning_and_makes_a_difference(self, cli: Cli, reading: Path) -> None:
        git(reading, "init", "-q")
        cli("run", reading)
        (reading / "data.csv").write_text("1,3\n")

        outcome = cli("reproduce", "-1", "--json")

        assert (outcome.code, said(outcome)["verdict"]) == (1, "different")
        assert [state for state, _ in checks(outcome, "input data")] == ["warning"]
        assert said(outcome)["causes"][0]["aspect"] == "data"

    def test_missing_data_is_named_and_can_be_given(self, cli: Cli, reading: Path, tmp_path: Path) -> None:
        git(reading, "init", "-q")
        cli("run", reading)
        (reading / "data.csv").rename(tmp_path / "elsewhere.csv")

        without = cli("reproduce", "-1")
        given = cli("reproduce", "-1", "--input", f"data={tmp_path / 'elsewhere.csv'}", "--json")

        assert without.code == 2
        assert "impossible: input data: there is no file or directory data.csv here" in without.out
        assert (given.code, said(given)["verdict"]) == (0, "identical")

    def test_data_that_the_program_opens_itself_is_not_replaced(
        self, cli: Cli, files: Files, tmp_path: Path
    ) -> None:
        (tmp_path / "data.csv").write_text("1\n")
        entry = {"parameters": {"data": "uri"}, "command": "echo {data}"}
        project = files({"MLproject": json.dumps({"entry_points": {"main": entry}})})
        cli("run", project, "-P", f"data=file://{tmp_path}/data.csv")

        outcome = cli("reproduce", "-1", "--input", f"data={tmp_path}", "--json")

        ((state, text),) = checks(outcome, "input data")
        assert (outcome.code, state) == (0, "warning")
        assert "--input does not reach it" in text
        assert newest(cli)["params"]["data"] == f"file://{tmp_path}/data.csv"


def test_ctrl_c_ends_it_like_a_run(cli: Cli, files: Files, tmp_path: Path) -> None:
    program = f"test -e {tmp_path}/done || {{ touch {tmp_path}/done; exit 0; }}; echo going; exec sleep 60"
    cli("run", files({"MLproject": json.dumps({"entry_points": {"main": {"command": program}}})}))
    command = [sys.executable, "-m", "runner", "reproduce", "-1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    with up_to(process, "going"):
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert newest(cli)["status"] == "KILLED"
    assert "runner.verdict" not in newest(cli)["tags"]


@pytest.mark.parametrize("words", [["reproduce"], ["diff", "-1"], ["export", "run.zip"]])
def test_ctrl_c_ends_the_search_for_the_run_and_is_no_verdict(home: Path, words: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/#/experiments/0/runs/0123abcd"
        command = [sys.executable, "-m", "runner", words[0], address, *words[1:]]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        connection, _ = silent.accept()
        with connection:
            connection.recv(4096)
            time.sleep(0.2)  # now it waits: a signal in the moment before is heard when the wait is over
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert "Traceback" not in err

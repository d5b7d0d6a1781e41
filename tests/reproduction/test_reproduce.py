"""`runner reproduce` on one machine: checklist, verdict, exit status, tags; and what cannot be reproduced."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runner.settings import Settings
from runner.tracking import open_store
from runner.tracking.model import Run, RunStatus
from tests.cli.containers import up_to
from tests.conftest import Cli, Files, Outcome
from tests.reproduction.people import git, write
from tests.services.mlflows import CURRENT, mlflow_server

# A program whose results are what a file outside of the project says: what it reads is no input that it declares.
TRAIN = """
    import json, os, pathlib, sys
    value = float(pathlib.Path(os.environ["HIDDEN"]).read_text())
    json.dump({"rmse": value, "threads": float(os.environ.get("OMP_NUM_THREADS", "0"))}, open("metrics.json", "w"))
    pathlib.Path("model.txt").write_text("weights\\n")
    sys.exit(int(sys.argv[1]))
"""
MLPROJECT = f"""
    name: demo
    metrics: metrics.json
    outputs: model.txt
    entry_points: {{main: {{parameters: {{code: {{type: int, default: 0}}}}, command: "{sys.executable} train.py {{code}}"}}}}
"""
READING = """
    outputs: result.txt
    entry_points:
      main:
        parameters: {data: {type: path, default: data.csv}}
        command: "cp {data} result.txt"
"""
SECRET = """
    entry_points:
      main:
        parameters: {token: {secret: true}}
        command: 'test -n {token}'
"""


@pytest.fixture
def hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "hidden.txt"
    file.write_text("0.5")
    monkeypatch.setenv("HIDDEN", str(file))
    return file


@pytest.fixture
def demo(files: Files, hidden: Path) -> Path:
    return files({"MLproject": MLPROJECT, "train.py": TRAIN})


def newest(cli: Cli) -> Any:
    return json.loads(cli("runs", "show", "-1", "--json").out)


def count(cli: Cli) -> int:
    return len(json.loads(cli("runs", "list", "--json").out))


def said(outcome: Outcome) -> Any:
    assert outcome.out.startswith("{"), outcome.err
    return json.loads(outcome.out)


def checks(outcome: Outcome, what: str) -> list[tuple[str, str]]:
    return [(one["state"], one["said"]) for one in said(outcome)["checks"] if one["what"] == what]


def documents(run: Any) -> Path:
    return Path(run["artifact_uri"].removeprefix("file://")) / "runner"


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


class TestWhatIsMissing:
    def test_a_secret_is_asked_for(self, cli: Cli, files: Files) -> None:
        cli("run", files({"MLproject": SECRET}), "-P", "token=hush")

        without = cli("reproduce", "-1")
        given = cli("reproduce", "-1", "-P", "token=hush")

        assert without.code == 2
        assert without.out == "impossible: secrets: token: secrets are not recorded\n"
        assert "-P token=..." in without.err
        assert given.code == 0
        assert "hush" not in given.out + given.err

    def test_other_parameters_are_not_changed_here(self, cli: Cli, demo: Path) -> None:
        cli("run", demo)

        parameter = cli("reproduce", "-1", "-P", "code=3")
        data = cli("reproduce", "-1", "--input", f"code={demo}")

        assert (parameter.code, data.code) == (2, 2)
        assert "runner rerun" in parameter.err
        assert "has no such input" in data.err
        assert count(cli) == 1

    def test_a_look_runs_nothing(self, cli: Cli, demo: Path) -> None:
        cli("run", demo)

        outcome = cli("reproduce", "-1", "--check-only")

        assert (outcome.code, outcome.out) == (0, "all that it takes is there\n")
        assert count(cli) == 1

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('"code": "0"', '"code": "7"', "was altered"),
            ('"schema": 1', '"schema": 99', "was altered"),
            ("{", "", "is no JSON"),
        ],
    )
    def test_an_altered_plan_is_not_executed(
        self, cli: Cli, demo: Path, old: str, new: str, message: str
    ) -> None:
        cli("run", demo)
        plan = documents(newest(cli)) / "plan.json"
        plan.write_text(plan.read_text().replace(old, new, 1))

        outcome = cli("reproduce", "-1")

        assert outcome.code == 2
        assert message in outcome.err
        assert count(cli) == 1

    def test_a_plan_of_a_newer_version_is_told(self, cli: Cli, demo: Path, settings: Settings) -> None:
        cli("run", demo)
        run = newest(cli)
        plan = documents(run) / "plan.json"
        plan.write_text(plan.read_text().replace('"schema": 1', '"schema": 99'))
        with closing(open_store(settings)) as store:
            store.delete_tag(run["run_id"], "runner.plan")

        outcome = cli("reproduce", "-1")

        assert outcome.code == 2
        assert "a plan of schema 99 cannot be read" in outcome.err

    def test_an_altered_lock_is_not_installed(self, cli: Cli, files: Files) -> None:
        cli("run", files({"MLproject": "entry_points: {main: {command: 'true'}}", "requirements.txt": ""}))
        lock = documents(newest(cli)) / "pylock.toml"
        lock.write_text(lock.read_text() + "\n# more\n")

        outcome = cli("reproduce", "-1")

        assert outcome.code == 2
        assert "runner/pylock.toml of run" in outcome.err
        assert "was altered" in outcome.err

    def test_a_lock_that_is_gone_is_named(self, cli: Cli, files: Files) -> None:
        cli("run", files({"MLproject": "entry_points: {main: {command: 'true'}}", "requirements.txt": ""}))
        (documents(newest(cli)) / "pylock.toml").unlink()

        outcome = cli("reproduce", "-1", "--json")

        assert outcome.code == 2
        ((state, text),) = checks(outcome, "lock")
        assert state == "missing"
        assert "is not among the artifacts" in text


class TestAnotherMachine:
    """What the list says where the run was made on a machine of another kind."""

    @pytest.fixture
    def run(self, cli: Cli, files: Files) -> Any:
        cli("run", files({"MLproject": "entry_points: {main: {command: 'true'}}", "requirements.txt": ""}))
        return newest(cli)

    def made_on(self, run: Any, **facts: Any) -> None:
        record = documents(run) / "record.json"
        content = json.loads(record.read_text())
        record.write_text(json.dumps({**content, "machine": {**content["machine"], **facts}}))

    def test_a_lock_for_another_processor_is_not_installed(self, cli: Cli, run: Any) -> None:
        self.made_on(run, architecture="riscv64")

        outcome = cli("reproduce", "-1", "--json")

        assert (outcome.code, said(outcome)["verdict"]) == (2, "impossible")
        ((state, text),) = checks(outcome, "lock")
        assert (state, "Linux riscv64" in text) == ("missing", True)
        assert count(cli) == 1

    def test_other_hardware_is_a_warning(self, cli: Cli, run: Any) -> None:
        self.made_on(run, cpus=4096, gpus=["Imaginary 9000"])

        outcome = cli("reproduce", "-1", "--json")

        assert (outcome.code, said(outcome)["verdict"]) == (0, "identical")
        assert [state for state, _ in checks(outcome, "machine")] == ["warning", "warning"]
        assert "another set of GPUs: none, and Imaginary 9000 then" in [
            text for _, text in checks(outcome, "machine")
        ]

    def test_an_interpreter_that_is_not_here_is_named(
        self, cli: Cli, run: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = documents(run) / "plan.json"
        content = json.loads(plan.read_text())
        content["environment"]["lock"]["python"] = "3.11.99"
        plan.write_text(json.dumps(content))
        with closing(open_store(settings)) as store:
            store.delete_tag(run["run_id"], "runner.plan")
        monkeypatch.setenv("RUNNER_OFFLINE", "1")

        outcome = cli("reproduce", "-1")

        assert outcome.code == 2
        assert "impossible: interpreter: Python 3.11.99 is not on this machine" in outcome.out


class TestRecordsOfStrangers:
    def test_it_is_told_whose_run_it_is_and_what_would_be_executed(
        self, cli: Cli, demo: Path, tmp_path: Path
    ) -> None:
        cli("run", demo, "--run-name", "theirs")
        cli("export", "theirs", tmp_path / "theirs.zip")

        outcome = cli("reproduce", tmp_path / "theirs.zip", "--check-only", "--json")

        assert outcome.code == 0
        ((_, whose),) = checks(outcome, "run")
        assert whose.startswith("theirs, by ")
        assert whose.endswith(f"from {tmp_path / 'theirs.zip'}")
        assert checks(outcome, "command") == [("ok", f"{sys.executable} train.py {{code}}")]
        assert count(cli) == 1

    @pytest.mark.parametrize(
        "nonsense", [[1], "text", 5, {"observed": [1], "digest": 5, "OMP_NUM_THREADS": 2}]
    )
    def test_nonsense_in_a_record_is_passed_over(
        self, cli: Cli, demo: Path, tmp_path: Path, nonsense: object
    ) -> None:
        cli("run", demo)
        record = documents(newest(cli)) / "record.json"
        known = json.loads(record.read_text())
        record.write_text(json.dumps(dict.fromkeys(known, nonsense)))

        outcome = cli("reproduce", "-1", "--json")

        assert (outcome.code, said(outcome)["verdict"]) == (0, "identical"), outcome.err
        assert cli("diff", "-2", "-1").code in {0, 1}
        assert cli("export", "-2", tmp_path / "nonsense.zip").code == 0

    def test_what_a_lost_run_had_no_time_to_tell_is_no_cause(
        self, cli: Cli, demo: Path, hidden: Path
    ) -> None:
        cli("run", demo)
        (documents(newest(cli)) / "record.json").unlink()
        hidden.write_text("0.75")

        outcome = cli("reproduce", "-1", "--json")

        assert outcome.code == 1
        assert said(outcome)["causes"] == []


class TestRunsThatAreNone:
    def recorded(self, settings: Settings, status: RunStatus, tags: Mapping[str, str] = {}) -> Run:
        with closing(open_store(settings)) as store:
            run = store.create_run("0", name="script", status=RunStatus.RUNNING, tags=tags)
            store.update_run(run.id, status=status)
            return run

    def test_one_that_is_going_on(self, cli: Cli, settings: Settings) -> None:
        self.recorded(settings, RunStatus.RUNNING)

        outcome = cli("reproduce", "script")

        assert outcome.code == 7
        assert "run script is still going on (running)" in outcome.err

    def test_one_that_was_deleted(self, cli: Cli, demo: Path) -> None:
        cli("run", demo, "--run-name", "gone")
        run = newest(cli)
        cli("runs", "delete", "gone")

        outcome = cli("reproduce", run["run_id"])

        assert outcome.code == 7
        assert "was deleted" in outcome.err
        assert "runner runs restore" in outcome.err

    def test_one_that_came_to_no_plan(self, cli: Cli, settings: Settings) -> None:
        tags = {"mlflow.project.entryPoint": "main", "runner.error": "the disk is full"}
        self.recorded(settings, RunStatus.FAILED, tags)

        outcome = cli("reproduce", "script")

        assert outcome.code == 2
        assert "run script came to no plan: the disk is full" in outcome.err

    def test_one_whose_plan_is_gone(self, cli: Cli, demo: Path) -> None:
        cli("run", demo)
        (documents(newest(cli)) / "plan.json").unlink()

        outcome = cli("reproduce", "-1")

        assert outcome.code == 2
        assert "there is no runner/plan.json among its artifacts" in outcome.err

    def test_one_that_a_program_made_without_a_project(self, cli: Cli, settings: Settings) -> None:
        self.recorded(settings, RunStatus.FINISHED, {"mlflow.source.name": "train.py"})

        outcome = cli("reproduce", "script", "--json")

        assert (outcome.code, said(outcome)["verdict"]) == (2, "impossible")
        assert "it has no entry point" in said(outcome)["trouble"]["message"]

    @pytest.mark.parametrize(
        ("reference", "code", "message"),
        [
            ("nobody", 7, "there is no run 'nobody'"),
            ("nothing.zip", 4, "there is no bundle nothing.zip"),
            ("http://127.0.0.1:9/", 2, "http://127.0.0.1:9/ names no run"),
            ("http://me:hush@127.0.0.1:9/x", 2, "http://127.0.0.1:9/x names no run"),
            ("http://127.0.0.1:9/#/experiments/0/runs/0123abcd", 7, "does not answer"),
        ],
    )
    def test_names_of_no_run(self, cli: Cli, reference: str, code: int, message: str) -> None:
        outcome = cli("reproduce", reference)

        assert outcome.code == code
        assert message in outcome.err
        assert "hush" not in outcome.err


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
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert "Traceback" not in err


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(CURRENT, tmp_path_factory.mktemp("mlflow")) as address:
        yield address


@pytest.mark.slow
class TestPlainMlflow:
    """Runs that `mlflow run` has recorded on an `mlflow server`."""

    @pytest.fixture
    def repository(self, files: Files) -> Path:
        project = files(
            {
                "MLproject": f"""
                    entry_points:
                      main:
                        parameters: {{note: string, alpha: {{type: float, default: 0.5}}}}
                        command: "{sys.executable} train.py {{note}} {{alpha}}"
                """,
                "train.py": """
                    import sys, mlflow
                    mlflow.log_metric("length", len(sys.argv[1]))
                    mlflow.log_metric("alpha", float(sys.argv[2]))
                    mlflow.log_param("seen", "it's here")
                """,
            }
        )
        git(project, "init", "-q", "-b", "main")
        git(project, "add", "-A")
        git(project, "commit", "-qm", "first")
        return project

    def run(self, server: str, *arguments: str | Path) -> None:
        mlflow = Path(sys.executable).with_name("mlflow")
        path = f"{mlflow.parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(
            [mlflow, "run", "--env-manager", "local", *arguments],
            env={**os.environ, "MLFLOW_TRACKING_URI": server, "PATH": path, "GIT_PYTHON_REFRESH": "quiet"},
            check=True,
            capture_output=True,
            timeout=120,
        )

    def test_its_commit_entry_point_and_parameters_are_taken_from_its_tags(
        self, cli: Cli, server: str, repository: Path, settings: Settings
    ) -> None:
        self.run(server, repository, "-P", "note=two words; it's", "-P", "alpha=0.25")
        with closing(open_store(settings, server)) as store:
            original = store.run("-1")
        commit = git(repository, "rev-parse", "HEAD")
        write(repository, {"train.py": "raise SystemExit(9)"})
        git(repository, "commit", "-qam", "broken")

        outcome = cli("reproduce", f"{server}/#/experiments/0/runs/{original.id}", "--json")

        assert (outcome.code, said(outcome)["verdict"]) == (0, "identical"), outcome.out + outcome.err
        run = newest(cli)
        assert run["tags"]["mlflow.source.git.commit"] == commit
        assert run["params"] == {"note": "two words; it's", "alpha": "0.25", "seen": "it's here"}
        assert run["metrics"]["length"]["value"] == len("two words; it's")
        told = " ".join(text for _, text in checks(outcome, "record"))
        assert "packages were not recorded" in told
        assert "does not declare seen" in told
        with closing(open_store(settings, server)) as store:
            assert '"identical"' in store.run(original.id).tags["runner.reproduced"]

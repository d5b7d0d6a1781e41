"""What cannot be reproduced, or not here, or not as a stranger says."""

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runner.settings import Settings
from runner.tracking import open_store
from runner.tracking.model import Run, RunStatus
from tests.conftest import Cli, Files
from tests.reproduction.recorded import (
    SECRET,
    checks,
    count,
    documents,
    newest,
    said,
)


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

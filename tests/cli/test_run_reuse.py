"""`runner run --reuse`: an equal plan with equal inputs that finished is taken, and nothing else is."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_run import shown
from tests.conftest import Cli, Files

STEP = """
metrics: metrics.json
variables: [MODE]
entry_points:
  main:
    parameters:
      data: {type: path, default: data.csv}
      alpha: {type: float, default: 1}
    command: "echo ran; echo '{\\"rows\\": 2}' > metrics.json; test {alpha} != 13"
  secret:
    parameters: {key: {secret: true}}
    command: "true"
"""
WORKFLOW = """
import runner
step = runner.run(".", "main", step="prepare")
print(step.reused, step.run_id, step.name, step.status, step.exit_code)
print(runner.run(".", "main", step="prepare", reuse=False).reused)
"""


def git(directory: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def step(files: Files) -> Path:
    demo = files(
        {
            "MLproject": STEP,
            "data.csv": "1\n2\n",
            "workflow.py": WORKFLOW,
            ".gitignore": "metrics.json\n__pycache__\n",
        }
    )
    git(demo, "init", "-q", "-b", "main")
    git(demo, "add", "-A")
    git(demo, "commit", "-qm", "all")
    return demo


def result(cli: Cli, demo: Path, *options: str) -> dict[str, Any]:
    outcome = cli("run", demo, "--reuse", "--json", *options)
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def test_an_equal_run_is_taken_with_its_metrics_and_none_is_created(cli: Cli, step: Path) -> None:
    first = result(cli, step)

    outcome = cli("run", step, "--reuse")

    assert outcome.code == 0
    assert outcome.out == ""
    assert f"Reused       {first['name']}" in outcome.err
    assert first["run_id"] in outcome.err
    assert "  rows 2" in outcome.err
    assert (first["reused"], result(cli, step)["reused"]) == (False, True)
    assert result(cli, step)["run_id"] == first["run_id"]
    assert len(json.loads(cli("runs", "list", "--json").out)) == 1


def test_without_the_option_each_run_is_run(cli: Cli, step: Path) -> None:
    result(cli, step)

    assert cli("run", step).out == "ran\n"


def test_a_run_without_the_option_can_be_taken_later(cli: Cli, step: Path) -> None:
    cli("run", step)

    assert result(cli, step)["reused"]


@pytest.mark.parametrize(
    "change", ["code", "untracked", "data", "parameter", "seed", "variable", "hash seed"]
)
def test_whatever_decides_the_result_makes_it_another_run(
    cli: Cli, step: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    first = result(cli, step)
    options: list[str] = []

    match change:
        case "code":
            (step / "workflow.py").write_text("pass")
        case "untracked":
            (step / "more.py").write_text("pass")
        case "data":
            (step / "data.csv").write_text("1\n3\n")
        case "parameter":
            options = ["-P", "alpha=2"]
        case "seed":
            options = ["--seed", "3"]
        case "variable":
            monkeypatch.setenv("MODE", "slow")
        case _:
            monkeypatch.setenv("PYTHONHASHSEED", "1")
    again = result(cli, step, *options)

    assert not again["reused"]
    assert again["run_id"] != first["run_id"]
    assert result(cli, step, *options)["run_id"] == again["run_id"]


def test_uncommitted_changes_are_part_of_the_code(cli: Cli, step: Path) -> None:
    (step / "workflow.py").write_text("pass")

    first = result(cli, step)

    assert result(cli, step)["run_id"] == first["run_id"]


def test_a_run_that_failed_or_was_deleted_is_not_taken(cli: Cli, step: Path) -> None:
    failed = result(cli, step, "-P", "alpha=13")
    deleted = result(cli, step)
    assert cli("runs", "delete", deleted["run_id"]).code == 0

    assert failed["status"] == "FAILED"
    assert not result(cli, step, "-P", "alpha=13")["reused"]
    assert not result(cli, step)["reused"]


def test_the_newest_of_several_is_taken_from_whatever_experiment(cli: Cli, step: Path) -> None:
    cli("run", step)
    newest = json.loads(cli("run", step, "--experiment-name", "other", "--json").out)

    assert result(cli, step)["run_id"] == newest["run_id"]


def test_why_nothing_can_be_reused_is_told(cli: Cli, step: Path, files: Files) -> None:
    for options, reason in (
        (["-e", "secret", "-P", "key=hunter2"], "it has secrets, which are not recorded: key"),
        (["--no-digests"], "the content of an input is not known: data"),
    ):
        for _ in range(2):
            outcome = cli("run", step, "--reuse", *options)
            assert outcome.code == 0
            assert f"note: no run can be reused: {reason}" in outcome.err
        assert "runner.identity" not in shown(cli)["tags"]  # type: ignore[operator]


@pytest.mark.parametrize(("setting", "option", "reused"), [("0", "--reuse", False), ("1", "--quiet", True)])
def test_the_setting_wins_over_the_option(
    cli: Cli, step: Path, monkeypatch: pytest.MonkeyPatch, *, setting: str, option: str, reused: bool
) -> None:
    cli("run", step)
    monkeypatch.setenv("RUNNER_REUSE", setting)

    assert json.loads(cli("run", step, option, "--json").out)["reused"] is reused


def test_a_named_step_of_a_workflow_is_taken_unless_it_is_not_wanted(cli: Cli, step: Path) -> None:
    first = result(cli, step)

    outcome = cli("run", step, "-e", "workflow.py")

    assert outcome.out.splitlines() == [
        f"True {first['run_id']} {first['name']} FINISHED 0",
        "ran",
        "False",
    ]
    workflow, child = shown(cli, "-2"), shown(cli)
    assert workflow["tags"][f"runner.reused.{first['name']}"] == first["run_id"]  # type: ignore[index]
    assert child["tags"]["runner.step"] == "prepare"  # type: ignore[index]


def test_an_environment_that_cannot_be_resolved_creates_no_run(cli: Cli, step: Path) -> None:
    (step / "python_env.yaml").write_text("python: '1.2.3'")
    (step / "MLproject").write_text("python_env: python_env.yaml\n" + STEP)

    assert cli("run", step, "--reuse").code == 3
    assert json.loads(cli("runs", "list", "--json").out) == []

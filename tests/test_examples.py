"""Every example project does what its expected.toml says, through the front door."""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Cli, Outcome
from tests.services.channel import Channel

EXAMPLES = Path(__file__).parent.parent / "example_projects"
KEYS = {
    "arguments", "exit_code", "stdout", "stderr", "metrics", "tolerance", "children", "reused", "warnings",
}  # fmt: skip
NOT_OF_PROJECTS = "the project declares no environment"  # a warning that says what the example is

Expected = dict[str, Any]


def expected(project: Path) -> Expected:
    return tomllib.loads((project / "expected.toml").read_text())


def cases() -> list[Any]:
    projects = sorted(path.parent for path in EXAMPLES.glob("*/MLproject"))
    network = (pytest.mark.network, pytest.mark.slow)
    return [
        pytest.param(project, id=project.name, marks=network if expected(project).get("network") else ())
        for project in projects
    ]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which a person would call runner: the copy of the example."""
    place = tmp_path / "example"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize("project", cases())
def test_an_example_gives_what_it_expects(
    project: Path, here: Path, cli: Cli, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if expected(project).get("conda"):
        channel: Channel = request.getfixturevalue("conda_channel")
        monkeypatch.setenv("CONDA_CHANNEL_ALIAS", channel.address)
    shutil.copytree(
        project,
        here,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("metrics.json", "*.pkl", "counts.json"),
    )

    for run in expected(project)["run"]:
        assert set(run) <= KEYS
        before = recorded(cli)
        outcome = cli("run", ".", *run.get("arguments", []))
        new = [item for item in recorded(cli) if item["run_id"] not in {old["run_id"] for old in before}]
        check_words(run, outcome)
        check_records(run, new, outcome)


def recorded(cli: Cli) -> list[dict[str, Any]]:
    outcome = cli("runs", "list", "--json", "--limit", "100")
    assert outcome.code == 0, outcome.err
    found: list[dict[str, Any]] = json.loads(outcome.out)
    return found


def check_words(run: Expected, outcome: Outcome) -> None:
    assert outcome.code == run.get("exit_code", 0), outcome.err
    assert run.get("stdout", "") in outcome.out
    assert run.get("stderr", "") in outcome.err
    if "children" not in run:  # whose warnings are theirs
        warned = [line for line in outcome.err.splitlines() if line.startswith(("warning: ", "note: "))]
        told = [line for line in warned if NOT_OF_PROJECTS not in line]
        assert len(told) == len(run.get("warnings", [])), told
    for warning in run.get("warnings", []):
        assert warning in outcome.err


def check_records(run: Expected, new: list[dict[str, Any]], outcome: Outcome) -> None:
    if outcome.code == 2:  # a mistake of the caller leaves nothing behind
        assert new == []
        return
    parents = [item for item in new if "mlflow.parentRunId" not in item["tags"]]
    assert [item["status"] for item in parents] == ["FAILED" if outcome.code else "FINISHED"]
    (parent,) = parents
    metrics = {key: point["value"] for key, point in parent["metrics"].items()}
    assert metrics == pytest.approx(run.get("metrics", {}), abs=run.get("tolerance", 1e-9))
    children = [item for item in new if item["tags"].get("mlflow.parentRunId") == parent["run_id"]]
    steps = [item["tags"]["mlflow.project.entryPoint"] for item in reversed(children)]
    assert steps == run.get("children", [])
    assert ("cached" in outcome.err) == run.get("reused", False)


@pytest.mark.network
@pytest.mark.slow
def test_the_runs_of_the_training_example_are_listed_with_their_metrics(cli: Cli) -> None:
    project = EXAMPLES / "sklearn_wine"
    for alpha in ("0.5", "50"):
        assert cli("run", project, "-e", "train", "-P", f"alpha={alpha}").code == 0

    listed = cli("runs", "list").out

    header, *rows = [line.split("\t") for line in listed.splitlines()]
    values = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["alpha"] for row in values] == ["50", "0.5"]
    assert [row["STATUS"] for row in values] == ["FINISHED", "FINISHED"]
    assert all(0.9 < float(row["accuracy"]) <= 1 for row in values)
    assert float(values[0]["log_loss"]) > float(values[1]["log_loss"])


@pytest.mark.parametrize("project", cases())
def test_every_entry_point_of_an_example_is_run(project: Path) -> None:
    declared = yaml.safe_load((project / "MLproject").read_text())["entry_points"]

    reached = set()
    for run in expected(project)["run"]:
        words = run.get("arguments", [])
        reached.add(words[words.index("-e") + 1] if "-e" in words else "main")
        reached.update(run.get("children", []))
    assert set(declared) <= reached

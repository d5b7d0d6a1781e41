"""The plan as a document: what is kept with a run can be read back whole."""

import json

import pytest

from runner.errors import RunnerError
from runner.launch import Plan
from tests.cli.test_run import artifact, shown
from tests.conftest import Cli, Files
from tests.environments.wheels import index, uv_cache

__all__ = ["index", "uv_cache"]

PROJECT = """
name: demo
python_env: python_env.yaml
metrics: m.json
outputs: [out, "*.csv"]
entry_points:
  main:
    parameters: {alpha: float, data: path, token: {secret: true}}
    command: "true {alpha} {data}"
"""
SOURCE = {"kind": "git", "uri": "https://example.org/x.git"}
SMALL = {
    "schema": 1,
    "source": SOURCE,
    "entry_point": "main",
    "command": "true",
    "environment": {"kind": "system"},
}


def test_what_a_plan_does_not_say_is_as_usual() -> None:
    assert Plan.from_json(SMALL).parameters == {}


@pytest.mark.usefixtures("index")
def test_the_plan_of_a_run_is_read_back_as_it_was(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": PROJECT, "python_env.yaml": "dependencies: [alpha]"})
    cli("run", demo, "-P", "alpha=1", "-P", f"data={demo}", "-P", "token=abcdef", "-P", "more=2")
    run = shown(cli)
    kept = json.loads(artifact(run, "runner/plan.json").read_text())

    plan = Plan.from_json(kept)

    assert json.loads(json.dumps(plan.to_json())) == kept
    assert plan.environment.lock is not None
    assert plan.environment.lock.packages == 2
    assert plan.extra_parameters == {"more": "2"}
    assert plan.digest == run["tags"]["runner.plan"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"schema": 2}, "schema 2 cannot be read"),
        ({"schema": 1}, "no plan"),
        ({"schema": 1, "odd": 1}, "no plan"),
        ({**SMALL, "odd": 1}, "'odd' is not known"),
        ({**SMALL, "source": {**SOURCE, "odd": 1}}, "'odd' is not known"),
        ({**SMALL, "source": {**SOURCE, "kind": "ftp"}}, "'ftp' is not known"),
        ({**SMALL, "environment": {"kind": "jail"}}, "'jail' is not known"),
        ({**SMALL, "source": {**SOURCE, "commit": 5}}, "no plan: .*commit"),
        ({**SMALL, "source": {**SOURCE, "subdirectory": 5}}, "no plan: .*subdirectory"),
        ({**SMALL, "parameters": {"alpha": 5}}, "no plan: .*parameters"),
        ({**SMALL, "seed": "x"}, "no plan: .*seed"),
    ],
)
def test_what_is_no_plan_is_refused(document: dict[str, object], message: str) -> None:
    with pytest.raises(RunnerError, match=message):
        Plan.from_json(document)

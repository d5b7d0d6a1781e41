"""The same flows inside `runner run`: an environment of the project's own, the embedded store, no server anywhere."""

import json
from pathlib import Path

import pytest

from tests.clients.test_clients import ROOT
from tests.conftest import Cli, Files
from tests.services import mlflows

PINS = Path(mlflows.__file__).with_name("mlflow-2.22.txt").read_text()
DEPENDENCIES = "\n".join(f"  - {line}" for line in PINS.splitlines() if line and not line.startswith("#"))
# What a run may not do: change experiments that are not its own.
FLOWS = "fluent endings nested renamed_runs artifacts figures images_by_step tables asynchronous datasets autolog models_of_runs registry aliases"


@pytest.mark.slow
@pytest.mark.network
def test_a_program_with_an_old_client_does_in_its_run_what_it_does_elsewhere(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    result = tmp_path / "read.json"
    project = files(
        {
            "MLproject": f"name: flows\npython_env: python_env.yaml\nentry_points: {{main: {{command: 'PYTHONPATH={ROOT} python -m tests.clients.flows inside {result} {FLOWS}'}}}}\n",
            "python_env.yaml": f"python: '3.11'\ndependencies:\n{DEPENDENCIES}\n",
        }
    )

    done = cli("run", project)

    assert done.code == 0, done.err
    read = json.loads(result.read_text())
    assert sorted(read) == sorted(FLOWS.split())
    assert not {name: found["raised"] for name, found in read.items() if "raised" in found}
    assert read["fluent"]["run"]["data"]["params"]["beta"] == "two words"
    assert read["registry"]["loaded"] == [[0, 1]] * 4
    assert read["aliases"]["loaded"] == [0, 1]

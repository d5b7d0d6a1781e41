"""The same flows inside `runner run`: the embedded store, no server anywhere."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.clients.comparing import differences
from tests.clients.test_clients import OLD, ROOT, started
from tests.conftest import Cli, Files
from tests.server.servers import running_server
from tests.services import mlflows
from tests.services.mlflows import CURRENT, mlflow_venv

PINS = Path(mlflows.__file__).with_name("mlflow-2.22.txt").read_text()
DEPENDENCIES = "\n".join(f"  - {line}" for line in PINS.splitlines() if line and not line.startswith("#"))
# Left out is what a run may not do: change experiments that are not its own.
FLOWS = "fluent endings nested renamed_runs artifacts figures images_by_step tables asynchronous datasets autolog models_of_runs registry aliases"
OF_CLIENT = {
    OLD: "fluent endings nested client_runs artifacts figures autolog models_of_runs registry long_values lists",
    CURRENT: "system_metrics logged_models evaluated",
}
SEARCHES = ("search_runs", "search_registry")
ITSELF = "itself"  # the run's name
pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.mark.nightly
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


@pytest.mark.parametrize("client", [pytest.param(OLD, marks=pytest.mark.nightly), CURRENT])
def test_a_program_finds_in_its_run_what_it_finds_elsewhere(
    client: str, cli: Cli, files: Files, tmp_path: Path
) -> None:
    result, space = tmp_path / "read.json", f"c{client.replace('.', '')}"
    flows = " ".join((OF_CLIENT[client], *SEARCHES))
    command = f"PYTHONPATH={ROOT} {mlflow_venv(client)} -m tests.clients.flows {space} {result} {flows}"
    project = files({"MLproject": f"name: flows\nentry_points: {{main: {{command: '{command}'}}}}\n"})

    with running_server(environ={**os.environ, "RUNNER_HOME": str(tmp_path / "elsewhere")}) as server:
        there = started(client, server.uri, tmp_path / "elsewhere.json", *SEARCHES)
        done = cli("run", project, "--run-name", ITSELF)
        elsewhere = there.document()

    assert done.code == 0, done.err
    read = json.loads(result.read_text())
    assert sorted(read) == sorted(flows.split())
    assert not {name: found["raised"] for name, found in read.items() if "raised" in found}
    assert of_others(read["search_runs"]) == of_others(elsewhere["search_runs"])
    assert not list(differences({"found": read["search_registry"]}, {"found": elsewhere["search_registry"]}))


def of_others(found: Mapping[str, Any]) -> dict[str, Any]:
    """The names that a search found besides the run's own, which is among those of pages as well."""
    return {
        text: [name for name in names if name != ITSELF] if isinstance(names, list) else names
        for text, names in found.items()
        if text not in {"pages", "frame"}
    }

"""How a program in a container reaches the tracking endpoint of its run."""

import json
import os
import sysconfig
from pathlib import Path

import pytest

from tests.cli.containers import project, shown
from tests.cli.test_run import artifact
from tests.conftest import Cli, Files
from tests.server.servers import running_server

pytestmark = pytest.mark.usefixtures("engine")


CLIENT = """
import mlflow, os, pathlib, sys
with mlflow.start_run() as run:
    mlflow.log_param("alpha", 1)
    mlflow.log_metric("rmse", 0.25)
    pathlib.Path("note.txt").write_text("from inside")
    mlflow.log_artifact("note.txt")
    class Same(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input
    info = mlflow.pyfunc.log_model(name="model", python_model=Same(), pip_requirements=[])
print(mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/note.txt"))
print(mlflow.pyfunc.load_model(info.model_uri).predict([1]))
try:
    mlflow.MlflowClient().log_text(sys.argv[1], "x", "stolen.txt")
except Exception as error:
    print("refused" if "belongs to somebody else" in str(error) else error)
"""
SITE = {"volumes": [f"{sysconfig.get_path('purelib')}:/site:ro"], "environment": [["PYTHONPATH", "/site"]]}


@pytest.mark.slow
def test_the_unmodified_client_records_in_its_run_and_only_there(cli: Cli, files: Files) -> None:
    other = files(project("true"))
    cli("run", other)
    foreign = shown(cli)["run_id"]
    demo = files(project(f"python client.py {foreign}", docker=json.dumps(SITE), **{"client.py": CLIENT}))

    outcome = cli("run", demo)

    assert outcome.out.splitlines() == ["from inside", "[1]", "refused"], outcome.err
    run = shown(cli)
    assert (run["params"]["alpha"], run["metrics"]["rmse"]["value"]) == ("1", 0.25)
    assert artifact(run, "note.txt").read_text() == "from inside"
    assert run["status"] == "FINISHED"


ASK = """
import http.client, os
address, token = os.environ["MLFLOW_TRACKING_URI"].removeprefix("http://"), os.environ["MLFLOW_TRACKING_TOKEN"]
for given, host in ((token, address), ("wrong", address), (token, "evil.example")):
    connection = http.client.HTTPConnection(address, timeout=10)
    path = "/api/2.0/mlflow/runs/get?run_id=" + os.environ["MLFLOW_RUN_ID"]
    connection.request("GET", path, headers={"Authorization": "Bearer " + given, "Host": host})
    print(connection.getresponse().status)
"""


@pytest.mark.parametrize("network", ["default", "bridge", "host"])
def test_the_endpoint_asks_for_the_token_and_for_its_own_name(cli: Cli, files: Files, network: str) -> None:
    outcome = cli("run", files(project("python ask.py", **{"ask.py": ASK})), "-A", f"network={network}")

    assert outcome.out.split() == ["200", "401", "403"], outcome.err


@pytest.mark.slow
def test_with_a_server_the_program_records_there_through_its_endpoint(
    cli: Cli, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = files(project("python ask.py && env", **{"ask.py": ASK}))
    environ = {**os.environ, "RUNNER_HOME": str(tmp_path / "server")}
    with running_server(environ=environ) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)

        outcome = cli("run", demo)

        run = shown(cli)
    assert outcome.out.split()[:3] == ["200", "401", "403"], outcome.err
    assert run["status"] == "FINISHED"
    assert server.uri not in outcome.out


def test_without_a_way_to_us_the_program_runs_and_a_warning_says_so(cli: Cli, files: Files) -> None:
    outcome = cli("run", files(project("env")), "-A", "network=none")

    assert outcome.code == 0
    assert "cannot reach its tracking endpoint: it has no network" in outcome.err
    assert "MLFLOW_" not in outcome.out
    assert f"RUNNER_RUN_ID={shown(cli)['run_id']}" in outcome.out

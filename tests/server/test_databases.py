"""`runner server` on a database server: real clients, two servers on one store, a database that is started anew."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from tests.server.servers import RunningServer, running_server
from tests.services.databases import DatabaseServer


@pytest.fixture
def environ(database_server: DatabaseServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    return dict(os.environ, RUNNER_TRACKING_URI=database_server.new_database())


@pytest.fixture
def server(environ: dict[str, str]) -> Iterator[RunningServer]:
    with running_server(environ=environ) as running:
        yield running


def test_a_client_logs_and_finds_its_run(server: RunningServer) -> None:
    client = MlflowClient(server.uri)
    run = client.create_run(client.create_experiment("\N{SNAKE} e"))

    client.log_batch(
        run.info.run_id,
        metrics=[Metric("loss", 1 / step, 1, step) for step in range(1, 200)],
        params=[Param("p", "\N{SNAKE}")],
    )
    client.set_terminated(run.info.run_id)

    (found,) = client.search_runs(
        [run.info.experiment_id],
        "metrics.loss < 0.1 AND params.p = '\N{SNAKE}'",
        order_by=["metrics.loss ASC"],
    )
    assert (found.info.run_id, found.info.status) == (run.info.run_id, "FINISHED")
    assert found.data.metrics == {"loss": 1 / 199}
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 199


def test_two_servers_on_one_store_lose_nothing(server: RunningServer, environ: dict[str, str]) -> None:
    with running_server(environ=environ) as other:
        clients = [MlflowClient(each.uri) for each in (server, other, server, other)]
        run = clients[0].create_run("0").info.run_id

        def log(number: int) -> None:
            for step in range(20):
                clients[number].log_metric(run, "m", number + step * 4, step=number + step * 4)
                clients[number].set_tag(run, f"t{step}", str(number))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(log, range(4)))

        assert clients[1].get_run(run).data.metrics["m"] == 79
        points = clients[0].get_metric_history(run, "m")
        assert sorted(point.step for point in points) == list(range(80))


def test_a_database_that_is_started_anew_is_used_on(
    server: RunningServer, database_server: DatabaseServer
) -> None:
    client = MlflowClient(server.uri)
    run = client.create_run("0").info.run_id

    database_server.restart()
    client.log_metric(run, "m", 1.0)

    assert client.get_run(run).data.metrics == {"m": 1.0}

"""Runs, by the fluent interface and by the client."""

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from tests.clients.flows.reading import history, shown_info, shown_run, tried
from tests.clients.flows.register import Read, flow


@flow()
def fluent(space: str) -> Read:
    mlflow.set_experiment(space)
    with mlflow.start_run(run_name="first", tags={"given": "1"}) as run:
        mlflow.log_param("alpha", 0.1)
        mlflow.log_params({"beta": "two words", "empty": "", "ünï": "✓", "none": None})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics(
            {
                "acc": 0.5,
                "nan": float("nan"),
                "inf": float("inf"),
                "-inf": float("-inf"),
                "a/b c.d-e": -1e-300,
            },
            step=-3,
        )
        mlflow.set_tag("env", "prod")
        mlflow.set_tags({"mlflow.note.content": "a **note**", "n": 5})
        again = tried(mlflow.log_param, "alpha", "0.1")
        other = tried(mlflow.log_param, "alpha", "0.2")
        mlflow.delete_tag("n")
        untagged = tried(mlflow.delete_tag, "n")
        running = shown_info(MlflowClient().get_run(run.info.run_id).info)
    return {
        "run": shown_run(run.info.run_id),
        "again": bool(again),
        "other": other,
        "untagged": untagged,
        "running": running,
    }


@flow()
def endings(space: str) -> Read:
    mlflow.set_experiment(space)
    ends = {}
    try:
        with mlflow.start_run(run_name="fails") as failing:
            int("a program's mistake")
    except ValueError:
        ends["failed"] = shown_run(failing.info.run_id)["info"]
    killed = mlflow.start_run(run_name="killed")
    mlflow.end_run("KILLED")
    ends["killed"] = shown_run(killed.info.run_id)["info"]
    with mlflow.start_run(run_id=killed.info.run_id):
        ends["resumed"] = shown_run(killed.info.run_id)["info"]
        mlflow.log_metric("late", 1)
    ends["resumed_end"] = shown_run(killed.info.run_id)
    return ends


@flow()
def nested(space: str) -> Read:
    mlflow.set_experiment(space)
    with (
        mlflow.start_run(run_name="parent") as parent,
        mlflow.start_run(run_name="child", nested=True) as child,
        mlflow.start_run(run_name="grandchild", nested=True) as grandchild,
    ):
        mlflow.log_metric("deep", 1)
    children = MlflowClient().search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
    )
    return {
        "runs": [shown_run(run.info.run_id) for run in (parent, child, grandchild)],
        "children": [run.data.tags["mlflow.runName"] for run in children],
    }


@flow()
def client_runs(space: str) -> Read:
    client = MlflowClient()
    experiment = client.create_experiment(space)
    run = client.create_run(
        experiment, start_time=1_600_000_000_123, tags={"mlflow.runName": "by client", "mlflow.user": "ann"}
    )
    id_ = run.info.run_id
    moments = 1_600_000_000_000
    client.log_batch(
        id_,
        metrics=[Metric("m", float(n % 3), moments + n, n // 2) for n in range(10)],
        params=[Param(f"p{n}", str(n)) for n in range(3)],
        tags=[RunTag("a", "1"), RunTag("a", "2")],
    )
    client.log_metric(id_, "m", 7.5, timestamp=moments, step=-2)
    client.log_metric(id_, "m", 7.5, timestamp=moments, step=-2)
    refused = {
        "same param twice": tried(client.log_batch, id_, params=[Param("q", "1"), Param("q", "1")]),
        "other value": tried(
            client.log_batch, id_, params=[Param("p0", "9")], metrics=[Metric("never", 1, 1, 1)]
        ),
        "key": tried(client.log_param, id_, "../x", "1"),
        "metric key": tried(client.log_metric, id_, "a//b", 1),
        "tag key": tried(client.set_tag, id_, "/a", 1),
        "long key": tried(client.log_param, id_, "k" * 251, "1"),
        "not a number": tried(client.log_metric, id_, "text", "text"),
        "absent run": tried(client.log_metric, "0" * 32, "m", 1),
        "get absent": tried(client.get_run, "0" * 32),
        "absent experiment": tried(client.create_run, "987654"),
    }
    client.set_terminated(id_, "FAILED", end_time=1_600_000_001_000)
    client.delete_run(id_)
    deleted = shown_run(id_), tried(client.log_metric, id_, "m", 1), tried(client.set_tag, id_, "a", "3")
    client.restore_run(id_)
    return {
        "refused": refused, "deleted": deleted, "restored": shown_run(id_), "history": history(id_, "m"),
        "no history": history(id_, "nothing"),
    }  # fmt: skip


@flow("2.0")
def renamed_runs(space: str) -> Read:
    client = MlflowClient()
    run = client.create_run(client.create_experiment(space), run_name="before")
    client.update_run(run.info.run_id, name="after", status="FINISHED")
    first = shown_run(run.info.run_id)
    client.set_tag(run.info.run_id, "mlflow.runName", "tagged")
    unnamed = client.create_run(run.info.experiment_id)
    return {
        "renamed": first, "tagged": shown_run(run.info.run_id), "unnamed": shown_run(unnamed.info.run_id),
        "conflict": tried(client.create_run, run.info.experiment_id, run_name="a", tags={"mlflow.runName": "b"}),
    }  # fmt: skip


@flow()
def long_values(space: str) -> Read:
    client = MlflowClient()
    id_ = client.create_run(client.create_experiment(space)).info.run_id
    values = {"param 500": 500, "param 6000": 6000}
    for name, length in values.items():
        client.log_param(id_, name, "x" * length)
    client.set_tag(id_, "tag 5000", "ü" * 5000)
    run = client.get_run(id_)
    return {
        "params": {key: len(value) for key, value in run.data.params.items()},
        "tags": {key: len(value) for key, value in run.data.tags.items() if key != "mlflow.runName"},
        "experiment tag": tried(client.set_experiment_tag, run.info.experiment_id, "t", "x" * 5001),
    }

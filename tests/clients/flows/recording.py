"""What is recorded aside from the program: in threads, about the machine, about data."""

import time

import mlflow
from mlflow.tracking import MlflowClient

from tests.clients.flows.reading import history, run_names, shown_run, tried
from tests.clients.flows.register import Read, flow


@flow("2.9")
def asynchronous(space: str) -> Read:
    mlflow.set_experiment(space)
    with mlflow.start_run() as run:
        for step in range(50):
            mlflow.log_metric("loss", step, step=step, timestamp=1_600_000_000_000 + step, synchronous=False)
        mlflow.log_params({"a": 1}, synchronous=False)
        mlflow.set_tag("b", "c", synchronous=False).wait()
        mlflow.flush_async_logging()
    return {"run": shown_run(run.info.run_id), "history": history(run.info.run_id, "loss")}


@flow("2.9")
def system_metrics(space: str) -> Read:
    mlflow.set_experiment(space)
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(1)
    with mlflow.start_run(log_system_metrics=True) as run:
        time.sleep(1)
    keys = set(MlflowClient().get_run(run.info.run_id).data.metrics)
    wanted = {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"}
    return {"there": sorted(wanted & keys), "points": len(history(run.info.run_id, min(wanted))) > 1}


@flow("2.4")
def datasets(space: str) -> Read:
    import pandas as pd

    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    mlflow.set_experiment(space)
    with mlflow.start_run(run_name="with data") as run:
        data = mlflow.data.from_pandas(frame, source="https://example.org/iris.csv", name="iris", targets="y")
        mlflow.log_input(data, context="train", tags={"split": "1"})
        mlflow.log_input(data, context="train")
        mlflow.log_input(
            mlflow.data.from_pandas(frame.head(1), source="https://example.org/b.csv", name="b"),
            context="test",
        )
    client = MlflowClient()
    texts = (
        "dataset.name = 'iris'", "datasets.context = 'train'", "dataset.name LIKE 'ir%'", "dataset.context ILIKE 'TEST'",
        "dataset.digest != 'x'", "datasets.name IN ('iris', 'c')", "datasets.name NOT IN ('iris', 'b')",
    )  # fmt: skip
    found = {
        text: tried(lambda text=text: run_names(client.search_runs([run.info.experiment_id], text)))
        for text in texts
    }
    return {"run": shown_run(run.info.run_id), "found": found}

"""Models that runs log."""

from typing import Any

import mlflow
from mlflow.tracking import MlflowClient

from tests.clients.flows.reading import listed, names, shown_model, shown_run, sizeless, tried
from tests.clients.flows.register import Read, flow
from tests.clients.flows.training import log_model, predicted, trained


@flow()
def autolog(space: str) -> Read:
    mlflow.set_experiment(space)
    mlflow.sklearn.autolog()
    with mlflow.start_run() as run:
        trained().score([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    mlflow.sklearn.autolog(disable=True)
    return {"run": shown_run(run.info.run_id), "files": sizeless(listed(run.info.run_id))}


@flow()
def models_of_runs(space: str) -> Read:
    mlflow.set_experiment(space)
    with mlflow.start_run() as run:
        logged = log_model("model", input_example=[[0.0]])
        log_model("deep-model")
    id_ = run.info.run_id
    loaded = mlflow.sklearn.load_model(f"runs:/{id_}/model"), mlflow.pyfunc.load_model(logged.model_uri)
    return {
        "run": shown_run(id_), "files": sizeless(listed(id_)), "predicted": [predicted(model) for model in loaded],
        "deep": predicted(mlflow.sklearn.load_model(f"runs:/{id_}/deep-model")),
        "absent": tried(mlflow.sklearn.load_model, f"runs:/{id_}/nothing"),
    }  # fmt: skip


@flow("3.0")
def logged_models(space: str) -> Read:
    client = MlflowClient()
    experiment = mlflow.set_experiment(space).experiment_id
    with mlflow.start_run(run_name="maker") as run:
        first = mlflow.initialize_logged_model(
            "first", params={f"p{n}": n for n in range(120)}, tags={"a": "b"}, model_type="agent"
        )
        mlflow.finalize_logged_model(first.model_id, "READY")
        mlflow.log_metric("acc", 0.9, step=2, timestamp=1_600_000_000_000, model_id=first.model_id)
        second = mlflow.create_external_model("second", model_type="agent")
        mlflow.log_metric("acc", 0.4, step=1, timestamp=1_600_000_000_000, model_id=second.model_id)
    mlflow.set_logged_model_tags(first.model_id, {"a": "c", "d": "e"})
    mlflow.delete_logged_model_tag(first.model_id, "d")
    result = {
        "models": [shown_model(mlflow.get_logged_model(model.model_id)) for model in (first, second)],
        "run": shown_run(run.info.run_id),
        "absent": tried(mlflow.get_logged_model, "m-" + "0" * 32),
    }
    texts = (
        "name = 'first'", "name LIKE 'f%'", "name ILIKE 'F%'", "name IN ('first', 'x')", "name NOT IN ('first')", "name != 'first'",
        "model_type = 'agent'", "metrics.acc > 0.5", "metrics.acc <= 0.4", "params.p7 = '7'", "tags.a = 'c'", "tags.a != 'c'",
        "status = 'READY'", f"source_run_id = '{run.info.run_id}'", "creation_timestamp > 0", "creation_time < 5", "nothing = 'a'",
        "name = 'first' AND metrics.acc > 0.5", "metrics.acc > 'a'", f"model_id = '{first.model_id}'",
    )  # fmt: skip

    def found(**options: Any) -> Any:
        return tried(lambda: names(client.search_logged_models([experiment], **options)))

    result["found"] = {text: found(filter_string=text) for text in texts}
    orders = [[{"field_name": "metrics.acc", "ascending": up}] for up in (True, False)]
    orders += [
        [{"field_name": "name"}],
        [{"field_name": "creation_timestamp", "ascending": True}],
        [{"field_name": "nothing"}],
    ]
    result["ordered"] = [found(order_by=order) for order in orders]
    page = client.search_logged_models([experiment], max_results=1, order_by=[{"field_name": "name"}])
    more = client.search_logged_models(
        [experiment], max_results=1, order_by=[{"field_name": "name"}], page_token=page.token
    )
    result["pages"] = names(page), names(more), bool(more.token)
    client.delete_logged_model(second.model_id)
    result["deleted"] = found(), tried(mlflow.get_logged_model, second.model_id)
    return result


@flow("3.0")
def evaluated(space: str) -> Read:
    """What `mlflow.models.evaluate` records: a metric about a model on a data set."""
    import pandas as pd
    from mlflow.entities import LoggedModelInput

    mlflow.set_experiment(space)
    data = mlflow.data.from_pandas(
        pd.DataFrame({"x": [1.0]}), source="https://example.org/x.csv", name="held-out"
    )
    with mlflow.start_run(run_name="maker"):
        model = log_model("model")
    with mlflow.start_run(run_name="judge") as run:
        mlflow.log_input(data, context="eval", model=LoggedModelInput(model.model_id))
        mlflow.log_metric("acc", 0.7, timestamp=1_600_000_000_000, dataset=data, model_id=model.model_id)
    wide = [{"dataset_name": "held-out"}]
    found = MlflowClient().search_logged_models([run.info.experiment_id], "metrics.acc > 0.5", datasets=wide)
    other = MlflowClient().search_logged_models(
        [run.info.experiment_id], "metrics.acc > 0.5", datasets=[{"dataset_name": "b"}]
    )
    return {
        "run": shown_run(run.info.run_id), "model": shown_model(mlflow.get_logged_model(model.model_id)),
        "found": names(found), "other": names(other),
    }  # fmt: skip

"""Searches for runs, with every operator."""

from typing import Any

import mlflow
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from packaging.version import Version

from tests.clients.flows.reading import run_names, tried
from tests.clients.flows.register import VERSION, Read, flow

RUN_OPERATORS = (
    "metrics.loss < 0.5", "metrics.loss <= 0.5", "metrics.loss = 0.5", "metrics.loss != 0.5", "metrics.loss > 0.5",
    "metrics.loss >= 0.5", "metrics.`val/acc` > 0.5", "params.alpha = '0.1'", "params.alpha != '0.1'",
    "params.alpha LIKE '0.%'", "params.alpha ILIKE '0.%'", "params.note LIKE 'Two%'", "params.note ILIKE 'tWo%'",
    "tags.env = 'prod'", "tags.env != 'prod'", "tags.env LIKE 'pr%'", "tags.env ILIKE 'PR%'", "attributes.status = 'FINISHED'",
    "attributes.status != 'FINISHED'", "run_name = 'second'", "attributes.run_name LIKE 's%'", "start_time > 0",
    "metrics.loss < 0.9 and params.alpha = '0.1' AND tags.env = 'prod'", "user_id = 'nobody'", "params.absent = 'x'",
    "metrics.nan != 1", "metrics.nan > 0", "metrics.inf > 1",
)  # fmt: skip
NEWER_RUN_OPERATORS = (
    "tags.env IS NULL", "tags.env IS NOT NULL", "params.note IS NULL", "params.note IS NOT NULL", "end_time > 0",
    "attributes.run_id IN ('a', 'b')", "run_id NOT IN ('a')",
    "datasets.name = 'iris'", "dataset.context LIKE 'tr%'", "datasets.digest IN ('nothing')",
)  # fmt: skip
WRONG_FILTERS = (
    "metrics.loss", "metrics.loss < 'a'", "params.alpha = 0.1", "what.loss < 1", "attributes.nothing = 'a'", "metrics.loss < 1 OR 1",
    "status < 'a'", "(metrics.loss < 1)",
)  # fmt: skip
ORDERS = (
    ["metrics.loss"], ["metrics.loss DESC"], ["params.alpha DESC", "metrics.loss ASC"], ["tags.env"], ["run_name DESC"],
    ["attributes.start_time ASC"], ["metrics.`val/acc` DESC"], ["metrics.nan"], ["metrics.nan DESC"], ["nothing.at all"],
)  # fmt: skip


@flow()
def search_runs(space: str) -> Read:
    client = MlflowClient()
    experiment = client.create_experiment(space)
    for number, name in enumerate(("first", "second", "third")):
        run = client.create_run(experiment, start_time=1000 + number, tags={"mlflow.runName": name})
        client.log_param(run.info.run_id, "alpha", ["0.1", "0.2", "10"][number])
        client.log_metric(run.info.run_id, "loss", [0.3, 0.5, 0.9][number])
        client.log_metric(run.info.run_id, "val/acc", number / 2)
        if number:
            client.set_tag(run.info.run_id, "env", ["", "prod", "dev"][number])
            client.log_metric(run.info.run_id, "nan", float("nan") if number == 1 else 2.0)
        else:
            client.log_param(run.info.run_id, "note", "Two words, it's")
            client.log_metric(run.info.run_id, "inf", float("inf"))
        if number != 2:
            client.set_terminated(run.info.run_id, end_time=5000)

    def found(text: str, **options: Any) -> Any:
        return tried(lambda: run_names(client.search_runs([experiment], text, **options)))

    filters = RUN_OPERATORS + WRONG_FILTERS + (NEWER_RUN_OPERATORS if Version("3.0") <= VERSION else ())
    results = {text: found(text) for text in filters}
    results |= {str(order): found("", order_by=order) for order in ORDERS}
    client.delete_run(run.info.run_id)
    views = (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL)
    results |= {f"view {view}": found("", run_view_type=view) for view in views}
    page = client.search_runs([experiment], max_results=1)
    second = client.search_runs([experiment], max_results=1, page_token=page.token)
    results["pages"] = run_names(page), run_names(second), bool(second.token)
    results["none"] = run_names(client.search_runs([], ""))
    results["frame"] = sorted(mlflow.search_runs([experiment], "metrics.loss < 0.6").columns)
    return results

"""All that a store holds, as a client reads it.

python -m tests.clients.flows.everything RESULT.json
"""

import json
import sys
from pathlib import Path

from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient

from tests.clients.flows.reading import (
    history,
    listed,
    shown_experiment,
    shown_model,
    shown_registered,
    shown_run,
    shown_version,
    tried,
)
from tests.clients.flows.register import Read


def everything() -> Read:
    """By names and ids, which are the same wherever it is."""
    client = MlflowClient()
    found = client.search_experiments(view_type=ViewType.ALL)
    return {
        "experiments": {one.name: shown_experiment(one) for one in found},
        "runs": {one.name: runs_of(one.experiment_id) for one in found},
        "models": {
            one.name: models_of(one.experiment_id) for one in found if one.lifecycle_stage == "active"
        },
        "registered": {one.name: shown_registered(one) for one in client.search_registered_models()},
        "versions": {
            f"{one.name} {one.version}": shown_version(one) for one in client.search_model_versions()
        },
    }


def runs_of(experiment_id: str) -> Read:
    found = MlflowClient().search_runs([experiment_id], run_view_type=ViewType.ALL)
    return {run.info.run_id: of_run(run.info.run_id) for run in found}


def of_run(run_id: str) -> Read:
    shown = shown_run(run_id)
    points = {
        key: sorted(history(run_id, key), key=lambda point: (point[3], point[2]))
        for key in shown["data"]["metrics"]
    }
    shown["datasets"].sort()  # MLflow's files have no order
    return {**shown, "history": points, "files": tried(listed, run_id)}


def models_of(experiment_id: str) -> Read:
    if not hasattr(MlflowClient, "search_logged_models"):
        return {}
    return {one.model_id: shown_model(one) for one in MlflowClient().search_logged_models([experiment_id])}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(everything(), indent=1, sort_keys=True, default=str))

"""What a client read, as plain data."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from tests.clients.flows.register import Read


def tried(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What the call returns, or the code of the error that it raises."""
    try:
        return call(*arguments, **options)
    except MlflowException as error:
        return {"error": error.error_code}
    except Exception as error:  # noqa: BLE001
        return {"error": type(error).__name__}


def shown_run(run_id: str) -> Read:
    run = MlflowClient().get_run(run_id)
    return {"info": shown_info(run.info), "data": shown_data(run.data), **shown_puts(run)}


def shown_info(info: Any) -> Read:
    names = "run_id run_name experiment_id user_id status start_time end_time lifecycle_stage artifact_uri".split()
    return {name: getattr(info, name, None) for name in names}


def shown_data(data: Any) -> Read:
    return {"metrics": dict(data.metrics), "params": dict(data.params), "tags": shown_tags(data.tags)}


def shown_tags(tags: Read) -> Read:
    """Where the script ran is its own affair; the history of a model is looked at for what it names."""
    if "mlflow.log-model.history" in tags:
        history = json.loads(tags["mlflow.log-model.history"])
        tags = {**tags, "mlflow.log-model.history": [sorted(entry) for entry in history]}
    return {key: value for key, value in tags.items() if not key.startswith("mlflow.source.git")}


def shown_puts(run: Any) -> Read:
    inputs, outputs = getattr(run, "inputs", None), getattr(run, "outputs", None)
    return {
        "datasets": [
            [item.dataset.name, item.dataset.digest, item.dataset.source_type, item.dataset.source, item.dataset.schema,
             item.dataset.profile, {tag.key: tag.value for tag in item.tags}]
            for item in getattr(inputs, "dataset_inputs", None) or []
        ],
        "models_in": sorted(model_name(item) for item in getattr(inputs, "model_inputs", None) or []),
        "models_out": [[item.model_id, item.step] for item in getattr(outputs, "model_outputs", None) or []],
    }  # fmt: skip


def model_name(item: Any) -> str:
    """Ids are made by chance, and so is their order. A deleted model tells no name."""
    return str(tried(lambda: MlflowClient().get_logged_model(item.model_id).name))


def shown_experiment(experiment: Any) -> Read:
    names = "experiment_id name artifact_location lifecycle_stage creation_time last_update_time".split()
    return {name: getattr(experiment, name, None) for name in names} | {"tags": dict(experiment.tags)}


def shown_registered(model: Any) -> Read:
    names = "name creation_timestamp last_updated_timestamp description".split()
    return {name: getattr(model, name) for name in names} | {
        "tags": dict(model.tags),
        "aliases": {alias: str(version) for alias, version in getattr(model, "aliases", {}).items()},
        "latest": [shown_version(version) for version in model.latest_versions or []],
    }


def shown_version(version: Any) -> Read:
    names = "name version creation_timestamp last_updated_timestamp current_stage description source run_id run_link status user_id"
    return {name: getattr(version, name, None) for name in names.split()} | {
        "version": str(version.version),
        "tags": dict(version.tags),
        "aliases": list(getattr(version, "aliases", [])),
        "model_id": getattr(version, "model_id", None),
    }


def shown_model(model: Any) -> Read:
    names = "model_id experiment_id name model_type source_run_id artifact_location creation_timestamp last_updated_timestamp"
    return {name: getattr(model, name, None) for name in names.split()} | {
        "status": str(model.status),
        "tags": shown_tags(model.tags),
        "params": dict(model.params),
        "metrics": [
            [metric.key, metric.value, metric.step, metric.dataset_name, metric.dataset_digest, metric.run_id]
            for metric in model.metrics or []
        ],
    }


def listed(run_id: str, path: str | None = None) -> list[list[Any]]:
    """All files of a run with their sizes."""
    found: list[list[Any]] = []
    for item in MlflowClient().list_artifacts(run_id, path):
        found += listed(run_id, item.path) if item.is_dir else [[item.path, item.file_size]]
    return found


def sizeless(files: list[list[Any]]) -> list[str]:
    """Only the names: sizes hang on the ids and times in the files."""
    return [name for name, _ in files]


def history(run_id: str, key: str) -> list[list[Any]]:
    return [
        [point.key, point.value, point.timestamp, point.step]
        for point in MlflowClient().get_metric_history(run_id, key)
    ]


def names(items: Iterable[Any]) -> list[str]:
    return [item.name for item in items]


def run_names(runs: Iterable[Any]) -> list[str]:
    return [run.data.tags["mlflow.runName"] for run in runs]

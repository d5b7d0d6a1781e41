"""Answers of MLflow's API as our values. What a server leaves out is empty; what it adds is passed over."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from runner.tracking.logged_models import LoggedModel, ModelMetric, ModelStatus
from runner.tracking.model import (
    Dataset,
    DatasetInput,
    Experiment,
    Lifecycle,
    Metric,
    ModelOutput,
    Page,
    Run,
    RunStatus,
)
from runner.tracking.registry import ModelVersion, RegisteredModel, Stage
from runner.tracking.statuses import MEANT

T = TypeVar("T")
Json = Mapping[str, Any]

MODEL_STATUS = "LOGGED_MODEL_"


def page(answer: Json, name: str, shape: Callable[[Json], T]) -> Page[T]:
    """What a search answers."""
    return Page(tuple(map(shape, answer.get(name, []))), answer.get("next_page_token") or None)


def experiment(data: Json) -> Experiment:
    return Experiment(
        id=str(data["experiment_id"]),
        name=data["name"],
        artifact_location=data.get("artifact_location", ""),
        lifecycle=Lifecycle(data.get("lifecycle_stage", "active")),
        created=_int(data.get("creation_time")),
        updated=_int(data.get("last_update_time")),
        tags=_pairs(data.get("tags")),
    )


def run(data: Json) -> Run:
    info, recorded = data["info"], data.get("data", {})
    inputs, outputs = data.get("inputs", {}), data.get("outputs", {})
    tags = _pairs(recorded.get("tags"))
    return Run(
        id=info.get("run_id") or info["run_uuid"],
        name=info.get("run_name") or tags.get("mlflow.runName", ""),
        experiment_id=str(info["experiment_id"]),
        status=MEANT.get(info.get("status", ""), RunStatus.RUNNING),
        artifact_uri=info.get("artifact_uri", ""),
        user=info.get("user_id") or tags.get("mlflow.user", ""),
        started=_moment(info.get("start_time")),
        ended=_moment(info.get("end_time")),
        lifecycle=Lifecycle(info.get("lifecycle_stage", "active")),
        params=_pairs(recorded.get("params")),
        metrics={item["key"]: metric(item) for item in recorded.get("metrics", [])},
        tags=tags,
        datasets=tuple(map(_dataset_input, inputs.get("dataset_inputs", []))),
        models_used=tuple(item["model_id"] for item in inputs.get("model_inputs", [])),
        models_made=tuple(
            ModelOutput(item["model_id"], _int(item.get("step"))) for item in outputs.get("model_outputs", [])
        ),
    )


def metric(data: Json) -> Metric:
    return Metric(
        data["key"],
        float(data.get("value", 0.0)),
        _int(data.get("timestamp")),
        _int(data.get("step")),
        data.get("model_id") or None,
        data.get("dataset_name") or None,
        data.get("dataset_digest") or None,
    )


def model(data: Json) -> LoggedModel:
    info, recorded = data["info"], data.get("data", {})
    return LoggedModel(
        id=info["model_id"],
        experiment_id=str(info["experiment_id"]),
        name=info.get("name", ""),
        artifact_uri=info.get("artifact_uri", ""),
        created=_int(info.get("creation_timestamp_ms")),
        updated=_int(info.get("last_updated_timestamp_ms")),
        status=ModelStatus(info.get("status", f"{MODEL_STATUS}PENDING").removeprefix(MODEL_STATUS)),
        type=info.get("model_type", ""),
        source_run_id=info.get("source_run_id", ""),
        params=_pairs(recorded.get("params")),
        tags=_pairs(info.get("tags")),
        metrics=tuple(
            ModelMetric(metric(item), item.get("run_id", "")) for item in recorded.get("metrics", [])
        ),
    )


def version(data: Json) -> ModelVersion:
    return ModelVersion(
        model=data["name"],
        version=_int(data["version"]),
        created=_int(data.get("creation_timestamp")),
        updated=_int(data.get("last_updated_timestamp")),
        source=data.get("source", ""),
        stage=Stage(data.get("current_stage") or "None"),
        description=data.get("description", ""),
        run_id=data.get("run_id", ""),
        run_link=data.get("run_link", ""),
        model_id=data.get("model_id") or "",
        user=data.get("user_id", ""),
        tags=_pairs(data.get("tags")),
        aliases=tuple(data.get("aliases", ())),
    )


def registered(data: Json) -> RegisteredModel:
    return RegisteredModel(
        name=data["name"],
        created=_int(data.get("creation_timestamp")),
        updated=_int(data.get("last_updated_timestamp")),
        description=data.get("description", ""),
        tags=_pairs(data.get("tags")),
        aliases={item["alias"]: _int(item["version"]) for item in data.get("aliases", [])},
        latest=tuple(map(version, data.get("latest_versions", []))),
    )


def _dataset_input(data: Json) -> DatasetInput:
    found = data["dataset"]
    dataset = Dataset(
        name=found["name"],
        digest=found["digest"],
        source_type=found.get("source_type", ""),
        source=found.get("source", ""),
        schema=found.get("schema"),
        profile=found.get("profile"),
    )
    return DatasetInput(dataset, _pairs(data.get("tags")))


def _pairs(items: Iterable[Json] | None) -> dict[str, str]:
    return {item["key"]: item.get("value", "") for item in items or ()}


def _int(value: int | str | None) -> int:
    return int(value or 0)


def _moment(value: int | str | None) -> int | None:
    """MLflow has 0 for a time that there is not."""
    return int(value or 0) or None

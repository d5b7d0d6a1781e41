"""What changes a run, as requests of MLflow's API. They can wait in a file and be repeated: twice is as good as once."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.tracking.model import DatasetInput, Metric, ModelOutput, RunStatus
from runner.tracking.statuses import TOLD

LOG_BATCH, UPDATE = "runs/log-batch", "runs/update"
MOST = {"metrics": 1000, "params": 100, "tags": 100}  # in one batch, as MLflow has it
ITEMS = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """A POST: `path` goes below the prefix of the API."""

    path: str
    body: Mapping[str, Any]


def logged(
    run_id: str,
    *,
    params: Mapping[str, str] = {},
    metrics: Iterable[Metric] = (),
    tags: Mapping[str, str] = {},
) -> list[Request]:
    """As many batches as it takes."""
    items = [
        *(("params", item) for item in pairs(params)),
        *(("tags", item) for item in pairs(tags)),
        *(("metrics", _point(metric)) for metric in metrics),
    ]
    single = (Request(LOG_BATCH, {"run_id": run_id, kind: [item]}) for kind, item in items)
    return [together.request for together in merged(single)]


@dataclass(frozen=True, slots=True)
class Together:
    """A request that does what several do."""

    request: Request
    parts: list[Request]


def merged(requests: Iterable[Request]) -> Iterator[Together]:
    """The same in fewer requests: neighbours that log for one run, put together as far as a batch goes."""
    held: list[Request] = []
    counts: dict[str, int] = {}
    for request in requests:
        sizes = {kind: counts.get(kind, 0) + len(request.body.get(kind, ())) for kind in MOST}
        if held and not (_alike(held[-1], request) and _fit(sizes)):
            yield _together(held)
            held = []
            sizes = {kind: len(request.body.get(kind, ())) for kind in MOST}
        held.append(request)
        counts = sizes
    if held:
        yield _together(held)


def updated(
    run_id: str, *, status: RunStatus | None = None, name: str | None = None, ended: int | None = None
) -> Request:
    body = {
        "run_id": run_id,
        "status": TOLD[status] if status else None,
        "run_name": name,
        "end_time": ended,
    }
    return Request(UPDATE, {key: value for key, value in body.items() if value is not None})


def untagged(run_id: str, key: str) -> Request:
    return Request("runs/delete-tag", {"run_id": run_id, "key": key})


def inputs(run_id: str, *, datasets: Sequence[DatasetInput] = (), models: Sequence[str] = ()) -> Request:
    body = {
        "run_id": run_id,
        "datasets": [{"dataset": _dataset(item), "tags": pairs(item.tags)} for item in datasets],
        "models": [{"model_id": model} for model in models],
    }
    return Request("runs/log-inputs", body)


def outputs(run_id: str, models: Sequence[ModelOutput]) -> Request:
    listed = [{"model_id": model.model_id, "step": model.step} for model in models]
    return Request("runs/outputs", {"run_id": run_id, "models": listed})


def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Params or tags."""
    return [{"key": key, "value": value} for key, value in values.items()]


def _alike(one: Request, other: Request) -> bool:
    return one.path == other.path == LOG_BATCH and one.body["run_id"] == other.body["run_id"]


def _fit(sizes: Mapping[str, int]) -> bool:
    return all(sizes[kind] <= most for kind, most in MOST.items()) and sum(sizes.values()) <= ITEMS


def _together(parts: list[Request]) -> Together:
    if len(parts) == 1:
        return Together(parts[0], parts)
    whole = {kind: [item for part in parts for item in part.body.get(kind, ())] for kind in MOST}
    return Together(Request(LOG_BATCH, {"run_id": parts[0].body["run_id"], **whole}), parts)


def _point(metric: Metric) -> dict[str, Any]:
    point = {
        "key": metric.key,
        "value": _number(metric.value),
        "timestamp": metric.time,
        "step": metric.step,
        "model_id": metric.model_id,
        "dataset_name": metric.dataset_name,
        "dataset_digest": metric.dataset_digest,
    }
    return {name: value for name, value in point.items() if value is not None}


def _number(value: float) -> float | str:
    """As JSON can have it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _dataset(item: DatasetInput) -> dict[str, str]:
    dataset = item.dataset
    given = {
        "name": dataset.name,
        "digest": dataset.digest,
        "source_type": dataset.source_type,
        "source": dataset.source,
        "schema": dataset.schema,
        "profile": dataset.profile,
    }
    return {name: value for name, value in given.items() if value is not None}

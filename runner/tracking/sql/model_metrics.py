"""Metrics about logged models: each point is kept with its run, as any other, and here once more with its model.

Which point is the latest goes by time before step, as in MLflow: runs of different lengths may measure one model.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from runner.tracking.database import Connection, upsert
from runner.tracking.logged_models import ModelMetric
from runner.tracking.model import Metric
from runner.tracking.sql import inputs, keys
from runner.tracking.sql.inputs import Named

TABLE = "runner_logged_model_metrics"
COLUMNS = ("model", "key_id", "run", "dataset", "step", "time", "value", "is_nan")
INSERT = upsert(TABLE, COLUMNS, key=COLUMNS)
NEWEST = "ORDER BY time DESC, step DESC, run, value DESC"


def write(
    db: Connection, points: Sequence[tuple[Metric, Mapping[str, Any]]], models: Mapping[str, int]
) -> None:
    """Those of the points, each with its row as its run has it, that are about one of the models (their numbers by id)."""
    about = [(metric, row) for metric, row in points if metric.model_id is not None]
    if not about:
        return
    names = {_named(metric, row) for metric, row in about if metric.dataset_name}
    datasets = inputs.named(db, names)
    db.execute_many(
        INSERT,
        [
            {**row, "model": models[str(metric.model_id)], "dataset": datasets.get(_named(metric, row), 0)}
            for metric, row in about
        ],
    )


def latest(db: Connection, models: Mapping[int, str]) -> dict[int, list[ModelMetric]]:
    """Of each of the models (their ids by number) the latest point for each key and data set."""
    found: dict[int, list[ModelMetric]] = {}
    for marks in keys.bound(list(models)):
        rows = db.execute(
            "SELECT m.model, r.uuid, k.name, m.value, m.time, m.step, m.is_nan, d.name, d.digest FROM ("
            "SELECT model, key_id, run, dataset, step, time, value, is_nan,"
            f" ROW_NUMBER() OVER (PARTITION BY model, key_id, dataset {NEWEST}) AS place"
            f" FROM {TABLE} WHERE model IN ({keys.listed(marks)})) m"
            " JOIN runner_key_names k ON k.id = m.key_id JOIN runner_runs r ON r.id = m.run"
            " LEFT JOIN runner_datasets d ON d.id = m.dataset WHERE m.place = 1 ORDER BY k.name, m.dataset",
            marks,
        )
        for model, run_id, key, value, time, step, is_nan, name, digest in rows:
            point = Metric(
                key, math.nan if is_nan else value, time, step, models[model], name, digest or None
            )
            found.setdefault(model, []).append(ModelMetric(point, run_id))
    return found


def _named(metric: Metric, row: Mapping[str, Any]) -> Named:
    return row["experiment"], metric.dataset_name or "", metric.dataset_digest or ""

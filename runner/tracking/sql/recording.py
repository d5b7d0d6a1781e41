"""Params, metrics, tags and leases of a run, written."""

import math
import sys
from collections.abc import Mapping, Sequence

from runner.errors import Conflict
from runner.tracking import checks
from runner.tracking.clock import now
from runner.tracking.database import Connection, upsert
from runner.tracking.leases import over
from runner.tracking.model import Lease, Metric, RunStatus
from runner.tracking.sql import keys
from runner.tracking.sql.runs import Row

NAME_TAG = "mlflow.runName"  # the name once more, as MLflow has it: each follows the other
POINT = ("step", "time", "value", "is_nan")
INSERT_PARAM = upsert(
    "runner_params", ("run", "key_id", "experiment", "value", "number"), key=("run", "key_id")
)
INSERT_TAG = upsert("runner_tags", ("run", "key_id", "value"), key=("run", "key_id"), update=("value",))
INSERT_METRIC = upsert("runner_metrics", ("run", "key_id", *POINT), key=("run", "key_id", *POINT))
INSERT_LATEST = upsert(
    "runner_latest_metrics",
    ("run", "key_id", "experiment", *POINT),
    key=("run", "key_id"),
    update=POINT,
    where="(excluded.step, excluded.time, excluded.value)"
    " >= (runner_latest_metrics.step, runner_latest_metrics.time, runner_latest_metrics.value)",
)
LEASE = ("run", "host", "pid", "process_started", "until")
INSERT_LEASE = upsert("runner_leases", LEASE, key=("run",), update=LEASE[1:])


def write(
    db: Connection, row: Row, *, params: Mapping[str, str], metrics: Sequence[Metric], tags: Mapping[str, str]
) -> None:
    """All of it; what is malformed or contradicts is refused."""
    checks.params(params)
    checks.metrics(metrics)
    checks.tags(tags, longest=checks.RUN_TAG)
    ids = keys.numbers(db, [*params, *tags, *(metric.key for metric in metrics)])
    if params:
        _write_params(db, row, params, ids)
    if tags:
        db.execute_many(
            INSERT_TAG, [{"run": row.number, "key_id": ids[key], "value": tags[key]} for key in tags]
        )
    if NAME_TAG in tags:
        checks.run_name(tags[NAME_TAG])
        db.execute(
            "UPDATE runner_runs SET name = :name WHERE id = :id", {"name": tags[NAME_TAG], "id": row.number}
        )
    if metrics:
        _write_metrics(db, row, metrics, ids)


def as_number(text: str) -> float | None:
    """The number that a recorded text is, for comparison with numbers; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def write_lease(db: Connection, row: Row, lease: Lease) -> None:
    """Set the run's lease, in place of the old one."""
    values = (row.number, lease.host, lease.pid, lease.process_started, lease.until)
    db.execute(INSERT_LEASE, dict(zip(LEASE, values, strict=True)))


def over_leases(db: Connection, moment: int) -> dict[int, str]:
    """Numbers and ids of the runs that nobody keeps alive."""
    rows = db.execute(
        "SELECT r.id, r.uuid, l.host, l.pid, l.process_started, l.until"
        " FROM runner_leases l JOIN runner_runs r ON r.id = l.run"
    )
    return {number: uuid for number, uuid, *lease in rows if over(Lease(*lease), moment)}


def lose(db: Connection, number: int, moment: int) -> None:
    """The run is LOST, unless it has ended by itself; its lease is gone."""
    ended = {f"e{index}": status.value for index, status in enumerate(RunStatus) if status.ended}
    db.execute(
        "UPDATE runner_runs SET status = :lost, ended = :moment"
        f" WHERE id = :id AND status NOT IN ({keys.listed(ended)})",
        {"lost": RunStatus.LOST.value, "moment": min(moment, now()), "id": number, **ended},
    )
    end_lease(db, number)


def end_lease(db: Connection, number: int) -> None:
    """The run needs none any more."""
    db.execute("DELETE FROM runner_leases WHERE run = :id", {"id": number})


def _write_params(db: Connection, row: Row, params: Mapping[str, str], ids: Mapping[str, int]) -> None:
    stored = dict(
        keys.attached(db, "runner_params", "value", owner="run", of=[row.number]).get(row.number, [])
    )
    for key, value in params.items():
        if stored.get(key, value) != value:
            raise Conflict(
                f"param {key!r} of run {row.uuid} is {stored[key]!r} already and cannot become {value!r}",
                hint="params are written once; use a metric or a tag for what changes",
            )
    db.execute_many(
        INSERT_PARAM,
        [
            {
                "run": row.number,
                "experiment": row.experiment,
                "key_id": ids[key],
                "value": value,
                "number": as_number(value),
            }
            for key, value in params.items()
        ],
    )


def _write_metrics(db: Connection, row: Row, metrics: Sequence[Metric], ids: Mapping[str, int]) -> None:
    points = [
        {
            "run": row.number,
            "key_id": ids[metric.key],
            "step": metric.step,
            "time": metric.time,
            "value": _stored(metric.value),
            "is_nan": math.isnan(metric.value),
        }
        for metric in metrics
    ]
    db.execute_many(INSERT_METRIC, points)
    db.execute_many(INSERT_LATEST, [{**point, "experiment": row.experiment} for point in points])


def _stored(value: float) -> float:
    """NaN is kept as a flag, infinities as the greatest number, as MLflow does: not every database has them."""
    if math.isnan(value):
        return 0.0
    return max(-sys.float_info.max, min(sys.float_info.max, float(value)))

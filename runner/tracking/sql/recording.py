"""Params, metrics, tags and leases of a run, written."""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runner.errors import Conflict, RunnerError
from runner.tracking import checks
from runner.tracking.clock import now
from runner.tracking.database import Connection, for_update, upsert
from runner.tracking.leases import over
from runner.tracking.model import Entry, Lease, Metric, Run, RunStatus
from runner.tracking.sql import inputs, keys, model_metrics, runs
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
    newest=("step", "time", "value"),
)
LEASE = ("run", "host", "pid", "process_started", "until")
INSERT_LEASE = upsert("runner_leases", LEASE, key=("run",), update=LEASE[1:])


def write_all(db: Connection, entries: Sequence[Entry]) -> Sequence[RunnerError | None]:
    """Each entry whole, or its refusal: what is malformed, contradicts, or is meant for a run that takes nothing."""
    rows = runs.rows(db, [entry.run_id for entry in entries], locked=True)
    stored = _stored_params(db, rows, entries)
    models = inputs.models(db, _models(entries))
    refusals = [_refusal(entry, rows, stored, models) for entry in entries]
    write(
        db,
        [
            (rows[entry.run_id], entry)
            for entry, refusal in zip(entries, refusals, strict=True)
            if refusal is None
        ],
        models,
    )
    return refusals


def check(entry: Entry) -> None:
    """Keys and lengths.

    Raises:
        TrackingError: one of them cannot be recorded.
    """
    checks.params(entry.params)
    checks.metrics(entry.metrics)
    checks.tags(entry.tags, longest=checks.RUN_TAG)
    if NAME_TAG in entry.tags:
        checks.run_name(entry.tags[NAME_TAG])


def write(db: Connection, entries: Sequence[tuple[Row, Entry]], models: Mapping[str, int] = {}) -> None:
    """All of it; the entries have been checked. `models` are the logged models that metrics are about, by id."""
    names = [
        {"id": row.number, "name": entry.tags[NAME_TAG]} for row, entry in entries if NAME_TAG in entry.tags
    ]
    if names:
        db.execute_many("UPDATE runner_runs SET name = :name WHERE id = :id", names)
    _write(db, entries, models)


def write_new(db: Connection, number: int, run: Run) -> None:
    """What a new run has from its beginning; it has been checked."""
    row = Row(number, run.id, int(run.experiment_id), run.lifecycle)
    _write(db, [(row, Entry(run.id, run.params, tags=run.tags))], {})


def _write(db: Connection, entries: Sequence[tuple[Row, Entry]], models: Mapping[str, int]) -> None:
    names = (name for _, entry in entries for name in (*entry.params, *entry.tags, *_metric_keys(entry)))
    ids = keys.numbers(db, names)
    params = [
        {
            "run": row.number,
            "experiment": row.experiment,
            "key_id": ids[key],
            "value": value,
            "number": as_number(value),
        }
        for row, entry in entries
        for key, value in entry.params.items()
    ]
    tags = [
        {"run": row.number, "key_id": ids[key], "value": value}
        for row, entry in entries
        for key, value in entry.tags.items()
    ]
    measured = [
        (metric, _point(row, ids[metric.key], metric)) for row, entry in entries for metric in entry.metrics
    ]
    points = [point for _, point in measured]
    for statement, values in (
        (INSERT_PARAM, params),
        (INSERT_TAG, tags),
        (INSERT_METRIC, points),
        (INSERT_LATEST, _latest(points)),
    ):
        if values:
            db.execute_many(statement, values)
    model_metrics.write(db, measured, models)


def as_number(text: str) -> float | None:
    """The number that a recorded text is, for comparison with numbers; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def write_lease(db: Connection, number: int, lease: Lease) -> None:
    """Set the run's lease, in place of the old one."""
    values = (number, lease.host, lease.pid, lease.process_started, lease.until)
    db.execute(INSERT_LEASE, dict(zip(LEASE, values, strict=True)))


def over_leases(db: Connection, moment: int, *, locked: bool = False) -> dict[int, str]:
    """Numbers and ids of the runs that nobody keeps alive; nobody renews `locked` ones until the transaction ends."""
    statement = (
        "SELECT r.id, r.uuid, l.host, l.pid, l.process_started, l.until"
        " FROM runner_leases l JOIN runner_runs r ON r.id = l.run ORDER BY r.id"
    )
    rows = db.execute(for_update(statement) if locked else statement)
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


def _stored_params(
    db: Connection, rows: Mapping[str, Row], entries: Sequence[Entry]
) -> dict[int, dict[str, str]]:
    """Params of the runs that get some; those that this transaction is about to write are added as they are checked."""
    of = sorted({rows[entry.run_id].number for entry in entries if entry.params and entry.run_id in rows})
    found = keys.attached(db, "runner_params", "value", owner="run", of=of)
    return {number: dict(found.get(number, [])) for number in of}


def _refusal(
    entry: Entry, rows: Mapping[str, Row], stored: Mapping[int, dict[str, str]], models: Mapping[str, int]
) -> RunnerError | None:
    try:
        row = runs.writable(rows, entry.run_id)
        check(entry)
        for model_id in _models([entry]):
            inputs.known(models, model_id)
        if entry.params:
            _refuse_other_values(row, entry.params, stored[row.number])
    except RunnerError as error:
        return error
    return None


def _refuse_other_values(row: Row, params: Mapping[str, str], stored: dict[str, str]) -> None:
    for key, value in params.items():
        if stored.get(key, value) != value:
            raise Conflict(
                f"param {key!r} of run {row.uuid} is {stored[key]!r} already and cannot become {value!r}",
                hint="params are written once; use a metric or a tag for what changes",
            )
    stored |= params


def _models(entries: Iterable[Entry]) -> set[str]:
    """Ids of the logged models that metrics are about."""
    return {metric.model_id for entry in entries for metric in entry.metrics if metric.model_id is not None}


def _metric_keys(entry: Entry) -> Iterable[str]:
    return (metric.key for metric in entry.metrics)


def _point(row: Row, key_id: int, metric: Metric) -> dict[str, Any]:
    return {
        "run": row.number,
        "key_id": key_id,
        "experiment": row.experiment,
        "step": metric.step,
        "time": metric.time,
        "value": _stored(metric.value),
        "is_nan": math.isnan(metric.value),
    }


def _latest(points: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Of each run and key the point that could be the latest."""
    best: dict[tuple[int, int], Mapping[str, Any]] = {}
    for point in points:
        other = best.setdefault((point["run"], point["key_id"]), point)
        if other is not point and _rank(point) >= _rank(other):
            best[point["run"], point["key_id"]] = point
    return list(best.values())


def _rank(point: Mapping[str, Any]) -> tuple[int, int, float]:
    return point["step"], point["time"], point["value"]


def _stored(value: float) -> float:
    """NaN is kept as a flag, infinities as the greatest number, as MLflow does: not every database has them."""
    if math.isnan(value):
        return 0.0
    return max(-sys.float_info.max, min(sys.float_info.max, float(value)))

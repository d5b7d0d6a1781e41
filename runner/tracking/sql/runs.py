"""Runs in the database: made, found, read, marked."""

import math
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from runner.errors import Conflict, NotFound, did_you_mean
from runner.tracking import checks
from runner.tracking.clock import now
from runner.tracking.database import Connection, for_update
from runner.tracking.model import Experiment, Lifecycle, Metric, Run, RunStatus
from runner.tracking.names import speakable
from runner.tracking.sql import inputs, keys
from runner.tracking.sql.experiments import SUGGESTED

SHORTEST_PREFIX = 4
COLUMNS = "id, uuid, name, experiment, status, artifact_uri, user_name, started, ended, lifecycle"
POINTS = (
    "SELECT value, time, step, is_nan FROM runner_metrics"
    " WHERE run = :run AND key_id = (SELECT id FROM runner_key_names WHERE name = :key)"
)
NEVER = 2**62  # more points than there can be


class Row(Struct, frozen=True):
    """A run's surrogate key, id, experiment and lifecycle."""

    number: int
    uuid: str
    experiment: int
    lifecycle: Lifecycle


def insert(
    db: Connection,
    experiment: Experiment,
    *,
    name: str | None,
    user: str,
    status: RunStatus,
    started: int | None,
) -> tuple[int, Run]:
    """A new run without params and tags, and its surrogate key."""
    uuid = secrets.token_hex(16)
    run = Run(
        id=uuid,
        name=name or _free_name(db),
        experiment_id=experiment.id,
        status=status,
        artifact_uri=f"{experiment.artifact_location.rstrip('/')}/{uuid}/artifacts",
        user=checks.user(user),
        started=now() if started is None else started,
    )
    number = db.insert(
        "INSERT INTO runner_runs (uuid, experiment, name, user_name, status, started, lifecycle, artifact_uri)"
        " VALUES (:uuid, :experiment, :name, :user_name, :status, :started, :lifecycle, :artifact_uri)",
        {
            "uuid": run.id,
            "experiment": int(run.experiment_id),
            "name": run.name,
            "user_name": run.user,
            "status": run.status.value,
            "started": run.started,
            "lifecycle": run.lifecycle.value,
            "artifact_uri": run.artifact_uri,
        },
    )
    return number, run


def rows(db: Connection, run_ids: Sequence[str], *, locked: bool = False) -> dict[str, Row]:
    """Those of the runs that exist, by id; deleted or not. Nobody else changes `locked` ones until the transaction ends."""
    found: dict[str, Row] = {}
    for marks in keys.bound(sorted(set(filter(checks.possible, run_ids)))):
        statement = (
            f"SELECT id, uuid, experiment, lifecycle FROM runner_runs WHERE uuid IN ({keys.listed(marks)})"
            " ORDER BY id"  # who locks several does so in this order
        )
        for number, uuid, experiment, lifecycle in db.execute(
            for_update(statement) if locked else statement, marks
        ):
            found[uuid] = Row(number, uuid, experiment, Lifecycle(lifecycle))
    return found


def exact(db: Connection, run_id: str, *, locked: bool = False) -> Row:
    """The run with that id; deleted or not."""
    return known(rows(db, [run_id], locked=locked), run_id)


def known(among: Mapping[str, Row], run_id: str) -> Row:
    """The run with that id.

    Raises:
        NotFound: it is not among them.
    """
    if run_id not in among:
        raise NotFound(f"there is no run {run_id!r}")
    return among[run_id]


def writable(among: Mapping[str, Row], run_id: str) -> Row:
    """The run with that id, which must not be deleted."""
    row = known(among, run_id)
    if row.lifecycle is Lifecycle.DELETED:
        raise Conflict(f"run {run_id} is deleted", hint=f"runner runs restore {run_id}")
    return row


def find(db: Connection, reference: str) -> Run:
    """See `Store.run`."""
    checks.text(reference)
    if re.fullmatch("-[1-9][0-9]{0,8}", reference):
        return _newest(db, int(reference[1:]))
    for where in ("uuid = :reference", "name = :reference"):
        found = read(db, f"{where} ORDER BY started DESC, id DESC LIMIT 1", {"reference": reference})
        if found:
            return found[0]
    if len(reference) >= SHORTEST_PREFIX and (found := _beginning(db, reference)):
        return found[0]
    rows = db.execute(f"SELECT name FROM runner_runs ORDER BY id DESC LIMIT {SUGGESTED}")
    raise NotFound(
        f"there is no run {reference!r}",
        hint=did_you_mean(reference, [name for (name,) in rows]) or "`runner runs list` shows the newest",
    )


def read(db: Connection, where: str, values: Mapping[str, Any]) -> list[Run]:
    """Runs with what hangs on them: four more statements for all of them together."""
    return _filled(db, db.execute(f"SELECT {COLUMNS} FROM runner_runs WHERE {where}", values))


def in_order(db: Connection, numbers: Sequence[int]) -> tuple[Run, ...]:
    """The runs with these surrogate keys."""
    found: dict[int, Run] = {}
    for marks in keys.bound(numbers):
        rows = db.execute(f"SELECT {COLUMNS} FROM runner_runs WHERE id IN ({keys.listed(marks)})", marks)
        found.update(zip((row[0] for row in rows), _filled(db, rows), strict=True))
    return tuple(found[number] for number in numbers)


def mark(db: Connection, row: Row, lifecycle: Lifecycle) -> None:
    """Delete or restore it."""
    deleted = now() if lifecycle is Lifecycle.DELETED else None
    db.execute(
        "UPDATE runner_runs SET lifecycle = :lifecycle, deleted = :deleted WHERE id = :id",
        {"lifecycle": lifecycle.value, "deleted": deleted, "id": row.number},
    )


def move(db: Connection, row: Row, experiment: Experiment) -> None:
    """See `Store.move_run`: the experiment is repeated wherever an index leads with it. What the run made goes with it."""
    db.execute(
        "UPDATE runner_logged_models SET experiment = :experiment WHERE source_run = :run",
        {"experiment": int(experiment.id), "run": row.uuid},
    )
    inputs.move(db, row.number, int(experiment.id))
    for table, key in (("runner_runs", "id"), ("runner_params", "run"), ("runner_latest_metrics", "run")):
        db.execute(
            f"UPDATE {table} SET experiment = :experiment WHERE {key} = :run",
            {"experiment": int(experiment.id), "run": row.number},
        )


def metric_history(db: Connection, run_id: str, key: str) -> Sequence[Metric]:
    """See `Store.metric_history`."""
    rows = db.execute(f"{POINTS} ORDER BY step, time, value", _of_metric(db, run_id, key))
    return [_metric(key, *row) for row in rows]


def metric_page(db: Connection, run_id: str, key: str, *, limit: int | None, offset: int) -> Sequence[Metric]:
    """See `Store.metric_page`; one point more than `limit`, if there is one."""
    most = NEVER if limit is None else min(limit + 1, NEVER)
    values = _of_metric(db, run_id, key) | {"limit": most, "offset": offset}
    rows = db.execute(f"{POINTS} ORDER BY time, step, value LIMIT :limit OFFSET :offset", values)
    return [_metric(key, *row) for row in rows]


def _of_metric(db: Connection, run_id: str, key: str) -> dict[str, Any]:
    return {"run": exact(db, run_id).number, "key": checks.text(key)}


def _newest(db: Connection, position: int) -> Run:
    found = read(
        db,
        "lifecycle = 'active' ORDER BY started DESC, id DESC LIMIT 1 OFFSET :skipped",
        {"skipped": position - 1},
    )
    if not found:
        raise NotFound(f"there is no run -{position}", hint="`runner runs list` shows the newest")
    return found[0]


def _beginning(db: Connection, prefix: str) -> list[Run]:
    found = read(db, "uuid >= :low AND uuid < :high LIMIT 10", {"low": prefix, "high": f"{prefix}~"})
    if len(found) > 1:
        listed = ", ".join(f"{run.id[:12]} ({run.name})" for run in found)
        raise Conflict(f"several runs begin with {prefix!r}: {listed}", hint="give more of the id")
    return found


def _free_name(db: Connection) -> str:
    while True:
        name = speakable()
        if not db.execute("SELECT 1 FROM runner_runs WHERE name = :name", {"name": name}):
            return name


def _filled(db: Connection, rows: Sequence[Sequence[Any]]) -> list[Run]:
    numbers = [row[0] for row in rows]
    params = keys.attached(db, "runner_params", "value", owner="run", of=numbers)
    tags = keys.attached(db, "runner_tags", "value", owner="run", of=numbers)
    metrics = keys.attached(db, "runner_latest_metrics", "value, time, step, is_nan", owner="run", of=numbers)
    links = inputs.of_runs(db, numbers)
    return [
        Run(
            id=uuid,
            name=name,
            experiment_id=str(experiment),
            status=RunStatus(status),
            artifact_uri=artifact_uri,
            user=user,
            started=started,
            ended=ended,
            lifecycle=Lifecycle(lifecycle),
            params=dict(params.get(number, [])),
            tags=dict(tags.get(number, [])),
            metrics={key: _metric(key, *point) for key, *point in metrics.get(number, [])},
            datasets=tuple(links[number].datasets),
            models_used=tuple(links[number].used),
            models_made=tuple(links[number].made),
        )
        for number, uuid, name, experiment, status, artifact_uri, user, started, ended, lifecycle in rows
    ]


def _metric(key: str, value: float, time: int, step: int, is_nan: bool) -> Metric:
    return Metric(key, math.nan if is_nan else value, time, step)

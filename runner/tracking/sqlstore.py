"""The store in a relational database: one class, plain SQL; see database.py for what carries it out."""

import math
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from runner.errors import Conflict, NotFound, TrackingError, did_you_mean
from runner.tracking import checks, filters
from runner.tracking.database import Connection, Database, upsert
from runner.tracking.leases import over
from runner.tracking.model import Experiment, Lease, Lifecycle, Metric, Page, Run, RunStatus
from runner.tracking.names import speakable

T = TypeVar("T")

SHORTEST_PREFIX = 4
BOUND = 500  # values in one IN (...), well below every database's limit
GOING_ON = tuple(status.value for status in RunStatus if not status.ended)

INSERT_PARAM = upsert(
    "params", ("run", "key_id", "experiment", "value", "number"), key=("run", "key_id"), update=()
)
INSERT_TAG = upsert("tags", ("run", "key_id", "value"), key=("run", "key_id"), update=("value",))
INSERT_METRIC = upsert(
    "metrics",
    ("run", "key_id", "step", "time", "value", "is_nan"),
    key=("run", "key_id", "step", "time", "value", "is_nan"),
    update=(),
)
INSERT_LATEST = upsert(
    "latest_metrics",
    ("run", "key_id", "experiment", "step", "time", "value", "is_nan"),
    key=("run", "key_id"),
    update=("step", "time", "value", "is_nan"),
    where="(excluded.step, excluded.time, excluded.value) >= (latest_metrics.step, latest_metrics.time, latest_metrics.value)",
)
RUN_COLUMNS = "id, uuid, name, experiment, status, artifact_uri, user_name, started, ended, lifecycle"


class SqlStore:
    """See `store.Store`."""

    def __init__(self, database: Database, *, uri: str, artifact_root: str) -> None:
        self.uri = uri
        self._database = database
        self._artifact_root = artifact_root

    def close(self) -> None:
        self._database.close()

    # experiments ------------------------------------------------------------------------------------------
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: Mapping[str, str] = {}
    ) -> Experiment:
        checks.experiment_name(name)
        checks.tags(tags, longest=checks.EXPERIMENT_TAG)
        with self._database.transaction() as db:
            _refuse_taken(db, name)
            ((last,),) = db.execute("SELECT COALESCE(MAX(id), -1) FROM experiments")
            number = last + 1
            values = {
                "id": number,
                "name": name,
                "artifact_location": artifact_location or f"{self._artifact_root}/{number}",
                "lifecycle": Lifecycle.ACTIVE.value,
                "now": _now(),
            }
            db.execute(
                "INSERT INTO experiments (id, name, artifact_location, lifecycle, created, updated)"
                " VALUES (:id, :name, :artifact_location, :lifecycle, :now, :now)",
                values,
            )
            for key, value in tags.items():
                db.execute(
                    "INSERT INTO experiment_tags (experiment, key_id, value) VALUES (:experiment, :key_id, :value)",
                    {"experiment": number, "key_id": _key_ids(db, [key])[key], "value": value},
                )
            return _experiments(db, "id = :id", {"id": number})[0]

    def experiment(self, id_or_name: str) -> Experiment:
        with self._database.reading() as db:
            return _experiment(db, id_or_name)

    def experiments(self, *, lifecycle: Lifecycle | None = Lifecycle.ACTIVE) -> Sequence[Experiment]:
        with self._database.reading() as db:
            if lifecycle is None:
                return _experiments(db, "1 = 1", {})
            return _experiments(db, "lifecycle = :lifecycle", {"lifecycle": lifecycle.value})

    def rename_experiment(self, id_or_name: str, name: str) -> Experiment:
        checks.experiment_name(name)
        with self._database.transaction() as db:
            found = _experiment(db, id_or_name)
            if found.name != name:
                _refuse_taken(db, name)
            db.execute(
                "UPDATE experiments SET name = :name, updated = :now WHERE id = :id",
                {"name": name, "now": _now(), "id": int(found.id)},
            )
            return _experiment(db, found.id)

    def delete_experiment(self, id_or_name: str) -> None:
        with self._database.transaction() as db:
            found = _experiment(db, id_or_name)
            if found.id == "0":
                raise Conflict("the default experiment cannot be deleted")
            self._mark_experiment(db, found, Lifecycle.DELETED)

    def restore_experiment(self, id_or_name: str) -> None:
        with self._database.transaction() as db:
            self._mark_experiment(db, _experiment(db, id_or_name), Lifecycle.ACTIVE)

    def _mark_experiment(self, db: Connection, found: Experiment, lifecycle: Lifecycle) -> None:
        values = {"lifecycle": lifecycle.value, "now": _now(), "id": int(found.id)}
        db.execute("UPDATE experiments SET lifecycle = :lifecycle, updated = :now WHERE id = :id", values)
        deleted = ":now" if lifecycle is Lifecycle.DELETED else "NULL"
        db.execute(
            f"UPDATE runs SET lifecycle = :lifecycle, deleted = {deleted} WHERE experiment = :id", values
        )

    # runs -------------------------------------------------------------------------------------------------
    def create_run(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        user: str = "",
        status: RunStatus = RunStatus.PENDING,
        started: int | None = None,
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
        lease: Lease | None = None,
    ) -> Run:
        checks.run_name(name)
        with self._database.transaction() as db:
            experiment = _experiment(db, experiment_id)
            if experiment.lifecycle is Lifecycle.DELETED:
                raise Conflict(
                    f"experiment {experiment.name!r} is deleted",
                    hint=f"runner experiments restore {experiment.id}",
                )
            uuid = secrets.token_hex(16)
            values = {
                "uuid": uuid,
                "experiment": int(experiment.id),
                "name": name or _free_name(db),
                "user_name": user,
                "status": status.value,
                "started": started if started is not None else _now(),
                "lifecycle": Lifecycle.ACTIVE.value,
                "artifact_uri": f"{experiment.artifact_location}/{uuid}/artifacts",
            }
            ((number,),) = db.execute(
                "INSERT INTO runs (uuid, experiment, name, user_name, status, started, lifecycle, artifact_uri)"
                " VALUES (:uuid, :experiment, :name, :user_name, :status, :started, :lifecycle, :artifact_uri)"
                " RETURNING id",
                values,
            )
            row = _Row(number, uuid, int(experiment.id))
            _write(db, row, params=params, metrics=(), tags={**tags, "mlflow.runName": str(values["name"])})
            if lease is not None:
                _write_lease(db, number, lease)
            return _runs(db, "id = :id", {"id": number})[0]

    def run(self, reference: str) -> Run:
        with self._database.reading() as db:
            return _find(db, reference)

    def search_runs(
        self,
        *,
        experiment_ids: Sequence[str] | None = None,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 100,
        page_token: str | None = None,
        lifecycle: Lifecycle | None = Lifecycle.ACTIVE,
    ) -> Page:
        offset = _offset(page_token)
        search = filters.compile_search(
            filter, order_by=order_by, experiment_ids=experiment_ids, lifecycle=lifecycle
        )
        with self._database.reading() as db:
            values = {**search.values, "limit": limit + 1, "offset": offset}
            rows = db.execute(f"{search.statement} LIMIT :limit OFFSET :offset", values)
            numbers = [row[0] for row in rows]
            more = len(numbers) > limit
            return Page(_runs_in_order(db, numbers[:limit]), str(offset + limit) if more else None)

    def update_run(
        self,
        run_id: str,
        *,
        status: RunStatus | None = None,
        name: str | None = None,
        started: int | None = None,
        ended: int | None = None,
    ) -> None:
        checks.run_name(name)
        changes = {
            "status": status.value if status else None,
            "name": name,
            "started": started,
            "ended": ended,
        }
        given = {column: value for column, value in changes.items() if value is not None}
        with self._database.transaction() as db:
            row = _writable(db, run_id)
            if given:
                assignments = ", ".join(f"{column} = :{column}" for column in given)
                db.execute(f"UPDATE runs SET {assignments} WHERE id = :id", {**given, "id": row.number})
            if name is not None:
                _write(db, row, params={}, metrics=(), tags={"mlflow.runName": name})
            if status is not None and status.ended:
                db.execute("DELETE FROM leases WHERE run = :id", {"id": row.number})

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, str] = {},
        metrics: Iterable[Metric] = (),
        tags: Mapping[str, str] = {},
    ) -> None:
        points = tuple(metrics)
        if not (params or points or tags):
            return
        with self._database.transaction() as db:
            _write(db, _writable(db, run_id), params=params, metrics=points, tags=tags)

    def delete_tag(self, run_id: str, key: str) -> None:
        with self._database.transaction() as db:
            row = _writable(db, run_id)
            values = {"run": row.number, "key": key}
            where = "run = :run AND key_id = (SELECT id FROM key_names WHERE name = :key)"
            if not db.execute(f"SELECT 1 FROM tags WHERE {where}", values):
                raise NotFound(f"run {run_id} has no tag {key!r}")
            db.execute(f"DELETE FROM tags WHERE {where}", values)

    def metric_history(self, run_id: str, key: str) -> Sequence[Metric]:
        with self._database.reading() as db:
            run = _exact(db, run_id)
            rows = db.execute(
                "SELECT value, time, step, is_nan FROM metrics"
                " WHERE run = :run AND key_id = (SELECT id FROM key_names WHERE name = :key)"
                " ORDER BY step, time, value",
                {"run": run.number, "key": key},
            )
            return [Metric(key, math.nan if is_nan else value, at, step) for value, at, step, is_nan in rows]

    def delete_run(self, run_id: str) -> None:
        self._mark_run(run_id, Lifecycle.DELETED)

    def restore_run(self, run_id: str) -> None:
        self._mark_run(run_id, Lifecycle.ACTIVE)

    def _mark_run(self, run_id: str, lifecycle: Lifecycle) -> None:
        with self._database.transaction() as db:
            db.execute(
                "UPDATE runs SET lifecycle = :lifecycle, deleted = :deleted WHERE id = :id",
                {
                    "lifecycle": lifecycle.value,
                    "deleted": _now() if lifecycle is Lifecycle.DELETED else None,
                    "id": _exact(db, run_id).number,
                },
            )

    # leases -----------------------------------------------------------------------------------------------
    def renew_lease(self, run_id: str, lease: Lease) -> bool:
        with self._database.transaction() as db:
            run = _runs(db, "uuid = :uuid", {"uuid": run_id})
            if not run or run[0].status.ended or run[0].lifecycle is Lifecycle.DELETED:
                return False
            _write_lease(db, _exact(db, run_id).number, lease)
            return True

    def expire_leases(self, now: int) -> Sequence[str]:
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT r.id, r.uuid, l.host, l.pid, l.process_started, l.until FROM leases l JOIN runs r ON r.id = l.run"
            )
        lost = [
            (number, uuid, lease.until) for number, uuid, *rest in rows if over(lease := Lease(*rest), now)
        ]
        if not lost:
            return []
        with self._database.transaction() as db:
            for number, _uuid, until in lost:
                _lose(db, number, ended=min(until, now))
        return [uuid for _number, uuid, _until in lost]


def create_default_experiment(database: Database, *, artifact_root: str) -> None:
    """Experiment "0", which MLflow clients take for granted."""
    with database.transaction() as db:
        db.execute(
            "INSERT INTO experiments (id, name, artifact_location, lifecycle, created, updated)"
            " VALUES (0, 'Default', :location, 'active', :now, :now) ON CONFLICT DO NOTHING",
            {"location": f"{artifact_root}/0", "now": _now()},
        )


@dataclass(frozen=True, slots=True)
class _Row:
    """A run's surrogate key, id and experiment."""

    number: int
    uuid: str
    experiment: int


def _lose(db: Connection, number: int, *, ended: int) -> None:
    values = {"id": number, "status": RunStatus.LOST.value, "ended": ended}
    going_on = ", ".join(f"'{status}'" for status in GOING_ON)
    db.execute(
        f"UPDATE runs SET status = :status, ended = :ended WHERE id = :id AND status IN ({going_on})", values
    )
    db.execute("DELETE FROM leases WHERE run = :id", values)


def _write(
    db: Connection,
    row: _Row,
    *,
    params: Mapping[str, str],
    metrics: Sequence[Metric],
    tags: Mapping[str, str],
) -> None:
    checks.params(params)
    checks.metrics(metrics)
    checks.tags(tags, longest=checks.RUN_TAG)
    ids = _key_ids(db, {*params, *tags, *(metric.key for metric in metrics)})
    run, experiment = row.number, row.experiment
    if params:
        _write_params(db, row, params, ids)
    if tags:
        db.execute_many(
            INSERT_TAG, [{"run": run, "key_id": ids[key], "value": text} for key, text in tags.items()]
        )
    if metrics:
        points = [
            {
                "run": run,
                "experiment": experiment,
                "key_id": ids[metric.key],
                "step": metric.step,
                "time": metric.time,
                "value": _stored(metric.value),
                "is_nan": math.isnan(metric.value),
            }
            for metric in metrics
        ]
        db.execute_many(
            INSERT_METRIC, [{key: point[key] for key in point if key != "experiment"} for point in points]
        )
        db.execute_many(INSERT_LATEST, points)


def _write_params(db: Connection, row: _Row, params: Mapping[str, str], ids: Mapping[str, int]) -> None:
    db.execute_many(
        INSERT_PARAM,
        [
            {
                "run": row.number,
                "experiment": row.experiment,
                "key_id": ids[key],
                "value": text,
                "number": filters.as_number(text),
            }
            for key, text in params.items()
        ],
    )
    stored = _attached(
        db, "SELECT p.run, k.name, p.value FROM params p JOIN key_names k ON k.id = p.key_id", [row.number]
    )
    for key, value in stored.get(row.number, []):
        if key in params and params[key] != value:
            raise Conflict(
                f"param {key!r} of run {row.uuid} is {value!r} already and cannot become {params[key]!r}",
                hint="params are written once; use a metric or a tag for what changes",
            )


def _write_lease(db: Connection, number: int, lease: Lease) -> None:
    columns = ("run", "host", "pid", "process_started", "until")
    db.execute(
        upsert("leases", columns, key=("run",), update=columns[1:]),
        {
            "run": number,
            "host": lease.host,
            "pid": lease.pid,
            "process_started": lease.process_started,
            "until": lease.until,
        },
    )


def _key_ids(db: Connection, names: Iterable[str]) -> dict[str, int]:
    """The number of each name; new ones are added."""
    wanted = sorted(set(names))
    found: dict[str, int] = {}
    for attempt in range(2):
        for part in _parts([name for name in wanted if name not in found]):
            marks = {f"n{index}": name for index, name in enumerate(part)}
            rows = db.execute(f"SELECT name, id FROM key_names WHERE name IN ({_marks(marks)})", marks)
            found.update((name, number) for name, number in rows)
        missing = [{"name": name} for name in wanted if name not in found]
        if not missing or attempt:
            break
        db.execute_many("INSERT INTO key_names (name) VALUES (:name) ON CONFLICT DO NOTHING", missing)
    return found


def _free_name(db: Connection) -> str:
    while True:
        name = speakable()
        if not db.execute("SELECT 1 FROM runs WHERE name = :name", {"name": name}):
            return name


def _refuse_taken(db: Connection, name: str) -> None:
    rows = db.execute("SELECT id, lifecycle FROM experiments WHERE name = :name", {"name": name})
    if rows:
        ((number, lifecycle),) = rows
        deleted = lifecycle == Lifecycle.DELETED
        raise Conflict(
            f"there is {'a deleted' if deleted else 'an'} experiment {name!r} already",
            hint=f"runner experiments restore {number}" if deleted else None,
        )


def _experiment(db: Connection, id_or_name: str) -> Experiment:
    if id_or_name.isdecimal() and len(id_or_name) < 19:  # noqa: PLR2004 - a 64-bit integer
        by_id = _experiments(db, "id = :id", {"id": int(id_or_name)})
        if by_id:
            return by_id[0]
    by_name = _experiments(db, "name = :name", {"name": id_or_name})
    if by_name:
        return by_name[0]
    names = [name for (name,) in db.execute("SELECT name FROM experiments LIMIT 10000")]
    raise NotFound(
        f"there is no experiment {id_or_name!r}",
        hint=did_you_mean(id_or_name, names) or "`runner experiments list` shows all",
    )


def _experiments(db: Connection, where: str, values: Mapping[str, Any]) -> list[Experiment]:
    rows = db.execute(
        "SELECT id, name, artifact_location, lifecycle, created, updated FROM experiments"
        f" WHERE {where} ORDER BY created DESC, id DESC",
        values,
    )
    tags = _attached(
        db,
        "SELECT t.experiment, k.name, t.value FROM experiment_tags t JOIN key_names k ON k.id = t.key_id",
        [row[0] for row in rows],
        column="t.experiment",
    )
    return [
        Experiment(
            id=str(number),
            name=name,
            artifact_location=location,
            lifecycle=Lifecycle(lifecycle),
            created=created,
            updated=updated,
            tags=dict(tags.get(number, [])),
        )
        for number, name, location, lifecycle, created, updated in rows
    ]


def _exact(db: Connection, run_id: str) -> _Row:
    rows = db.execute("SELECT id, uuid, experiment FROM runs WHERE uuid = :uuid", {"uuid": run_id})
    if not rows:
        raise NotFound(f"there is no run {run_id!r}")
    return _Row(*rows[0])


def _writable(db: Connection, run_id: str) -> _Row:
    row = _exact(db, run_id)
    if db.execute("SELECT 1 FROM runs WHERE id = :id AND lifecycle = 'deleted'", {"id": row.number}):
        raise Conflict(f"run {run_id} is deleted", hint=f"runner runs restore {run_id}")
    return row


def _find(db: Connection, reference: str) -> Run:
    """See `Store.run`."""
    if reference.startswith("-") and reference[1:].isdecimal() and int(reference) < 0:
        return _newest(db, int(reference[1:]))
    for where in ("uuid = :reference", "name = :reference"):
        found = _runs(db, f"{where} ORDER BY started DESC, id DESC LIMIT 1", {"reference": reference})
        if found:
            return found[0]
    if len(reference) >= SHORTEST_PREFIX and reference.isalnum():
        found = _runs(
            db, "uuid >= :low AND uuid < :high LIMIT 10", {"low": reference, "high": f"{reference}~"}
        )
        if len(found) > 1:
            listed = ", ".join(f"{run.id[:12]} ({run.name})" for run in found)
            raise Conflict(f"several runs begin with {reference!r}: {listed}", hint="give more of the id")
        if found:
            return found[0]
    names = [name for (name,) in db.execute("SELECT name FROM runs ORDER BY id DESC LIMIT 10000")]
    raise NotFound(
        f"there is no run {reference!r}",
        hint=did_you_mean(reference, names) or "`runner runs list` shows the newest",
    )


def _newest(db: Connection, position: int) -> Run:
    found = _runs(
        db,
        "lifecycle = 'active' ORDER BY started DESC, id DESC LIMIT 1 OFFSET :skipped",
        {"skipped": position - 1},
    )
    if not found:
        raise NotFound(f"there are fewer than {position} runs")
    return found[0]


def _runs(db: Connection, where: str, values: Mapping[str, Any]) -> list[Run]:
    return _filled(db, db.execute(f"SELECT {RUN_COLUMNS} FROM runs WHERE {where}", values))


def _runs_in_order(db: Connection, numbers: Sequence[int]) -> tuple[Run, ...]:
    found: dict[int, Run] = {}
    for part in _parts(numbers):
        marks = {f"n{index}": number for index, number in enumerate(part)}
        rows = db.execute(f"SELECT {RUN_COLUMNS} FROM runs WHERE id IN ({_marks(marks)})", marks)
        found.update(zip((row[0] for row in rows), _filled(db, rows), strict=True))
    return tuple(found[number] for number in numbers)


def _filled(db: Connection, rows: Sequence[Sequence[Any]]) -> list[Run]:
    """Runs with what hangs on them: three more statements for all of them together."""
    numbers = [row[0] for row in rows]
    joined = "JOIN key_names k ON k.id = a.key_id"
    params = _attached(db, f"SELECT a.run, k.name, a.value FROM params a {joined}", numbers, column="a.run")
    tags = _attached(db, f"SELECT a.run, k.name, a.value FROM tags a {joined}", numbers, column="a.run")
    metrics = _attached(
        db,
        f"SELECT a.run, k.name, a.value, a.time, a.step, a.is_nan FROM latest_metrics a {joined}",
        numbers,
        column="a.run",
    )
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
            metrics={
                key: Metric(key, math.nan if is_nan else value, at, step)
                for key, value, at, step, is_nan in metrics.get(number, [])
            },
        )
        for number, uuid, name, experiment, status, artifact_uri, user, started, ended, lifecycle in rows
    ]


def _attached(
    db: Connection, select: str, owners: Sequence[int], *, column: str = "p.run"
) -> dict[int, list[tuple[Any, ...]]]:
    """Rows of `select` by their first column, which is one of `owners`; names in order."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for part in _parts(owners):
        marks = {f"n{index}": owner for index, owner in enumerate(part)}
        for owner, *rest in db.execute(
            f"{select} WHERE {column} IN ({_marks(marks)}) ORDER BY k.name", marks
        ):
            found.setdefault(owner, []).append(tuple(rest))
    return found


def _parts(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[start : start + BOUND] for start in range(0, len(items), BOUND))


def _marks(values: Mapping[str, Any]) -> str:
    return ", ".join(f":{name}" for name in values)


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdecimal():
        raise TrackingError(f"{token!r} is no page token", hint="take the one that the previous page gave")
    return int(token)


def _stored(value: float) -> float:
    """NaN is kept as a flag, infinities as the largest number, as MLflow does: not every database has them."""
    if math.isnan(value):
        return 0.0
    return max(-1.7976931348623157e308, min(1.7976931348623157e308, value))


def _now() -> int:
    return time.time_ns() // 1_000_000

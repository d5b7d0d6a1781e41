"""What has come to the metrics of a run since somebody last looked."""

import math
from collections.abc import Mapping

from runner.tracking.database import Connection
from runner.tracking.model import Metric, NewPoints
from runner.tracking.sql import runs

LATEST = (
    "SELECT l.key_id, k.name, l.value, l.time, l.step, l.is_nan FROM runner_latest_metrics l"
    " JOIN runner_key_names k ON k.id = l.key_id WHERE l.run = :run ORDER BY k.name"
)
# The bound on the step alone is the one that the primary key serves.
BEHIND = (
    " AND step >= :step AND (step > :step OR time > :time OR (time = :time AND value > :value))"
    " ORDER BY step, time, value LIMIT :limit"
)
POINTS = "SELECT value, time, step, is_nan FROM runner_metrics WHERE run = :run AND key_id = :key"
COUNTS = (
    "SELECT k.name, COUNT(*) FROM runner_metrics m JOIN runner_key_names k ON k.id = m.key_id"
    " WHERE m.run = :run GROUP BY k.name"
)
FIRST = {"step": -(2**63), "time": -1, "value": 0.0}


def new(
    db: Connection, run_id: str, seen: Mapping[str, Metric] | None, *, limit: int, count: bool
) -> NewPoints:
    """See `WatchedStore.new_points`."""
    run = runs.exact(db, run_id).number
    latest = {name: (number, _metric(name, *row)) for number, name, *row in db.execute(LATEST, {"run": run})}
    points = {
        name: _behind(db, {"run": run, "key": number}, name, (seen or {}).get(name), limit)
        for name, (number, metric) in latest.items()
        if seen is not None and not _same(seen.get(name), metric)
    }
    counts = dict(map(tuple, db.execute(COUNTS, {"run": run}))) if count else None
    return NewPoints({name: metric for name, (_, metric) in latest.items()}, points, counts)


def _behind(
    db: Connection, of: Mapping[str, int], name: str, last: Metric | None, limit: int
) -> tuple[Metric, ...]:
    place = FIRST if last is None else {"step": last.step, "time": last.time, "value": _kept(last)}
    rows = db.execute(POINTS + BEHIND, {**of, **place, "limit": limit + 1})
    return tuple(_metric(name, *row) for row in rows)


def _same(one: Metric | None, other: Metric) -> bool:
    return one is not None and (one.step, one.time, _kept(one)) == (other.step, other.time, _kept(other))


def _kept(metric: Metric) -> float:
    """The value as it is stored: no database orders NaN."""
    return 0.0 if math.isnan(metric.value) else metric.value


def _metric(key: str, value: float, time: int, step: int, is_nan: bool) -> Metric:
    return Metric(key, math.nan if is_nan else value, time, step)

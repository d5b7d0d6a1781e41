"""Lines of charts: points fall into buckets as wide as a pixel, and each bucket tells all that can be seen of them.

One statement for each metric, whatever the number of runs. The least and the greatest value of a bucket are exact, so that no
spike is lost; the first and the last one say how the line comes in and goes out.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from runner.tracking.database import Connection, Row
from runner.tracking.sql import keys as names
from runner.tracking.sql import runs as found_runs
from runner.tracking.tables import Bucket, Line, Span

MOST = 1_000_000  # buckets in one answer
FURTHEST = 2**53  # beyond, a browser cannot tell one step from the next
GREATEST = sys.float_info.max  # as which infinities are stored
WHERE: Mapping[str, str] = {
    "step": "m.step",
    "time": "m.time",
    "elapsed": "(m.time - COALESCE(r.started, 0))",
}
JOINED = "runner_metrics m JOIN runner_runs r ON r.id = m.run"
REAL = "CASE WHEN m.is_nan OR ABS(m.value) >= :greatest THEN NULL ELSE m.value END"
# Of one bucket b: the primary key leads straight to its first point, and to its last.
END = (
    "(SELECT CASE WHEN m.is_nan OR ABS(m.value) >= :greatest THEN NULL ELSE m.value END FROM runner_metrics m"
    " WHERE m.run = b.run AND m.key_id = :key AND m.step = b.{step} AND m.time {within} b.{time}"
    " ORDER BY m.time {direction}, m.value {direction} LIMIT 1)"
)
FIRST = END.format(step="low_step", within=">=", time="low_time", direction="ASC")
LAST = END.format(step="high_step", within="<=", time="high_time", direction="DESC")


def lines(db: Connection, runs: Sequence[str], keys: Sequence[str], span: Span) -> Sequence[Line]:
    """See `Tables.lines`."""
    numbers = {row.number: row.uuid for row in found_runs.rows(db, runs).values()}
    known = names.known(db, sorted(set(keys)))
    each = max(1, min(span.buckets, MOST // max(1, len(numbers) * len(known))))
    return [line for key, number in known.items() for line in _of_key(db, numbers, (key, number), span, each)]


def _of_key(
    db: Connection, runs: Mapping[int, str], key: tuple[str, int], span: Span, buckets: int
) -> Iterator[Line]:
    rows: list[Row] = []
    for marks in names.bound(sorted(runs)):
        values = {**marks, "key": key[1]}
        where = f"m.run IN ({names.listed(marks)}) AND m.key_id = :key"
        low, high = _ends(db, where, values, span)
        if low is not None and high is not None and low <= high:
            width = -((low - high - 1) // buckets)
            bounds = {"low": low, "high": high, "width": width, "greatest": GREATEST}
            rows += db.execute(_statement(where, span), {**values, **bounds})
    for run, found in groupby(rows, key=lambda row: int(row[0])):
        yield _line(runs[run], key[0], found)


def _ends(db: Connection, where: str, values: Mapping[str, int], span: Span) -> tuple[int | None, int | None]:
    """From where to where the points of all these runs go, as far as that was not said."""
    low, high = span.low, span.high
    if low is None or high is None:
        at = WHERE[span.axis]
        ((least, greatest),) = db.execute(f"SELECT MIN({at}), MAX({at}) FROM {JOINED} WHERE {where}", values)
        low, high = least if low is None else low, greatest if high is None else high
    return _near(low), _near(high)


def _near(place: int | None) -> int | None:
    return None if place is None else max(-FURTHEST, min(FURTHEST, place))


def _statement(where: str, span: Span) -> str:
    at = WHERE[span.axis]
    place = f"({at} - :low) - ({at} - :low) % :width"
    grouped = (
        f"SELECT m.run AS run, {place} AS place, COUNT(*) AS points, MIN({REAL}) AS low_value, MAX({REAL}) AS high_value,"
        f" SUM(CASE WHEN m.is_nan THEN 1 ELSE 0 END) AS nan_count, COUNT({REAL}) AS real_count, MIN({at}) AS start_at,"
        " MIN(m.step) AS low_step, MAX(m.step) AS high_step, MIN(m.time) AS low_time, MAX(m.time) AS high_time"
        f" FROM {JOINED} WHERE {where} AND {at} BETWEEN :low AND :high GROUP BY m.run, {place}"
    )
    told = "b.run, b.start_at, b.points, b.nan_count, b.real_count, b.low_value, b.high_value"
    return f"SELECT {told}, {FIRST}, {LAST} FROM ({grouped}) b ORDER BY b.run, b.place"


def _line(run: str, key: str, rows: Iterable[Row]) -> Line:
    nan = infinite = 0
    buckets = []
    for _, at, count, some_nan, real, least, greatest, first, last in rows:
        nan += int(some_nan)
        infinite += count - int(some_nan) - real
        buckets.append(Bucket(at, count, least, greatest, first, last))
    return Line(run=run, key=key, nan=nan, infinite=infinite, buckets=tuple(buckets))

"""Which keys the chosen runs have, and what their values are like: so that what is equal everywhere can be told apart.

Where all runs of experiments are chosen, an index answers for metrics and params without a look at a single row. Texts are
not in it: those of some runs are compared first, and only what is equal in them is looked at in all.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.tracking.database import Connection, Row
from runner.tracking.sql import keys
from runner.tracking.sql.cells import number
from runner.tracking.sql.choosing import fitting, scope, within_experiments
from runner.tracking.sql.conditions import Sql
from runner.tracking.tables import Chosen, ColumnFacts, Columns

SAMPLED = 500  # runs whose texts are compared first
MOST = 20_000  # keys of one kind
METRICS, PARAMS, TAGS = "runner_latest_metrics", "runner_params", "runner_tags"


@dataclass(frozen=True, slots=True)
class _Runs:
    """The chosen runs as part of a statement: `whole` if they are all that there are in their experiments."""

    where: str
    within: str
    values: Mapping[str, Any]
    whole: bool
    total: int

    def of(self, table: str) -> str:
        """FROM and WHERE of the table's rows `p` of these runs."""
        if self.whole and not (table == TAGS and self.within):
            return f"FROM {table} p WHERE {f'p.{self.within}' if self.within else '1 = 1'}"
        return f"FROM (SELECT r.id FROM runner_runs r WHERE {self.where}) c CROSS JOIN {table} p WHERE p.run = c.id"


def columns(db: Connection, chosen: Chosen) -> Columns:
    """See `Tables.columns`."""
    runs = _chosen(db, chosen)
    found = [*_metrics(db, runs), *_params(db, runs), *_tags(db, runs)]
    return Columns(runs.total, tuple(sorted(found, key=lambda each: each.key)))


def _chosen(db: Connection, chosen: Chosen) -> _Runs:
    sql = Sql()
    states, each = scope(sql, chosen), list(fitting(sql, chosen))
    where = " AND ".join((*states, *each))
    if each and (few := _few(db, where, sql.values)) is not None:
        marks = {f"r{index}": number for index, number in enumerate(few)}
        return _Runs(f"r.id IN ({keys.listed(marks) or 'NULL'})", "", marks, whole=False, total=len(few))
    ((total,),) = db.execute(f"SELECT COUNT(*) FROM runner_runs r WHERE {where}", sql.values)
    within = within_experiments(sql, chosen.experiments)
    everything = f"SELECT COUNT(*) FROM runner_runs{f' WHERE {within}' if within else ''}"
    whole = not each and db.execute(everything, sql.values)[0][0] == total
    return _Runs(where, within, sql.values, whole=whole, total=total)


def _few(db: Connection, where: str, values: Mapping[str, Any]) -> Sequence[int] | None:
    """The runs themselves, unless they are many: to look for them once is enough then."""
    rows = db.execute(f"SELECT r.id FROM runner_runs r WHERE {where} LIMIT {keys.BOUND + 1}", values)
    return None if len(rows) > keys.BOUND else [row[0] for row in rows]


# metrics --------------------------------------------------------------------------------------------------


def _metrics(db: Connection, runs: _Runs) -> Iterator[ColumnFacts]:
    """NaN is stored as 0, which an index does not tell apart: those keys are looked at again."""
    rows = _grouped(db, runs, METRICS, "COUNT(*), MIN(p.value), MAX(p.value)")
    suspect = [key for key, (_, low, high) in rows.items() if low <= 0 <= high]
    nan = (
        _grouped(db, runs, METRICS, "COUNT(*)", where="p.value = 0 AND p.is_nan = TRUE", of=suspect)
        if suspect
        else {}
    )
    real = "COUNT(*), MIN(p.value), MAX(p.value)"
    others = _grouped(db, runs, METRICS, real, where="p.is_nan = FALSE", of=list(nan)) if nan else {}
    for key, name in _names(db, rows).items():
        total = rows[key][0]
        count, low, high = others.get(key, (0, None, None)) if key in nan else rows[key]
        some = low is not None
        yield ColumnFacts(
            key=f"metrics.{name}",
            count=total,
            distinct=1 if (some and low == high and count == total) or not count else 2,
            numeric=True,
            low=number(low, False) if some else None,
            high=number(high, False) if some else None,
            value=math.nan if not count else number(low, False) if low == high and count == total else None,
        )


# params and tags ------------------------------------------------------------------------------------------


def _params(db: Connection, runs: _Runs) -> Iterator[ColumnFacts]:
    rows = _grouped(db, runs, PARAMS, "COUNT(*), COUNT(p.number), MIN(p.number), MAX(p.number)")
    texts = _equal_texts(db, runs, [key for key, (_, numbers, _, _) in rows.items() if not numbers])
    for key, name in _names(db, rows).items():
        count, numbers, low, high = rows[key]
        numeric = numbers == count
        value = (low if low == high else None) if numeric else texts.get(key)
        yield ColumnFacts(
            key=f"params.{name}",
            count=count,
            distinct=2 if value is None else 1,
            numeric=numeric,
            low=number(low, False) if numeric else None,
            high=number(high, False) if numeric else None,
            value=value,
        )


def _tags(db: Connection, runs: _Runs) -> Iterator[ColumnFacts]:
    rows = _grouped(db, runs, TAGS, "COUNT(*), MIN(p.value), MAX(p.value)")
    for key, name in _names(db, rows).items():
        count, low, high = rows[key]
        value = low if low == high else None
        yield ColumnFacts(
            key=f"tags.{name}", count=count, distinct=2 if value is None else 1, numeric=False, value=value
        )


def _equal_texts(db: Connection, runs: _Runs, of: Sequence[int]) -> Mapping[int, str]:
    """Those of the params that have one text in all runs, and that text."""
    differing = set()
    if of and runs.total > SAMPLED:
        newest = f"SELECT r.id FROM runner_runs r WHERE {runs.where} ORDER BY r.id DESC LIMIT {SAMPLED}"
        for marks in keys.bound([row[0] for row in db.execute(newest, runs.values)]):
            statement = (
                f"SELECT p.key_id FROM runner_params p WHERE p.run IN ({keys.listed(marks)})"
                " GROUP BY p.key_id HAVING MIN(p.value) <> MAX(p.value)"
            )
            differing = {row[0] for row in db.execute(statement, marks)}
    rest = [key for key in of if key not in differing]
    rows = _grouped(db, runs, PARAMS, "MIN(p.value), MAX(p.value)", of=rest) if rest else {}
    return {key: low for key, (low, high) in rows.items() if low == high}


# ----------------------------------------------------------------------------------------------------------


def _grouped(
    db: Connection, runs: _Runs, table: str, what: str, *, where: str = "", of: Sequence[int] | None = None
) -> dict[int, Row]:
    """For each key, or each `of` these, what the statement says of its rows."""
    found: dict[int, Row] = {}
    for among, marks in _among(of):
        conditions = "".join(f" AND {each}" for each in (where, among) if each)
        statement = f"SELECT p.key_id, {what} {runs.of(table)}{conditions} GROUP BY p.key_id LIMIT {MOST}"
        found.update((key, rest) for key, *rest in db.execute(statement, {**runs.values, **marks}))
    return found


def _among(of: Sequence[int] | None) -> Iterable[tuple[str, Mapping[str, int]]]:
    if of is None:
        return [("", {})]
    return [(f"p.key_id IN ({keys.listed(marks)})", marks) for marks in keys.bound(of)]


def _names(db: Connection, of: Iterable[int]) -> dict[int, str]:
    names: dict[int, str] = {}
    for marks in keys.bound(list(of)):
        statement = f"SELECT id, name FROM runner_key_names WHERE id IN ({keys.listed(marks)})"
        names.update((row[0], row[1]) for row in db.execute(statement, marks))
    return names

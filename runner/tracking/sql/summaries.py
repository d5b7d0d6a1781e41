"""Which keys the chosen runs have, and what their values are like: so that what is equal everywhere can be told apart.

Where all runs of experiments are chosen, an index answers for metrics and params without a look at a single row. Texts are
not in it: those of some runs are compared first, and only what is equal in them is looked at in all.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.tracking.database import Connection, Row, Spelled
from runner.tracking.sql import keys, narrowing
from runner.tracking.sql.cells import number
from runner.tracking.sql.choosing import among, fitting, scope, within_experiments
from runner.tracking.sql.conditions import Sql
from runner.tracking.tables import Chosen, ColumnFacts, Columns

SAMPLED = 500  # runs whose texts are compared first
MOST = 20_000  # keys of one kind
METRICS, PARAMS, TAGS = "runner_latest_metrics", "runner_params", "runner_tags"


@dataclass(frozen=True, slots=True)
class _Runs:
    """The chosen runs as part of a statement.

    `whole`: they are all that there are in their experiments; `most`: more than half of all, and no filter chose them.
    """

    rows: str
    where: str
    within: str
    values: Mapping[str, Any]
    whole: bool
    most: bool
    total: int

    def of(self, table: str) -> str:
        """FROM and WHERE of the table's rows `p` of these runs."""
        if self.whole and not (table == TAGS and self.within):
            return f"FROM {table} p WHERE {f'p.{self.within}' if self.within else '1 = 1'}"
        return f"FROM (SELECT r.id FROM {self.rows} WHERE {self.where}) c CROSS JOIN {table} p WHERE p.run = c.id"


def columns(db: Connection, chosen: Chosen, newest: int | None = None) -> Columns:
    """See `Tables.columns`."""
    runs = _chosen(db, chosen, newest)
    found = [*_metrics(db, runs), *_params(db, runs), *_tags(db, runs)]
    return Columns(runs.total, tuple(sorted(found, key=lambda each: each.key)))


def params(db: Connection, chosen: Chosen) -> Columns:
    """The same of params alone."""
    runs = _chosen(db, chosen)
    return Columns(runs.total, tuple(sorted(_params(db, runs), key=lambda each: each.key)))


def _chosen(db: Connection, chosen: Chosen, newest: int | None = None) -> _Runs:
    sql = Sql()
    states, each = scope(sql, chosen), list(fitting(db, sql, chosen))
    where, rows = " AND ".join((*states, *each)), among(db, sql)
    if newest is not None:
        ends = f"ORDER BY r.started DESC, r.id DESC LIMIT {min(newest, keys.BOUND)}"
        return _alone(
            [row[0] for row in db.execute(f"SELECT r.id FROM {rows} WHERE {where} {ends}", sql.values)]
        )
    if each and (few := _few(db, f"FROM {rows} WHERE {where}", sql.values)) is not None:
        return _alone(few)
    ((total,),) = db.execute(f"SELECT COUNT(*) FROM {rows} WHERE {where}", sql.values)
    within = within_experiments(sql, chosen.experiments)
    counts = f"SELECT COUNT(*), COUNT(CASE WHEN {within or '1 = 1'} THEN 1 END) FROM runner_runs"
    ((every, there),) = db.execute(counts, sql.values)
    whole, most = not each and there == total, not each and total * 2 > every
    return _Runs(rows, where, within, sql.values, whole=whole, most=most, total=total)


def _alone(runs: Sequence[int]) -> _Runs:
    marks = {f"r{index}": number for index, number in enumerate(runs)}
    these = f"r.id IN ({keys.listed(marks) or 'NULL'})"
    return _Runs(narrowing.ALL, these, "", marks, whole=False, most=False, total=len(runs))


def _few(db: Connection, chosen: str, values: Mapping[str, Any]) -> Sequence[int] | None:
    """The runs themselves, unless they are many: to look for them once is enough then."""
    rows = db.execute(f"SELECT r.id {chosen} LIMIT {keys.BOUND + 1}", values)
    return None if len(rows) > keys.BOUND else [row[0] for row in rows]


# metrics --------------------------------------------------------------------------------------------------


def _metrics(db: Connection, runs: _Runs) -> Iterator[ColumnFacts]:
    """NaN is stored as 0, which an index does not tell apart: those keys are looked at again."""
    rows = _numbers(db, runs, METRICS, "value")
    suspect = [key for key, (_, _, low, high) in rows.items() if low <= 0 <= high]
    nan = (
        _grouped(db, runs, METRICS, "COUNT(*)", where="p.value = 0 AND p.is_nan = TRUE", of=suspect)
        if suspect
        else {}
    )
    real = "COUNT(*), MIN(p.value), MAX(p.value)"
    others = _grouped(db, runs, METRICS, real, where="p.is_nan = FALSE", of=list(nan)) if nan else {}
    for key, name in _names(db, rows).items():
        total = rows[key][0]
        count, low, high = others.get(key, (0, None, None)) if key in nan else (total, *rows[key][2:])
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
    rows = _numbers(db, runs, PARAMS, "number")
    texts = _equal_texts(
        db, runs, PARAMS, [key for key, (count, others, _, _) in rows.items() if others == count]
    )
    for key, name in _names(db, rows).items():
        count, others, low, high = rows[key]
        numeric = not others
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
    counts = _counts(db, runs)
    texts = _equal_texts(db, runs, TAGS, list(counts))
    for key, name in _names(db, counts).items():
        value = texts.get(key)
        distinct = 2 if value is None else 1
        yield ColumnFacts(
            key=f"tags.{name}", count=counts[key], distinct=distinct, numeric=False, value=value
        )


def _counts(db: Connection, runs: _Runs) -> Mapping[int, int]:
    """How many of the runs have each tag. Where they are most of all, an index counts all, and the others are taken away."""
    if not runs.most:
        return {key: count for key, (count,) in _grouped(db, runs, TAGS, "COUNT(*)").items()}
    counts = dict(map(tuple, db.execute(f"SELECT key_id, COUNT(*) FROM {TAGS} GROUP BY key_id")))
    others = f"(SELECT r.id FROM runner_runs r WHERE NOT ({runs.where})) c CROSS JOIN {TAGS} p"
    for key, count in db.execute(
        f"SELECT p.key_id, COUNT(*) FROM {others} WHERE p.run = c.id GROUP BY p.key_id", runs.values
    ):
        counts[key] -= count
    return {key: count for key, count in counts.items() if count}


def _equal_texts(db: Connection, runs: _Runs, table: str, of: Sequence[int]) -> Mapping[int, str]:
    """Those of the keys that have one text in all runs, and that text."""
    rest = _undecided(db, runs, table, of)
    found = _everywhere(db, rest) if table == TAGS else {}
    rest = [key for key in rest if key not in found]
    rows = _grouped(db, runs, table, "MIN(p.value), MAX(p.value)", of=rest) if rest else {}
    return found | {key: low for key, (low, high) in rows.items() if low == high}


def _undecided(db: Connection, runs: _Runs, table: str, of: Sequence[int]) -> Sequence[int]:
    """Those that have one text in the newest runs."""
    if not of or runs.total <= SAMPLED:
        return of
    newest = f"SELECT r.id FROM {runs.rows} WHERE {runs.where} ORDER BY r.started DESC LIMIT {SAMPLED}"
    differing = set()
    for marks in keys.bound([row[0] for row in db.execute(newest, runs.values)]):
        statement = (
            f"SELECT p.key_id FROM {table} p WHERE p.run IN ({keys.listed(marks)})"
            " GROUP BY p.key_id HAVING MIN(p.value) <> MAX(p.value)"
        )
        differing |= {row[0] for row in db.execute(statement, marks)}
    return [key for key in of if key not in differing]


def _everywhere(db: Connection, of: Sequence[int]) -> dict[int, str]:
    """The same among all runs that there are, as far as the index of tags tells it: from its ends."""
    found: dict[int, str] = {}
    for marks in keys.bound(of):
        ends = ", ".join(
            f"(SELECT {end}(t.beginning) FROM runner_tags t WHERE t.key_id = k.id)" for end in ("MIN", "MAX")
        )
        statement = f"SELECT k.id, {ends} FROM runner_key_names k WHERE k.id IN ({keys.listed(marks)})"
        for key, low, high in db.execute(statement, marks):
            found |= {key: low} if low == high and low is not None and len(low) < narrowing.BEGINNING else {}
    return found


# ----------------------------------------------------------------------------------------------------------


def _numbers(db: Connection, runs: _Runs, table: str, column: str) -> dict[int, Row]:
    """For each key how many runs have it, how many no number, the least and the greatest.

    SQLite finds the ends in its index, and counts what is between them in a third of the time that it takes to compare it.
    """
    what = f"COUNT(*), COUNT(*) - COUNT(p.{column}), MIN(p.{column}), MAX(p.{column})"
    grouped = f"SELECT p.key_id, {what} {runs.of(table)} GROUP BY p.key_id LIMIT {MOST}"
    where = f"FROM {table} p WHERE p.experiment = e.id AND p.key_id = k.id"
    parts = (
        f"SUM((SELECT COUNT(*) {where}))", f"SUM((SELECT COUNT(*) {where} AND p.{column} IS NULL))",
        f"MIN((SELECT MIN(p.{column}) {where}))", f"MAX((SELECT MAX(p.{column}) {where}))",
    )  # fmt: skip
    within = runs.within.replace("experiment", "e.id") or "1 = 1"
    ends = (
        f"SELECT k.id, {', '.join(parts)} FROM runner_experiments e CROSS JOIN runner_key_names k"
        f" WHERE {within} AND EXISTS (SELECT 1 {where}) GROUP BY k.id LIMIT {MOST}"
    )
    statement = Spelled(ends, grouped, grouped) if runs.whole else grouped
    return {key: rest for key, *rest in db.execute(statement, runs.values)}


def _grouped(
    db: Connection, runs: _Runs, table: str, what: str, *, where: str = "", of: Sequence[int] | None = None
) -> dict[int, Row]:
    """For each key, or each `of` these, what the statement says of its rows."""
    found: dict[int, Row] = {}
    for these, marks in _these(of):
        conditions = "".join(f" AND {each}" for each in (where, these) if each)
        statement = f"SELECT p.key_id, {what} {runs.of(table)}{conditions} GROUP BY p.key_id LIMIT {MOST}"
        found.update((key, rest) for key, *rest in db.execute(statement, {**runs.values, **marks}))
    return found


def _these(of: Sequence[int] | None) -> Iterable[tuple[str, Mapping[str, int]]]:
    if of is None:
        return [("", {})]
    return [(f"p.key_id IN ({keys.listed(marks)})", marks) for marks in keys.bound(of)]


def _names(db: Connection, of: Iterable[int]) -> dict[int, str]:
    names: dict[int, str] = {}
    for marks in keys.bound(list(of)):
        statement = f"SELECT id, name FROM runner_key_names WHERE id IN ({keys.listed(marks)})"
        names.update((row[0], row[1]) for row in db.execute(statement, marks))
    return names

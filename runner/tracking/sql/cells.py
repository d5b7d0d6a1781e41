"""What stands in columns of a table, for some runs: one statement for each kind of column."""

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from runner.tracking.database import Connection, Row
from runner.tracking.filters.columns import Column
from runner.tracking.sql import keys
from runner.tracking.sql.choosing import COLUMNS, TABLES
from runner.tracking.sql.conditions import Sql
from runner.tracking.tables import Value

AT_ONCE = 8  # columns that one statement puts side by side
FINITE = "m.is_nan = FALSE AND ABS(m.value) < 1e300"  # of others there is no mean


@dataclass(frozen=True, slots=True)
class Among:
    """Surrogate keys of runs as they stand in an IN (...), and their parameters."""

    text: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """At most so many runs: what follows FROM, WHERE and ORDER BY, and its parameters."""

    runs: str
    where: str
    order: str
    values: Mapping[str, Any]
    most: int


def cells(db: Connection, numbers: Sequence[int], columns: Sequence[Column]) -> list[dict[int, Value]]:
    """For each column what these runs have in it."""
    parts = [Among(keys.listed(marks), marks) for marks in keys.bound(numbers)]
    ids = keys.known(db, sorted({each.key for each in columns if each.entity != "attribute"}))
    found: list[dict[int, Value]] = [{} for _ in columns]
    for group in _alike(columns):
        for runs in parts:
            if group[0][1].entity == "attribute":
                _attributes(db, runs, group, found)
            else:
                _keyed(db, runs, group, ids, found)
    return found


def side_by_side(
    db: Connection, columns: Sequence[Column], of: Ordered
) -> tuple[list[int], list[Sequence[Value]]]:
    """The runs in their order, and for each column what they have in it, in the same order."""
    numbers: list[int] = []
    found: list[Sequence[Value]] = []
    for start in range(0, max(1, len(columns)), AT_ONCE):
        some = columns[start : start + AT_ONCE]
        sql = Sql(values=dict(of.values))
        selected = "".join(part for each in some for part in _selected(sql, each, of.where))
        statement = f"SELECT r.id{selected} FROM {of.runs}{''.join(sql.joins)} WHERE {of.where}"
        rows = db.execute(f"{statement} ORDER BY {of.order} LIMIT {of.most}", sql.values)
        numbers = [row[0] for row in rows]
        found += _turned(rows, some)
    return numbers, found


def _selected(sql: Sql, wanted: Column, where: str) -> Iterable[str]:
    if wanted.entity == "attribute":
        yield f", {COLUMNS[wanted.key]}"
        return
    alias = joined(sql, wanted, where)
    yield f", {alias}.value"
    if wanted.entity == "metric":
        yield f", {alias}.is_nan"


def _turned(rows: Sequence[Row], columns: Sequence[Column]) -> Iterable[Sequence[Value]]:
    """Rows as columns."""
    at = 1
    for each in columns:
        if each.entity == "metric":
            yield [None if row[at] is None else number(row[at], row[at + 1]) for row in rows]
        else:
            yield [row[at] for row in rows]
        at += 2 if each.entity == "metric" else 1


def joined(sql: Sql, wanted: Column, where: str) -> str:
    """Joins to `runner_runs r` what the runs have in a column that is no attribute; the name under which it is there."""
    alias, key, table = f"s{len(sql.joins)}", sql.key(wanted.key), TABLES[wanted.entity]
    same = f" AND {alias}.experiment = r.experiment" if wanted.entity != "tag" else ""
    if wanted.which != "last":
        same = ""
        among = f"m.run IN (SELECT r.id FROM runner_runs r WHERE {where})"
        table = f"({points(wanted, f'm.key_id = {key} AND {among}')})"
    sql.joins.append(f" LEFT JOIN {table} {alias} ON {alias}.run = r.id AND {alias}.key_id = {key}{same}")
    return alias


def number(value: float, is_nan: bool) -> float:
    """A value as it was recorded: infinities are stored as the greatest numbers."""
    if is_nan:
        return math.nan
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


def _alike(columns: Sequence[Column]) -> Iterable[Sequence[tuple[int, Column]]]:
    """Columns that one statement reads, with their places."""
    groups: dict[tuple[object, ...], list[tuple[int, Column]]] = {}
    for place, each in enumerate(columns):
        groups.setdefault((each.entity, each.which, each.count), []).append((place, each))
    return groups.values()


def _attributes(
    db: Connection, runs: Among, group: Sequence[tuple[int, Column]], found: Sequence[dict[int, Value]]
) -> None:
    attributes = ", ".join(COLUMNS[each.key] for _, each in group)
    statement = f"SELECT r.id, {attributes} FROM runner_runs r WHERE r.id IN ({runs.text})"
    rows = db.execute(statement, runs.values)
    for index, (place, _) in enumerate(group, 1):
        found[place].update((row[0], row[index]) for row in rows if row[index] is not None)


def _keyed(
    db: Connection,
    runs: Among,
    group: Sequence[tuple[int, Column]],
    ids: Mapping[str, int],
    found: Sequence[dict[int, Value]],
) -> None:
    places: dict[int, list[dict[int, Value]]] = {}
    for place, each in group:
        if each.key in ids:
            places.setdefault(ids[each.key], []).append(found[place])
    for marks in _marked(list(places)):
        where = f"m.run IN ({runs.text}) AND m.key_id IN ({keys.listed(marks)})"
        statement, cell = _statement(group[0][1], where)
        for row in db.execute(statement, {**runs.values, **marks}):
            value = cell(row)
            for column in places[row[1]]:
                column[row[0]] = value


def _marked(ids: Sequence[int]) -> Iterable[dict[str, int]]:
    for marks in keys.bound(ids):
        yield {f"k{name}": value for name, value in marks.items()}


def points(like: Column, where: str) -> str:
    """A SELECT of run, key_id, value and is_nan, of the metrics `m` that fit: a row for each run and key."""
    match like.which:
        case "last":
            return f"SELECT m.run, m.key_id, m.value, m.is_nan FROM runner_latest_metrics m WHERE {where}"
        case "min" | "max":
            return _every(f"{like.which.upper()}(m.value)", "FALSE", f"{where} AND m.is_nan = FALSE")
        case "first":
            return _ranked("MAX(m.value)", "MAX(m.is_nan)", where, "ASC", 1)
        case _ if like.count:
            return _ranked("AVG(m.value)", "FALSE", f"{where} AND {FINITE}", "DESC", like.count)
        case _:
            return _every("AVG(m.value)", "FALSE", f"{where} AND {FINITE}")


def _every(value: str, is_nan: str, where: str, source: str = "runner_metrics") -> str:
    """Of all points of each metric."""
    what = f"m.run, m.key_id, {value} AS value, {is_nan} AS is_nan"
    return f"SELECT {what} FROM {source} m WHERE {where} GROUP BY m.run, m.key_id"


def _ranked(value: str, is_nan: str, where: str, direction: str, most: int) -> str:
    """Of so many points of each metric, the first or the last ones."""
    order = ", ".join(f"m.{each} {direction}" for each in ("step", "time", "value"))
    rank = f"ROW_NUMBER() OVER (PARTITION BY m.run, m.key_id ORDER BY {order}) AS place"
    nan = "CASE WHEN m.is_nan THEN 1 ELSE 0 END AS is_nan"  # which PostgreSQL can take the greatest of
    ranked = f"(SELECT m.run, m.key_id, m.value, {nan}, {rank} FROM runner_metrics m WHERE {where})"
    return _every(value, is_nan, f"m.place <= {most}", ranked)


def _statement(like: Column, where: str) -> tuple[str, Callable[[Row], Value]]:
    if like.entity == "metric":
        return points(like, where), _number
    return f"SELECT m.run, m.key_id, m.value FROM {TABLES[like.entity]} m WHERE {where}", itemgetter(2)


def _number(row: Row) -> Value:
    return number(row[2], bool(row[3]))

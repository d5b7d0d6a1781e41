"""What stands in columns of a table, for some runs: one statement for each kind of column."""

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.tracking.database import Connection, Row
from runner.tracking.filters.columns import Column
from runner.tracking.sql import keys
from runner.tracking.sql.choosing import COLUMNS
from runner.tracking.tables import Value

FINITE = "m.is_nan = FALSE AND ABS(m.value) < 1e300"  # of others there is no mean


@dataclass(frozen=True, slots=True)
class Among:
    """Surrogate keys of runs as they stand in an IN (...): a list of parameters, or a SELECT."""

    text: str
    values: Mapping[str, Any]


def cells(
    db: Connection, numbers: Sequence[int], columns: Sequence[Column], *, all_of: Among | None = None
) -> Mapping[int, Sequence[Value]]:
    """For each run its values, in the order of the columns. `all_of`: the same runs, where they are many."""
    parts = [all_of] if all_of else [Among(keys.listed(marks), marks) for marks in keys.bound(numbers)]
    ids = keys.known(db, sorted({each.key for each in columns if each.entity != "attribute"}))
    found: dict[int, list[Value]] = {number: [None] * len(columns) for number in numbers}
    for group in _alike(columns):
        for runs in parts:
            if group[0][1].entity == "attribute":
                _attributes(db, runs, group, found)
            else:
                _keyed(db, runs, group, ids, found)
    return found


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
    db: Connection,
    runs: Among,
    group: Sequence[tuple[int, Column]],
    found: Mapping[int, list[Value]],
) -> None:
    attributes = ", ".join(COLUMNS[each.key] for _, each in group)
    statement = f"SELECT r.id, {attributes} FROM runner_runs r WHERE r.id IN ({runs.text})"
    for number, *values in db.execute(statement, runs.values):
        for (place, _), value in zip(group, values, strict=True):
            found[number][place] = value


def _keyed(
    db: Connection,
    runs: Among,
    group: Sequence[tuple[int, Column]],
    ids: Mapping[str, int],
    found: Mapping[int, list[Value]],
) -> None:
    places: dict[int, list[int]] = {}
    for place, each in group:
        if each.key in ids:
            places.setdefault(ids[each.key], []).append(place)
    for marks in _marked(list(places)):
        where = f"m.run IN ({runs.text}) AND m.key_id IN ({keys.listed(marks)})"
        statement, cell = _statement(group[0][1], where)
        for row in db.execute(statement, {**runs.values, **marks}):
            value = cell(row)
            for place in places[row[1]]:
                found[row[0]][place] = value


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
    table = "runner_params" if like.entity == "param" else "runner_tags"
    return f"SELECT m.run, m.key_id, m.value FROM {table} m WHERE {where}", _text


def _number(row: Row) -> Value:
    return number(row[2], bool(row[3]))


def _text(row: Row) -> Value:
    return str(row[2])

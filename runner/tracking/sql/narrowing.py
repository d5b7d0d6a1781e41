"""Filters that few runs fit: an index knows those runs, so no other is looked at.

Each condition that an index serves is asked how many runs it leaves. If they are few, the search begins with them; whatever
else they must fulfil is checked as always. So what an index is asked may leave too many runs, but never one too few.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from runner.tracking.database import Connection
from runner.tracking.filters.parser import Clause
from runner.tracking.sql.recording import as_number

if TYPE_CHECKING:
    from runner.tracking.sql.conditions import Sql

Rare: TypeAlias = Sequence[str]
"""SELECTs of surrogate keys `id`; what fits the condition is in one of them."""

ALL = "runner_runs r"
ASKED = 4  # conditions of one filter
BEGINNING = 64  # characters of a tag's value, as the column is long: not every index has room for all
EVERYWHERE = "experiment IN (SELECT id FROM runner_experiments)"
COMPARED = ("=", "<", "<=", ">", ">=")
COLUMNS = ("r.uuid", "r.name")
LAST = "\ud7ff"  # the character that follows is none


def few(db: Connection, asked: Sequence[Rare], values: Mapping[str, Any], *, most: int) -> str | None:
    """Those runs in place of `ALL`, if one of the conditions leaves at most so many."""
    counts = {selects: _count(db, selects, values, most) for selects in map(tuple, asked[:ASKED])}
    fewest = min(counts, key=lambda selects: counts[selects], default=None)
    if fewest is None or counts[fewest] > most:
        return None
    # SQLite takes the tables of a CROSS JOIN in their order.
    among = f"({' UNION '.join(fewest)}) f CROSS JOIN runner_runs n WHERE n.id = f.id"
    return f"(SELECT n.* FROM {among}) r"


def _count(db: Connection, selects: Rare, values: Mapping[str, Any], most: int) -> int:
    some = f"SELECT COUNT(*) FROM ({' UNION ALL '.join(selects)} LIMIT {most + 1}) f"
    ((count,),) = db.execute(some, values)
    return int(count)


def rare(sql: "Sql", clause: Clause, column: str, within: str) -> str | None:
    """What an index is asked for the clause; None if none serves it.

    `column` is that of an attribute; `within` the condition on `experiment`, "" without one.
    """
    match clause.name.entity:
        case "attribute" if column in COLUMNS:
            where = _named(sql, clause, column.removeprefix("r."))
            return f"SELECT id FROM runner_runs WHERE {where}" if where else None
        case "tag":
            where = _tagged(sql, clause)
            return _keyed(sql, clause, "runner_tags", where) if where else None
        case "metric" | "param" as entity:
            table, number = TABLES[entity]
            where = _numbered(sql, clause, number)
            return _keyed(sql, clause, table, f"{within or EVERYWHERE} AND {where}") if where else None
    return None


TABLES = {"metric": ("runner_latest_metrics", "value"), "param": ("runner_params", "number")}


def _keyed(sql: "Sql", clause: Clause, table: str, where: str) -> str:
    return f"SELECT run AS id FROM {table} WHERE key_id = {sql.key(clause.name.key)} AND {where}"


def _named(sql: "Sql", clause: Clause, column: str) -> str:
    match clause.operator, clause.value:
        case ("=", str(value)):
            return f"{column} = {sql.bind(value)}"
        case ("IN", tuple(listed)):
            return f"{column} IN ({', '.join(map(sql.bind, listed))})"
        case ("LIKE", str(pattern)):
            return _begins(sql, column, re.split("[%_]", pattern)[0])
    return ""


def _begins(sql: "Sql", column: str, text: str) -> str:
    if not text or text[-1] >= LAST:
        return ""
    after = text[:-1] + chr(ord(text[-1]) + 1)
    return f"{column} >= {sql.bind(text)} AND {column} < {sql.bind(after)}"


def _tagged(sql: "Sql", clause: Clause) -> str:
    match clause.operator, clause.value:
        case ("=", str(value)):
            return f"beginning = {sql.bind(value[:BEGINNING])}"
        case ("IN", tuple(listed)):
            return f"beginning IN ({', '.join(sql.bind(str(each)[:BEGINNING]) for each in listed)})"
    return ""


def _numbered(sql: "Sql", clause: Clause, column: str) -> str:
    """A text is found by the number that it is: those that are none stand together in the index."""
    match clause.operator, clause.value:
        case (operator, float(number)) if operator in COMPARED:
            return f"{column} {operator} {sql.bind(number)}"
        case ("=", str(text)):
            known = as_number(text)
            return f"{column} IS NULL" if known is None else f"{column} = {sql.bind(known)}"
    return ""

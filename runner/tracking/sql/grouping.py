"""Runs that are equal in some columns as one row: how many they are, and what their numbers are like.

Values are compared and added up here, not in the database: what databases make of squares is not exact.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.errors import FilterError
from runner.tracking.database import Connection
from runner.tracking.filters.columns import Column, column, order
from runner.tracking.filters.meaning import NUMBER
from runner.tracking.sql.cells import Among, cells
from runner.tracking.sql.choosing import fitting, scope
from runner.tracking.sql.conditions import Sql
from runner.tracking.sql.summaries import columns as summarised
from runner.tracking.tables import Cell, Chosen, Group, Groups, Value

MOST_VALUES = 1_000_000  # that are read for one answer
MEMBERS = 200  # ids of runs that a group names


@dataclass(frozen=True, slots=True)
class _Run:
    """A run, and what it has in some columns."""

    number: int
    uuid: str
    started: int | None
    values: Sequence[Value] = ()


def groups(
    db: Connection,
    chosen: Chosen,
    *,
    by: Sequence[str],
    but: Sequence[str],
    columns: Sequence[str],
    sort: Sequence[str],
    offset: int,
    limit: int,
) -> Groups:
    """See `Tables.groups`."""
    names = list(dict.fromkeys(by)) or _differing(db, chosen, but)
    alike, wanted, orders = [column(each) for each in names], [column(each) for each in columns], order(sort)
    runs = _read(db, chosen, [*alike, *(by.column for by in orders)])
    members: dict[tuple[Value, ...], list[_Run]] = {}
    for run in runs:
        members.setdefault(tuple(map(_comparable, run.values[: len(alike)])), []).append(run)
    found = list(members.values())
    for place, sorting in reversed(list(enumerate(orders, len(alike)))):
        found = _sorted(found, place, descending=sorting.descending)
    page = found[offset : offset + limit]
    values = cells(db, [run.number for each in page for run in each], wanted) if wanted else {}
    shown = [_group(each, len(alike), wanted, values) for each in page]
    return Groups(total=len(found), runs=len(runs), by=tuple(names), groups=tuple(shown))


def _differing(db: Connection, chosen: Chosen, but: Sequence[str]) -> list[str]:
    """The params in which the runs are not all equal."""
    facts = summarised(db, chosen)
    return [
        each.key
        for each in facts.columns
        if each.key.startswith("params.")
        and each.key not in but
        and (each.distinct > 1 or each.count < facts.total)
    ]


def _read(db: Connection, chosen: Chosen, columns: Sequence[Column]) -> list[_Run]:
    """The chosen runs, newest first."""
    sql = Sql()
    where = " AND ".join((*scope(sql, chosen), *fitting(sql, chosen)))
    newest = (
        f"SELECT r.id, r.uuid, r.started FROM runner_runs r WHERE {where} ORDER BY r.started DESC, r.id DESC"
    )
    most = MOST_VALUES // (len(columns) + 1)
    rows = db.execute(f"{newest} LIMIT {most + 1}", sql.values)
    if len(rows) > most:
        message = f"more than {most:,} runs cannot be grouped with {len(columns)} columns"
        raise FilterError(
            message, (0, max(1, len(chosen.filter))), hint="filter them first, or name fewer columns"
        )
    every = Among(f"SELECT r.id FROM runner_runs r WHERE {where}", sql.values)
    values = cells(db, [row[0] for row in rows], columns, all_of=every) if columns else {}
    return [_Run(number, uuid, started, values.get(number, ())) for number, uuid, started in rows]


def _comparable(value: Value) -> Value:
    """NaN is not equal to itself."""
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def _sorted(found: Sequence[list[_Run]], place: int, *, descending: bool) -> list[list[_Run]]:
    """By the mean of numbers, by texts after them; what has neither stays behind in both directions."""

    def rank(runs: Sequence[_Run]) -> tuple[bool, float, str] | None:
        cell = _cell([run.values[place] for run in runs])
        if cell.mean is not None:
            return False, cell.mean, ""
        return None if cell.value is None else (True, 0.0, str(cell.value))

    ranked = [(rank(runs), runs) for runs in found]
    some = [(at, runs) for at, runs in ranked if at is not None]
    some.sort(key=lambda each: each[0], reverse=descending)
    return [runs for _, runs in some] + [runs for at, runs in ranked if at is None]


def _group(
    runs: Sequence[_Run], alike: int, wanted: Sequence[Column], values: Mapping[int, Sequence[Value]]
) -> Group:
    return Group(
        by=tuple(runs[0].values[:alike]),
        count=len(runs),
        started=runs[0].started,
        runs=tuple(run.uuid for run in runs[:MEMBERS]),
        cells=tuple(_cell([values[run.number][place] for run in runs]) for place in range(len(wanted))),
    )


def _cell(values: Sequence[Value]) -> Cell:
    there = [value for value in values if value is not None]
    distinct = {_comparable(value) for value in there}
    numbers = [float(value) for value in there if not isinstance(value, str) or NUMBER.fullmatch(value)]
    finite = [each for each in numbers if math.isfinite(each)] if len(numbers) == len(there) else []
    return Cell(
        count=len(there),
        distinct=min(2, len(distinct)),
        value=there[0] if len(distinct) == 1 else None,
        mean=_mean(finite) if finite else None,
        spread=_spread(finite) if len(finite) > 1 else None,
        low=min(finite, default=None),
        high=max(finite, default=None),
    )


def _mean(numbers: Sequence[float]) -> float:
    scale = max(map(abs, numbers)) or 1.0  # the sum of the greatest numbers is none
    return math.fsum(each / scale for each in numbers) / len(numbers) * scale


def _spread(numbers: Sequence[float]) -> float | None:
    try:
        return statistics.stdev(numbers)
    except OverflowError:
        return None

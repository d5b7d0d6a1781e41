"""Runs that are equal in some columns as one row: how many they are, and what their numbers are like.

Values are compared and added up here, not in the database: what databases make of squares is not exact.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import NoReturn, TypeAlias, cast

from runner.errors import FilterError
from runner.tracking.database import Connection
from runner.tracking.filters.columns import Column, column, order
from runner.tracking.filters.meaning import NUMBER
from runner.tracking.sql import keys, summaries
from runner.tracking.sql.cells import Ordered, cells, side_by_side
from runner.tracking.sql.choosing import among, fitting, scope
from runner.tracking.sql.conditions import Sql
from runner.tracking.tables import Cell, Chosen, Group, Groups, Value

MOST_VALUES = 1_000_000  # that are read for one answer
MEMBERS = 200  # ids of runs that a group names
FEWER = 4  # times as many runs are read through as soon as these are looked up
LARGE = 1e290  # a million of such numbers can be added up

Members: TypeAlias = tuple[tuple[Value, ...], Sequence[int]]
"""What the runs of a group have in common, and their places among all."""


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
    runs = _newest(db, chosen, len(alike) + len(orders))
    numbers, values = side_by_side(db, [*alike, *(by.column for by in orders)], runs)
    if len(numbers) == runs.most:
        _refuse(chosen, runs.most - 1, len(values))
    found = _equal(len(numbers), values[: len(alike)])
    for sorting, known in reversed(list(zip(orders, values[len(alike) :], strict=True))):
        found = _sorted(found, known, descending=sorting.descending)
    page = found[offset : offset + limit]
    shown = _shown(db, runs, numbers, page, wanted) if page else []
    return Groups(total=len(found), runs=len(numbers), by=tuple(names), groups=tuple(shown))


def _differing(db: Connection, chosen: Chosen, but: Sequence[str]) -> list[str]:
    """The params in which the runs are not all equal."""
    facts = summaries.params(db, chosen)
    return [
        each.key
        for each in facts.columns
        if each.key not in but and (each.distinct > 1 or each.count < facts.total)
    ]


def _newest(db: Connection, chosen: Chosen, columns: int) -> Ordered:
    """The chosen runs, newest first; one more than so many columns can be read of."""
    sql = Sql()
    where = " AND ".join((*scope(sql, chosen), *fitting(db, sql, chosen)))
    return Ordered(
        runs=among(db, sql),
        where=where,
        order="r.started DESC, r.id DESC",
        values=sql.values,
        most=MOST_VALUES // (columns + 1) + 1,
    )


def _refuse(chosen: Chosen, most: int, columns: int) -> NoReturn:
    raise FilterError(
        f"more than {most:,} runs cannot be grouped with {columns} columns",
        (0, max(1, len(chosen.filter))),
        hint="filter them first, or name fewer columns",
    )


def _equal(runs: int, columns: Sequence[Sequence[Value]]) -> list[Members]:
    """The groups in the order of their newest runs. All NaN are one object, which is equal to itself."""
    members: dict[tuple[Value, ...], list[int]] = defaultdict(list)
    alike: Iterable[tuple[Value, ...]] = zip(*columns, strict=True) if columns else repeat((), runs)
    for place, values in enumerate(alike):
        members[values].append(place)
    return list(members.items())


def _sorted(found: Sequence[Members], values: Sequence[Value], *, descending: bool) -> list[Members]:
    """By the mean of numbers, by texts after them; what has neither stays behind in both directions."""

    def rank(places: Sequence[int]) -> tuple[bool, float, str] | None:
        cell = _cell([values[place] for place in places])
        if cell.mean is not None:
            return False, cell.mean, ""
        return None if cell.value is None else (True, 0.0, str(cell.value))

    ranked = [(rank(members[1]), members) for members in found]
    some = [(at, members) for at, members in ranked if at is not None]
    some.sort(key=lambda each: each[0], reverse=descending)
    return [members for _, members in some] + [members for at, members in ranked if at is None]


def _shown(
    db: Connection, runs: Ordered, numbers: Sequence[int], page: Sequence[Members], wanted: Sequence[Column]
) -> Iterator[Group]:
    columns = _read(db, runs, numbers, [place for _, places in page for place in places], wanted)
    named = [numbers[place] for _, places in page for place in places[:MEMBERS]]
    told = _told(db, named)
    for by, places in page:
        ids = [numbers[place] for place in places[:MEMBERS]]
        yield Group(
            by=by,
            count=len(places),
            started=told[ids[0]][1],
            runs=tuple(told[each][0] for each in ids),
            cells=tuple(_cell([each[place] for place in places]) for each in columns),
        )


def _read(
    db: Connection, runs: Ordered, numbers: Sequence[int], places: Sequence[int], wanted: Sequence[Column]
) -> Sequence[Sequence[Value] | Mapping[int, Value]]:
    """For each column what the runs at these places have in it."""
    if not wanted:
        return ()
    if len(places) * FEWER > len(numbers):
        return side_by_side(db, wanted, runs)[1]
    found = cells(db, [numbers[place] for place in places], wanted)
    return [{place: each.get(numbers[place]) for place in places} for each in found]


def _told(db: Connection, numbers: Sequence[int]) -> Mapping[int, tuple[str, int | None]]:
    """Ids of runs, and when they started."""
    found: dict[int, tuple[str, int | None]] = {}
    for marks in keys.bound(numbers):
        statement = f"SELECT id, uuid, started FROM runner_runs WHERE id IN ({keys.listed(marks)})"
        found.update((number, (uuid, started)) for number, uuid, started in db.execute(statement, marks))
    return found


def _cell(values: Sequence[Value]) -> Cell:
    there = [value for value in values if value is not None]
    numbers = _numbers(there)
    finite = numbers if math.isfinite(sum(numbers)) else [each for each in numbers if math.isfinite(each)]
    mean = _mean(finite) if finite else None
    equal = all(value is there[0] or value == there[0] for value in there)  # NaN is one object everywhere
    return Cell(
        count=len(there),
        distinct=(1 if equal else 2) if there else 0,
        value=there[0] if there and equal else None,
        mean=mean,
        spread=_spread(finite, mean) if mean is not None and len(finite) > 1 else None,
        low=min(finite, default=None),
        high=max(finite, default=None),
    )


def _numbers(values: Sequence[str | float]) -> Sequence[float]:
    """The values, if all of them are numbers or spell one. A column has texts, or else numbers."""
    if not values or not isinstance(values[0], str):
        return cast("Sequence[float]", values)
    texts = cast("Sequence[str]", values)
    spelled = set(texts)
    if not all(map(NUMBER.fullmatch, spelled)):
        return ()
    known = {each: float(each) for each in spelled}
    return [known[each] for each in texts]


def _mean(numbers: Sequence[float]) -> float:
    scale = max(map(abs, numbers))
    if scale < LARGE:
        return math.fsum(numbers) / len(numbers)
    return math.fsum(each / scale for each in numbers) / len(numbers) * scale


def _spread(numbers: Sequence[float], mean: float) -> float | None:
    """The sample standard deviation: root of the sum of squares, as a distance, which does not overflow on the way."""
    spread = math.dist(numbers, [mean] * len(numbers)) / math.sqrt(len(numbers) - 1)
    return spread if math.isfinite(spread) else None

"""A page of the table of runs: which runs in which order, and how many there are in all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from runner.errors import FilterError
from runner.tracking.database import Connection, Row, Spelled
from runner.tracking.filters.columns import Column, Sorted, column, order
from runner.tracking.filters.parser import Name, Order
from runner.tracking.model import RunStatus
from runner.tracking.sql import keys
from runner.tracking.sql.cells import cells, joined
from runner.tracking.sql.choosing import COLUMNS, among, fitting, scope, within_experiments
from runner.tracking.sql.conditions import Sql
from runner.tracking.sql.searching import CANDIDATES, UNTIED, from_best
from runner.tracking.tables import Chosen, Table, TableRow

NEWEST = Sorted(Column("attribute", "started"), descending=True)
AGGREGATED = 5000  # runs that are sorted by what all points of a metric say


def table(
    db: Connection, chosen: Chosen, *, sort: Sequence[str], columns: Sequence[str], offset: int, limit: int
) -> Table:
    """See `Tables.table`."""
    wanted, orders = [column(each) for each in columns], order(sort)
    asked = _Asked.of(db, chosen, orders)
    slow = [each.column for each in orders if each.column.which != "last"]
    if asked.filtered and limit and not slow:
        found = db.execute(asked.counting(), {**asked.sql.values, "limit": limit, "offset": offset})
        if found or not offset:
            total = int(found[0][1]) if found else 0
            return Table(total, tuple(rows(db, [row[0] for row in found], wanted)))
    total = asked.counted(db)
    if slow and total > AGGREGATED:
        _refuse(slow[0], total)
    numbers = asked.numbers(db, offset=offset, limit=limit) if offset < total and limit else ()
    return Table(total, tuple(rows(db, numbers, wanted)))


def rows(db: Connection, numbers: Sequence[int], columns: Sequence[Column]) -> list[TableRow]:
    """The rows of these runs."""
    found: dict[int, TableRow] = {}
    values = cells(db, numbers, columns)
    for marks in keys.bound(numbers):
        statement = (
            "SELECT r.id, r.uuid, r.name, r.experiment, r.status, r.user_name, r.started, r.ended"
            f" FROM runner_runs r WHERE r.id IN ({keys.listed(marks)})"
        )
        for number, uuid, name, experiment, status, user, started, ended in db.execute(statement, marks):
            found[number] = TableRow(
                id=uuid,
                name=name,
                experiment=str(experiment),
                status=RunStatus(status),
                user=user,
                started=started,
                ended=ended,
                values=tuple(column.get(number) for column in values),
            )
    return [found[number] for number in numbers]


def _refuse(slow: Column, total: int) -> NoReturn:
    raise FilterError(
        f"{total:,} runs cannot be sorted by {slow.which}({slow.key})",
        (0, 1),
        what="sort",
        hint=f"filter them first: at most {AGGREGATED:,}; the last values sort any number",
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """The parts of a statement that gives surrogate keys in order. `best`: where the first ones may be found soon."""

    sql: Sql
    runs: str
    where: str
    filtered: bool
    order: Sequence[str]
    best: str | None

    @classmethod
    def of(cls, db: Connection, chosen: Chosen, orders: Sequence[Sorted]) -> "_Asked":
        sql = Sql()
        within, each = scope(sql, chosen), list(fitting(db, sql, chosen))
        where = " AND ".join((*within, *each))
        terms = [] if orders == [NEWEST] else [term for by in orders for term in _terms(sql, by, where)]
        ties = ["r.id DESC"] if terms else ["r.started DESC", "r.id DESC"]
        best = None
        if not each and _one_metric_first(orders, chosen):
            first = Order(Name("metric", orders[0].column.key, 0), "DESC" if orders[0].descending else "ASC")
            best = from_best(sql, first, within_experiments(sql, chosen.experiments))
        return cls(sql, among(db, sql), where, bool(each), (*terms, *ties), best)

    def counted(self, db: Connection) -> int:
        """How many runs there are."""
        statement = f"SELECT COUNT(*) FROM {self.runs} WHERE {self.where}"
        ((total,),) = db.execute(statement, self.sql.values)
        return int(total)

    def counting(self) -> Spelled:
        """The rows, each with the number of all: to look for what fits twice would take longer.

        PostgreSQL believes that it can count some of them, unless it is asked for all and sorts them after that.
        """
        tail = f"FROM {self.runs}{''.join(self.sql.joins)} WHERE {self.where}"
        end = "LIMIT :limit OFFSET :offset"
        terms = [re.fullmatch("(.*?)( ASC| DESC|)", each) for each in self.order]
        keys = "".join(f", {term[1]} AS k{place}" for place, term in enumerate(filter(None, terms)))
        order = ", ".join(f"k{place}{term[2]}" for place, term in enumerate(filter(None, terms)))
        all_of = f"SELECT r.id, COUNT(*) OVER () AS total{keys} {tail}"
        plain = f"SELECT r.id, COUNT(*) OVER () {tail} ORDER BY {', '.join(self.order)} {end}"
        return Spelled(plain, f"SELECT id, total FROM ({all_of}) a ORDER BY {order} {end}", plain)

    def numbers(self, db: Connection, *, offset: int, limit: int) -> Sequence[int]:
        joins, values = "".join(self.sql.joins), {**self.sql.values, "limit": limit, "offset": offset}
        tail = f"{self.where} ORDER BY {', '.join(self.order)} LIMIT :limit OFFSET :offset"
        found: Sequence[Row] = ()
        if self.best and offset + limit < CANDIDATES:
            found = db.execute(f"{self.best}{joins} WHERE {UNTIED} AND {tail}", values)
        if len(found) < limit:
            found = db.execute(f"SELECT r.id FROM {self.runs}{joins} WHERE {tail}", values)
        return [row[0] for row in found]


def _one_metric_first(orders: Sequence[Sorted], chosen: Chosen) -> bool:
    first = orders[0].column if orders else None
    return (
        first is not None
        and first.entity == "metric"
        and first.which == "last"
        and len(chosen.experiments or ()) == 1
    )


def _terms(sql: Sql, by: Sorted, where: str) -> list[str]:
    """What ORDER BY says of a column."""
    direction, wanted = "DESC" if by.descending else "ASC", by.column
    if wanted.entity == "attribute":
        known = COLUMNS[wanted.key]
        return [f"{known} IS NULL", f"{known} {direction}"]
    alias = joined(sql, wanted, where)
    between = {
        "metric": [f"{alias}.is_nan"],
        "param": [f"{alias}.number IS NULL", f"{alias}.number {direction}"],
    }
    return [f"{alias}.run IS NULL", *between.get(wanted.entity, ()), f"{alias}.value {direction}"]

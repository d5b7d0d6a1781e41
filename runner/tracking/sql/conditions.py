"""Clauses and orders of the filter language as SQL with parameters, for whatever is searched.

As in MLflow, what has no such param, tag or metric fits no comparison, not even `!=`; NaN fits `!=` only. In an order
missing values come last in both directions, and among metrics NaN stands before them.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from runner.tracking import checks
from runner.tracking.database import Connection, Row
from runner.tracking.filters import Clause, Name, Order, Vocabulary, parse, parse_order
from runner.tracking.filters.vocabulary import Entity
from runner.tracking.model import Page
from runner.tracking.sql import narrowing

T = TypeVar("T")

JOINED = (
    8  # EXISTS that PostgreSQL may plan as joins: 100 of them would take it 4 s, by the cube of their number
)
ESCAPE = "!"
FEW = 2000  # runs that are sorted sooner than the first page of all is looked through


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is searched, as it lies in the database.

    `rows` follows FROM and names the searched rows `r`, with the surrogate key `r.id`; `columns` are those of the
    attributes. `tables` hold keys and values; their column `owner` is the row's key, and of `repeated` entities they repeat
    its column `experiment`, so that an index has them together. `ties` orders what is equal in an order, `usual` everything
    if none is asked for.
    """

    vocabulary: Vocabulary
    rows: str
    columns: Mapping[str, str]
    tables: Mapping[Entity, str]
    owner: str
    ties: str
    usual: str = ""
    repeated: Sequence[Entity] = ()


@dataclass(slots=True)
class Sql:
    """Collects parameters, joins, and what indexes may be asked first.

    `sought` counts the rows of keys and values that have to exist.
    """

    values: dict[str, Any] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    rare: list[narrowing.Rare] = field(default_factory=list)
    sought: int = 0

    def bind(self, value: object) -> str:
        """The placeholder of a new parameter."""
        name = f"v{len(self.values)}"
        self.values[name] = checks.text(value) if isinstance(value, str) else value
        return f":{name}"

    def key(self, name: str) -> str:
        """The number of a key."""
        return f"(SELECT id FROM runner_key_names WHERE name = {self.bind(name)})"

    def exists(self, table: str, conditions: Sequence[str]) -> str:
        """That the table has such a row."""
        self.sought += 1
        exists = f"EXISTS (SELECT 1 FROM {table} WHERE {' AND '.join(conditions)})"
        return exists if self.sought <= JOINED else f"(CASE WHEN {exists} THEN 1 ELSE 0 END = 1)"


@dataclass(frozen=True, slots=True)
class Search:
    """SELECTs of surrogate keys in order, and their parameters.

    `shortcut`, if there is one, gives the same rows from the first on, soon but perhaps not all. `rare` is what indexes are
    asked first.
    """

    statement: str
    values: Mapping[str, Any]
    shortcut: str | None = None
    rare: Sequence[narrowing.Rare] = ()

    def numbers(self, db: Connection, *, limit: int, offset: int) -> Sequence[int]:
        """Surrogate keys of at most `limit` rows after the first `offset`."""
        values = {**self.values, "limit": limit, "offset": offset}
        rows: Sequence[Row] = ()
        few = narrowing.few(db, self.rare, values, most=FEW)
        statements = (
            (self.statement.replace(narrowing.ALL, few, 1),) if few else (self.shortcut, self.statement)
        )
        for statement in statements:
            if statement is not None and len(rows) < limit:
                rows = db.execute(f"{statement} LIMIT :limit OFFSET :offset", values)
        return [row[0] for row in rows]

    def page(
        self, db: Connection, read: Callable[[Sequence[int]], Iterable[T]], *, limit: int, token: str | None
    ) -> Page[T]:
        """What `read` makes of the next rows, and the token for those after them."""
        start = checks.offset(token)
        numbers = self.numbers(db, limit=limit + 1, offset=start)
        more = len(numbers) > limit
        return Page(tuple(read(numbers[:limit])), str(start + limit) if more else None)


def compiled(
    subject: Subject,
    text: str,
    order_by: Sequence[str],
    *,
    more: Callable[[Sql, list[Clause]], list[str]] = lambda _sql, _clauses: [],
) -> Search:
    """The search that a filter and an order ask for. `more` may take clauses out of the list and gives conditions.

    Raises:
        TrackingError: where the filter is wrong, and what was expected there.
    """
    sql = Sql()
    clauses = parse(text, subject.vocabulary)
    conditions = more(sql, clauses) + [condition(sql, subject, clause) for clause in clauses]
    orders = parse_order(order_by, subject.vocabulary)
    ordered = [term for order in orders for term in terms(sql, subject, order)]
    if subject.usual and not orders:
        ordered = [subject.usual]
    return Search(
        f"SELECT r.id FROM {subject.rows}{''.join(sql.joins)} WHERE {' AND '.join(conditions or ['1 = 1'])}"
        f" ORDER BY {', '.join((*ordered, subject.ties))}",
        sql.values,
    )


def condition(sql: Sql, subject: Subject, clause: Clause) -> str:
    """The condition on a row that is a clause's."""
    name = clause.name
    if name.entity == "attribute":
        number = subject.vocabulary.attributes[name.key] == "id"
        return compared(sql, subject.columns[name.key], _numbered(clause) if number else clause)
    inner = [f"{subject.owner} = r.id", f"key_id = {sql.key(name.key)}"]
    if name.entity in subject.repeated:
        inner.append("experiment = r.experiment")
    if clause.value is not None:
        inner.append(_value(sql, clause))
    negation = "NOT " if clause.operator == "IS NULL" else ""
    return f"{negation}{sql.exists(subject.tables[name.entity], inner)}"


def compared(sql: Sql, column: str, clause: Clause) -> str:
    """The column's value against the clause's."""
    match clause.value:
        case tuple():
            return f"{column} {clause.operator} ({', '.join(sql.bind(item) for item in clause.value)})"
        case str() if clause.operator == "~":
            pattern = sql.bind(f"%{literal(clause.value)}%")
            return f"LOWER({column}) LIKE LOWER({pattern}) ESCAPE '{ESCAPE}'"
        case str() if clause.operator in {"LIKE", "ILIKE"}:
            # A backslash stands for itself, which it does not in every database unless another sign escapes.
            pattern = sql.bind(clause.value.replace(ESCAPE, ESCAPE * 2))
            like = (
                f"{column} LIKE {pattern}"
                if clause.operator == "LIKE"
                else f"LOWER({column}) LIKE LOWER({pattern})"
            )
            return f"{like} ESCAPE '{ESCAPE}'"
        case _:
            return f"{column} {clause.operator} {sql.bind(clause.value)}"


def literal(text: str) -> str:
    """The text as part of a pattern that means just it."""
    return re.sub(f"[%_{ESCAPE}]", rf"{ESCAPE}\g<0>", text)


def terms(sql: Sql, subject: Subject, order: Order) -> list[str]:
    """What ORDER BY says of one key of an order."""
    name, direction = order.name, order.direction
    match name.entity:
        case "attribute":
            column = subject.columns[name.key]
            return [f"{column} IS NULL", f"{column} {direction}"]
        case _:
            alias = _joined(sql, subject, name)
            nan = [f"{alias}.is_nan"] if name.entity == "metric" else []
            return [f"{alias}.{subject.owner} IS NULL", *nan, f"{alias}.value {direction}"]


def _numbered(clause: Clause) -> Clause:
    """Texts as the numbers that the column holds; -1, which none has, for those that are none."""
    match clause.value:
        case str():
            return replace(clause, value=_whole(clause.value))
        case tuple():
            return replace(clause, value=tuple(_whole(str(item)) for item in clause.value))
        case _:
            return clause


def _whole(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else -1


def _value(sql: Sql, clause: Clause) -> str:
    if clause.name.entity == "metric":
        nan = "OR is_nan = TRUE" if clause.operator == "!=" else "AND is_nan = FALSE"
        return f"({compared(sql, 'value', clause)} {nan})"
    numeric = clause.name.entity == "param" and isinstance(clause.value, float)
    return compared(sql, "number" if numeric else "value", clause)


def _joined(sql: Sql, subject: Subject, name: Name) -> str:
    alias = f"o{len(sql.joins)}"
    same = f" AND {alias}.experiment = r.experiment" if name.entity in subject.repeated else ""
    sql.joins.append(
        f" LEFT JOIN {subject.tables[name.entity]} {alias}"
        f" ON {alias}.{subject.owner} = r.id AND {alias}.key_id = {sql.key(name.key)}{same}"
    )
    return alias

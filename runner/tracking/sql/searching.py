"""A filter and an order as one SELECT with parameters.

As in MLflow, a run without the param, tag or metric fits no comparison, not even `!=`; NaN fits `!=` only. MLflow's
words for a status mean what its clients see: a run that is being prepared is RUNNING, a lost one FAILED. In an order
missing values come last in both directions, and among metrics NaN stands before them. Datasets are not recorded yet, so
that no run fits a clause about them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runner.tracking import checks
from runner.tracking.database import Connection, Row
from runner.tracking.filters import RUNS, Clause, Name, Order, parse, parse_order
from runner.tracking.model import Lifecycle

COLUMNS: Mapping[str, str] = {
    "run_id": "uuid",
    "run_name": "name",
    "run name": "name",
    "Run name": "name",
    "Run Name": "name",
    "status": "status",
    "user_id": "user_name",
    "artifact_uri": "artifact_uri",
    "start_time": "started",
    "created": "started",
    "Created": "started",
    "end_time": "ended",
}
# What MLflow has one word for; our own words mean just themselves.
STATUSES: Mapping[object, tuple[str, ...]] = {
    "SCHEDULED": ("PENDING", "QUEUED"),
    "RUNNING": ("PREPARING", "RUNNING"),
    "FAILED": ("FAILED", "LOST"),
}
TABLES: Mapping[str, str] = {
    "metric": "runner_latest_metrics",
    "param": "runner_params",
    "tag": "runner_tags",
}

# A page ordered by a metric: 14 ms instead of 60 ms among 100,000 runs, unless a filter fits few of the best.
CANDIDATES = 2000
UNTIED = "best.value <> last.value"  # runs that were not looked at may share the last value


@dataclass(frozen=True, slots=True)
class Search:
    """SELECTs of the surrogate keys of runs in order, and their parameters.

    `shortcut`, if there is one, gives the same rows from the first on, soon but perhaps not all.
    """

    statement: str
    shortcut: str | None
    values: Mapping[str, Any]

    def numbers(self, db: Connection, *, limit: int, offset: int) -> Sequence[int]:
        """Surrogate keys of at most `limit` runs after the first `offset`."""
        values = {**self.values, "limit": limit, "offset": offset}
        rows: Sequence[Row] = ()
        for statement in (self.shortcut, self.statement):
            if statement is not None and len(rows) < limit:
                rows = db.execute(f"{statement} LIMIT :limit OFFSET :offset", values)
        return [row[0] for row in rows]


def compiled(
    text: str,
    *,
    order_by: Sequence[str] = (),
    experiment_ids: Sequence[str] | None = None,
    lifecycle: Lifecycle | None = Lifecycle.ACTIVE,
) -> Search:
    """The search that a filter and an order ask for, within experiments.

    Raises:
        TrackingError: where the filter is wrong, and what was expected there.
    """
    sql = _Sql()
    conditions = list(_scope(sql, experiment_ids, lifecycle))
    conditions += [_condition(sql, clause) for clause in parse(text, RUNS)]
    orders = parse_order(order_by, RUNS)
    terms = [term for order in orders for term in _terms(sql, order)]
    joins = "".join(sql.joins)
    where = " AND ".join(conditions or ["1 = 1"])
    tail = f"{where} ORDER BY {', '.join((*terms, 'r.started DESC', 'r.uuid'))}"
    shortcut = None
    if orders and orders[0].name.entity == "metric" and len(experiment_ids or ()) == 1:
        shortcut = f"{_from_best(sql, orders[0])}{joins} WHERE {UNTIED} AND {tail}"
    return Search(f"SELECT r.id FROM runner_runs r{joins} WHERE {tail}", shortcut, sql.values)


@dataclass(slots=True)
class _Sql:
    """Collects parameters and joins. `experiments` is the condition on a column of that name, if there is one."""

    values: dict[str, Any] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    experiments: str = ""

    def bind(self, value: object) -> str:
        """The placeholder of a new parameter."""
        name = f"v{len(self.values)}"
        self.values[name] = checks.text(value) if isinstance(value, str) else value
        return f":{name}"

    def key(self, name: str) -> str:
        return f"(SELECT id FROM runner_key_names WHERE name = {self.bind(name)})"


def _scope(sql: _Sql, experiment_ids: Sequence[str] | None, lifecycle: Lifecycle | None) -> Iterator[str]:
    if experiment_ids is not None:
        numbers = [int(text) for text in experiment_ids if text.isdecimal() and len(text) < 19]  # noqa: PLR2004
        marks = ", ".join(sql.bind(number) for number in numbers or [-1])  # -1: none has it
        sql.experiments = f"experiment IN ({marks})"
        yield f"r.{sql.experiments}"
    if lifecycle is not None:
        yield f"r.lifecycle = {sql.bind(lifecycle.value)}"


def _condition(sql: _Sql, clause: Clause) -> str:
    name = clause.name
    if name.entity == "attribute":
        clause = _spelled_out(clause) if name.key == "status" else clause
        return _compared(sql, f"r.{COLUMNS[name.key]}", clause)
    if name.entity == "dataset":
        return "1 = 0"
    inner = ["run = r.id", f"key_id = {sql.key(name.key)}"]
    if clause.value is not None:
        inner.append(_value(sql, clause))
    negation = "NOT " if clause.operator == "IS NULL" else ""
    return f"{negation}EXISTS (SELECT 1 FROM {TABLES[name.entity]} WHERE {' AND '.join(inner)})"


def _spelled_out(clause: Clause) -> Clause:
    operator = {"=": "IN", "!=": "NOT IN"}.get(clause.operator)
    if operator is None or clause.value not in STATUSES:
        return clause
    return replace(clause, operator=operator, value=STATUSES[clause.value])


def _value(sql: _Sql, clause: Clause) -> str:
    if clause.name.entity == "metric":
        nan = "OR is_nan = TRUE" if clause.operator == "!=" else "AND is_nan = FALSE"
        return f"({_compared(sql, 'value', clause)} {nan})"
    numeric = clause.name.entity == "param" and isinstance(clause.value, float)
    return _compared(sql, "number" if numeric else "value", clause)


def _compared(sql: _Sql, column: str, clause: Clause) -> str:
    match clause.value:
        case tuple():
            return f"{column} {clause.operator} ({', '.join(sql.bind(item) for item in clause.value)})"
        case str() if clause.operator == "ILIKE":
            return f"LOWER({column}) LIKE LOWER({sql.bind(clause.value)})"
        case _:
            return f"{column} {clause.operator} {sql.bind(clause.value)}"


def _from_best(sql: _Sql, order: Order) -> str:
    """The runs with the best values of the metric that orders first: an index has them in this order."""
    return (
        f"WITH best AS (SELECT run, value FROM runner_latest_metrics WHERE {sql.experiments}"
        f" AND key_id = {sql.key(order.name.key)} AND is_nan = FALSE"
        f" ORDER BY value {order.direction} LIMIT {CANDIDATES}),"
        f" last AS (SELECT {'MIN' if order.direction == 'DESC' else 'MAX'}(value) AS value FROM best)"
        " SELECT r.id FROM best CROSS JOIN last JOIN runner_runs r ON r.id = best.run"
    )


def _terms(sql: _Sql, order: Order) -> list[str]:
    name, direction = order.name, order.direction
    match name.entity:
        case "dataset":
            return []
        case "attribute":
            column = f"r.{COLUMNS[name.key]}"
            return [f"{column} IS NULL", f"{column} {direction}"]
        case _:
            alias = _joined(sql, name)
            nan = [f"{alias}.is_nan"] if name.entity == "metric" else []
            return [f"{alias}.run IS NULL", *nan, f"{alias}.value {direction}"]


def _joined(sql: _Sql, name: Name) -> str:
    alias = f"o{len(sql.joins)}"
    sql.joins.append(
        f" LEFT JOIN {TABLES[name.entity]} {alias} ON {alias}.run = r.id AND {alias}.key_id = {sql.key(name.key)}"
    )
    return alias

"""A filter and an order as one SELECT with parameters.

As in MLflow, a run without the param, tag or metric fits no comparison, not even `!=`; NaN fits `!=` only. In an order
missing values come last in both directions, and among metrics NaN stands before them. Datasets are not recorded yet, so
that no run fits a clause about them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runner.tracking import checks
from runner.tracking.filters import Clause, Name, Order, parse, parse_order
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
TABLES: Mapping[str, str] = {
    "metric": "runner_latest_metrics",
    "param": "runner_params",
    "tag": "runner_tags",
}


@dataclass(frozen=True, slots=True)
class Search:
    """A SELECT of the surrogate keys of runs in order, and its parameters."""

    statement: str
    values: Mapping[str, Any]


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
    conditions += [_condition(sql, clause) for clause in parse(text)]
    terms = [term for order in parse_order(order_by) for term in _terms(sql, order)]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = ", ".join((*terms, "r.started DESC", "r.uuid"))
    return Search(f"SELECT r.id FROM runner_runs r{''.join(sql.joins)}{where} ORDER BY {order}", sql.values)


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
        return _compared(sql, f"r.{COLUMNS[name.key]}", clause)
    if name.entity == "dataset":
        return "1 = 0"
    inner = [f"key_id = {sql.key(name.key)}"]
    if sql.experiments and name.entity != "tag":  # so that the index (experiment, key, number) serves
        inner.append(sql.experiments)
    if clause.value is not None:
        inner.append(_value(sql, clause))
    negation = "NOT " if clause.operator == "IS NULL" else ""
    return f"r.id {negation}IN (SELECT run FROM {TABLES[name.entity]} WHERE {' AND '.join(inner)})"


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

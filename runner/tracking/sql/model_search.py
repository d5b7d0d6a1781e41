"""The search of logged models as one SELECT.

A metric fits a clause if any of its points does; orders go by its latest point. Data sets narrow what counts as a point.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from runner.errors import TrackingError
from runner.tracking.filters import LOGGED_MODELS, Clause, Order, parse, parse_order
from runner.tracking.filters.parser import MOST_ORDERS
from runner.tracking.logged_models import ModelOrder, ModelStatus
from runner.tracking.model import Lifecycle
from runner.tracking.sql import experiments, model_metrics
from runner.tracking.sql.conditions import Search, Sql, Subject, condition, terms

SUBJECT = Subject(
    vocabulary=LOGGED_MODELS,
    rows="runner_logged_models r",
    columns={
        "name": "r.name",
        "model_id": "r.uuid",
        "model_type": "r.type_name",
        "status": "r.status",
        "source_run_id": "r.source_run",
        **dict.fromkeys(("creation_timestamp", "creation_time"), "r.created"),
        **dict.fromkeys(("last_updated_timestamp", "last_updated_time"), "r.updated"),
    },
    tables={
        "metric": model_metrics.TABLE,
        "param": "runner_logged_model_params",
        "tag": "runner_logged_model_tags",
    },
    owner="model",
    ties="r.created DESC, r.uuid",
)
MOST_DATASETS = 100
# Words of MLflow's clients beside those that are stored.
STATUSES: Mapping[str, str] = {
    "FAILED": ModelStatus.FAILED,
    **{f"LOGGED_MODEL_{status}": status for status in ModelStatus},
}
DatasetName: TypeAlias = tuple[str, str | None]
"""Name and digest; None: any digest."""


def compiled(
    experiment_ids: Sequence[str],
    text: str,
    datasets: Sequence[DatasetName],
    order_by: Sequence[ModelOrder],
) -> Search:
    """The search that a filter and an order ask for.

    Raises:
        TrackingError: where the filter is wrong, and what was expected there.
    """
    sql = Sql()
    within = f"experiment IN ({', '.join(map(sql.bind, experiments.numbers(experiment_ids)))})"
    subject = _narrowed(sql, datasets)
    clauses = [_spelled_out(clause) for clause in parse(text, LOGGED_MODELS)]
    conditions = [f"r.{within}", f"r.lifecycle = {sql.bind(Lifecycle.ACTIVE.value)}"]
    conditions += [condition(sql, subject, clause) for clause in clauses]
    if datasets and not any(clause.name.entity == "metric" for clause in clauses):
        conditions.append(sql.exists(subject.tables["metric"], ["model = r.id"]))
    if len(order_by) > MOST_ORDERS or len(datasets) > MOST_DATASETS:
        raise TrackingError(f"at most {MOST_ORDERS} keys of an order, and {MOST_DATASETS} data sets")
    ordered = [term for order in order_by for term in _terms(sql, order, within)]
    return Search(
        f"SELECT r.id FROM {SUBJECT.rows}{''.join(sql.joins)} WHERE {' AND '.join(conditions)}"
        f" ORDER BY {', '.join((*ordered, SUBJECT.ties))}",
        sql.values,
    )


def bound(token: str | None, query: str) -> str | None:
    """The place in a page token that `token` made.

    Raises:
        TrackingError: it is none, or one of another query.
    """
    if token is None:
        return None
    place, _, mark = token.partition("-")
    if mark != query:
        raise TrackingError("the page token belongs to another search", hint="change nothing between pages")
    return place


def token(place: str | None, query: str) -> str | None:
    """A page token that goes with this query only."""
    return None if place is None else f"{place}-{query}"


def digest(*query: object) -> str:
    """A mark of a query, made of values that JSON knows."""
    return hashlib.sha256(json.dumps(query, default=repr).encode()).hexdigest()[:16]


def _narrowed(sql: Sql, datasets: Sequence[DatasetName]) -> Subject:
    """What is searched, with nothing but points on these data sets, if there are any."""
    if not datasets:
        return SUBJECT
    table = f"(SELECT model, key_id, value, is_nan FROM {model_metrics.TABLE} WHERE {_on(sql, datasets)}) narrowed"
    return replace(SUBJECT, tables={**SUBJECT.tables, "metric": table})


def _on(sql: Sql, datasets: Sequence[DatasetName]) -> str:
    named = [
        f"(name = {sql.bind(name)}" + ("" if digest is None else f" AND digest = {sql.bind(digest)}") + ")"
        for name, digest in datasets
    ]
    return f"dataset IN (SELECT id FROM runner_datasets WHERE {' OR '.join(named)})"


def _spelled_out(clause: Clause) -> Clause:
    """Clients' words for a status as they are stored."""
    if (clause.name.entity, clause.name.key) != ("attribute", "status"):
        return clause
    match clause.value:
        case str():
            return replace(clause, value=STATUSES.get(clause.value, clause.value))
        case tuple():
            return replace(clause, value=tuple(STATUSES.get(str(item), str(item)) for item in clause.value))
        case _:
            return clause


def _terms(sql: Sql, given: ModelOrder, within: str) -> list[str]:
    order = _order(given)
    if order.name.entity != "metric":
        return terms(sql, SUBJECT, order)
    narrowed = f" AND {_on(sql, [(given.dataset_name, given.dataset_digest)])}" if given.dataset_name else ""
    alias = f"o{len(sql.joins)}"
    sql.joins.append(
        f" LEFT JOIN (SELECT model, value, is_nan, ROW_NUMBER() OVER (PARTITION BY model {model_metrics.NEWEST}) AS place"
        f" FROM {model_metrics.TABLE} WHERE key_id = {sql.key(order.name.key)}{narrowed}"
        f" AND model IN (SELECT id FROM runner_logged_models WHERE {within})) {alias}"
        f" ON {alias}.model = r.id AND {alias}.place = 1"
    )
    return [f"{alias}.model IS NULL", f"{alias}.is_nan", f"{alias}.value {order.direction}"]


def _order(given: ModelOrder) -> Order:
    """Its field is one name, whatever signs are in it."""
    entity, dot, key = given.field.partition(".")
    quoted = f"{entity}.`{key}`" if dot and key and "`" not in key else given.field
    (order,) = parse_order([quoted], LOGGED_MODELS)
    return replace(order, direction="ASC" if given.ascending else "DESC")

"""The search of experiments."""

from collections.abc import Sequence

from runner.tracking.access import Kind, Reader
from runner.tracking.filters import EXPERIMENTS
from runner.tracking.model import Lifecycle
from runner.tracking.sql import permissions
from runner.tracking.sql.conditions import Search, Sql, Subject, compiled

SUBJECT = Subject(
    vocabulary=EXPERIMENTS,
    rows="runner_experiments r",
    columns={
        "name": "r.name",
        "experiment_id": "r.id",
        "creation_time": "r.created",
        "last_update_time": "r.updated",
    },
    tables={"tag": "runner_experiment_tags"},
    owner="experiment",
    ties="r.id DESC",
    usual="r.created DESC, r.id",
)


def search(
    text: str, order_by: Sequence[str], lifecycle: Lifecycle | None, reader: Reader | None = None
) -> Search:
    """See `Store.search_experiments`."""

    def scope(sql: Sql, _: object) -> list[str]:
        found = [] if lifecycle is None else [f"r.lifecycle = {sql.bind(lifecycle.value)}"]
        return found + permissions.conditions(sql, Kind.EXPERIMENT, reader, "r.id")

    return compiled(SUBJECT, text, order_by, more=scope)

"""What the wrappers of a store pass on as it is; the defaults are the store's."""

from collections.abc import Sequence
from typing import TypedDict

from runner.tracking.access import Reader
from runner.tracking.logged_models import ModelOrder
from runner.tracking.model import Lifecycle, RunStatus


class Paged(TypedDict, total=False):
    """Which part of what a search finds."""

    filter: str
    limit: int
    page_token: str | None


class RunQuery(Paged, total=False):
    """See `Store.search_runs`."""

    experiment_ids: Sequence[str] | None
    order_by: Sequence[str]
    lifecycle: Lifecycle | None


class RegistryQuery(Paged, total=False):
    """See `Registry.search` and `Registry.search_versions`."""

    order_by: Sequence[str]
    reader: Reader | None


class ExperimentQuery(RegistryQuery, total=False):
    """See `Store.search_experiments`."""

    lifecycle: Lifecycle | None


class ModelQuery(Paged, total=False):
    """See `LoggedModels.search`."""

    datasets: Sequence[tuple[str, str | None]]
    order_by: Sequence[ModelOrder]


class RunChanges(TypedDict, total=False):
    """See `Store.update_run`."""

    status: RunStatus | None
    name: str | None
    started: int | None
    ended: int | None

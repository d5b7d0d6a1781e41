"""A store of ours, or a server: what there is to move is asked for page by page."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from runner.tracking.logged_models import LoggedModel
from runner.tracking.model import Experiment, Metric, Page, Run
from runner.tracking.opened import ArtifactStore, OpenStore
from runner.tracking.registry import ModelVersion, RegisteredModel

PAGE = 500
OLDEST_FIRST = ["start_time ASC"]
T = TypeVar("T")


class StoreHolding:
    """See `holding.Holding`. A server does not tell deleted models, nor more than the latest point of a model's metric."""

    def __init__(self, store: OpenStore) -> None:
        self._store = store

    def close(self) -> None:
        self._store.close()

    def experiments(self) -> Iterator[Experiment]:
        search = self._store.search_experiments
        return _all(
            lambda token: search(limit=PAGE, page_token=token, lifecycle=None, order_by=["creation_time ASC"])
        )

    def runs(self, experiment: Experiment) -> Iterator[Run]:
        search, ids = self._store.search_runs, [experiment.id]
        return _all(
            lambda token: search(
                experiment_ids=ids, limit=PAGE, page_token=token, lifecycle=None, order_by=OLDEST_FIRST
            )
        )

    def points(self, run: Run) -> Iterator[Metric]:
        for key in run.metrics:
            yield from self._store.metric_history(run.id, key)

    def models(self, experiment: Experiment) -> Iterator[LoggedModel]:
        search, ids = self._store.models.search, [experiment.id]
        return _all(lambda token: search(ids, limit=PAGE, page_token=token))

    def registered(self) -> Iterator[RegisteredModel]:
        search = self._store.registry.search
        return _all(lambda token: search(limit=PAGE, page_token=token))

    def versions(self, model: RegisteredModel) -> Iterator[ModelVersion]:
        """Aliases are the model's: each is told there."""
        quote = '"' if "'" in model.name else "'"
        search, mine = self._store.registry.search_versions, f"name = {quote}{model.name}{quote}"
        found = _all(lambda token: search(filter=mine, limit=PAGE, page_token=token))
        for version in sorted(found, key=lambda one: one.version):
            yield replace(version, aliases=())

    def artifacts(self, uri: str, *, among: str) -> ArtifactStore:  # noqa: ARG002 - the URI says it
        return self._store.artifacts(uri)


def _all(page: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """The items of all pages; `page` gets the token of one."""
    token: str | None = None
    while True:
        found = page(token)
        yield from found.items
        token = found.next_token
        if token is None:
            return

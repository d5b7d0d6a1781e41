"""Logged models as the program of one run may see and change them.

It may read all, and create and change those of its run and of the runs that it creates: a model is its source run's. To
measure a model of somebody else is no change of it: metrics are their run's.
"""

from collections.abc import Mapping, Sequence
from typing import Unpack

from runner.server.access.queries import ModelQuery
from runner.server.access.scope import RunSession
from runner.server.errors import NotPermitted
from runner.tracking.logged_models import LoggedModel, ModelStatus
from runner.tracking.model import Page
from runner.tracking.store import Store

VERSIONS = "mlflow.modelVersions"


class ScopedModels:
    """A `LoggedModels` that lets through what the scope allows."""

    def __init__(self, store: Store, session: RunSession) -> None:
        self._store = store
        self._models = store.models
        self._session = session

    def create(
        self,
        experiment_id: str,  # noqa: ARG002 - the one of the source run, wherever that has moved
        *,
        name: str | None = None,
        type: str = "",  # noqa: A002
        source_run_id: str = "",
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
    ) -> LoggedModel:
        source = self._store.run(source_run_id or self._session.scope.run_id)
        if not self._own(source.id):
            raise NotPermitted(
                f"run {source.id} belongs to somebody else: it cannot be the source of a model"
            )
        return self._models.create(
            source.experiment_id, name=name, type=type, source_run_id=source.id, params=params, tags=tags
        )

    def get(self, model_id: str, *, deleted: bool = False) -> LoggedModel:
        return self._models.get(model_id, deleted=deleted)

    def set_status(self, model_id: str, status: ModelStatus) -> LoggedModel:
        return self._models.set_status(self._allowed(model_id), status)

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        self._models.log_params(self._allowed(model_id), params)

    def tag(self, model_id: str, tags: Mapping[str, str]) -> LoggedModel:
        found = self._models.get(model_id)
        if set(tags) == {VERSIONS} and not self._own(found.source_run_id):
            return found  # clients that register a model repeat what the registry has noted by itself
        return self._models.tag(self._allowed(model_id), tags)

    def delete_tag(self, model_id: str, key: str) -> None:
        self._models.delete_tag(self._allowed(model_id), key)

    def delete(self, model_id: str) -> None:
        self._models.delete(self._allowed(model_id))

    def search(self, experiment_ids: Sequence[str], **query: Unpack[ModelQuery]) -> Page[LoggedModel]:
        return self._models.search(experiment_ids, **query)

    def _own(self, run_id: str) -> bool:
        return run_id == self._session.scope.run_id or run_id in self._session.runs

    def _allowed(self, model_id: str) -> str:
        if not self._own(self._models.get(model_id, deleted=True).source_run_id):
            raise NotPermitted(f"model {model_id} was not made in run {self._session.scope.run_id}")
        return model_id

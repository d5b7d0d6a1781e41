"""Logged models as one user may see and change them; see permitted.py."""

from collections.abc import Mapping, Sequence
from typing import Unpack

from runner.server.access.queries import ModelQuery
from runner.server.access.rights import EDIT, MANAGE, READ, Rights
from runner.server.access.scoped_models import VERSIONS
from runner.tracking.access import Kind, Permission
from runner.tracking.logged_models import LoggedModel, LoggedModels, ModelStatus
from runner.tracking.model import Page


class PermittedModels:
    """See `store.LoggedModels`."""

    def __init__(self, models: LoggedModels, rights: Rights) -> None:
        self._models = models
        self._rights = rights

    def create(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        type: str = "",  # noqa: A002
        source_run_id: str = "",
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
    ) -> LoggedModel:
        self._rights.need(EDIT, Kind.EXPERIMENT, experiment_id)
        if source_run_id:
            self._rights.need(EDIT, Kind.RUN, source_run_id)
        return self._models.create(
            experiment_id, name=name, type=type, source_run_id=source_run_id, params=params, tags=tags
        )

    def get(self, model_id: str, *, deleted: bool = False) -> LoggedModel:
        return self._models.get(self._may(READ, model_id), deleted=deleted)

    def set_status(self, model_id: str, status: ModelStatus) -> LoggedModel:
        return self._models.set_status(self._may(EDIT, model_id), status)

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        self._models.log_params(self._may(EDIT, model_id), params)

    def tag(self, model_id: str, tags: Mapping[str, str]) -> LoggedModel:
        if set(tags) == {VERSIONS} and self._rights.refusals(EDIT, Kind.LOGGED_MODEL, [model_id]) != [None]:
            return self.get(
                model_id
            )  # clients that register a model repeat what the registry has noted by itself
        return self._models.tag(self._may(EDIT, model_id), tags)

    def delete_tag(self, model_id: str, key: str) -> None:
        self._models.delete_tag(self._may(EDIT, model_id), key)

    def delete(self, model_id: str) -> None:
        self._models.delete(self._may(MANAGE, model_id))

    def search(self, experiment_ids: Sequence[str], **query: Unpack[ModelQuery]) -> Page[LoggedModel]:
        return self._models.search(self._rights.readable(Kind.EXPERIMENT, experiment_ids), **query)

    def _may(self, wanted: Permission, model_id: str) -> str:
        self._rights.need(wanted, Kind.LOGGED_MODEL, model_id)
        return model_id

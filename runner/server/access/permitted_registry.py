"""The model registry as one user may see and change it; see permitted.py."""

from collections.abc import Mapping, Sequence
from typing import Unpack

from runner.server.access.queries import RegistryQuery
from runner.server.access.rights import EDIT, MANAGE, READ, Rights
from runner.tracking.access import Kind, Permission
from runner.tracking.model import Page
from runner.tracking.registry import ModelVersion, RegisteredModel, Registry, Stage


class PermittedRegistry:
    """See `store.Registry`."""

    def __init__(self, registry: Registry, rights: Rights) -> None:
        self._registry = registry
        self._rights = rights

    def create(self, name: str, *, description: str = "", tags: Mapping[str, str] = {}) -> RegisteredModel:
        made = self._registry.create(name, description=description, tags=tags)
        self._rights.own(Kind.MODEL, made.name)
        return made

    def get(self, name: str) -> RegisteredModel:
        return self._registry.get(self._may(READ, name))

    def describe(self, name: str, description: str) -> RegisteredModel:
        return self._registry.describe(self._may(EDIT, name), description)

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        return self._registry.rename(self._may(EDIT, name), new_name)

    def delete(self, name: str) -> None:
        self._registry.delete(self._may(MANAGE, name))

    def search(self, **query: Unpack[RegistryQuery]) -> Page[RegisteredModel]:
        query["reader"] = self._rights.reader  # nobody searches for others
        return self._registry.search(**query)

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        self._registry.tag(self._may(EDIT, name), tags)

    def delete_tag(self, name: str, key: str) -> None:
        self._registry.delete_tag(self._may(EDIT, name), key)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._registry.set_alias(self._may(EDIT, name), alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        self._registry.delete_alias(self._may(EDIT, name), alias)

    def create_version(
        self,
        name: str,
        source: str,
        *,
        run_id: str = "",
        run_link: str = "",
        model_id: str = "",
        description: str = "",
        user: str = "",  # noqa: ARG002 - who signed in, whatever the client says
        tags: Mapping[str, str] = {},
    ) -> ModelVersion:
        self._may(EDIT, name)
        if run_id:
            self._rights.need(READ, Kind.RUN, run_id)
        if model_id:
            self._rights.need(READ, Kind.LOGGED_MODEL, model_id)
        return self._registry.create_version(
            name,
            source,
            run_id=run_id,
            run_link=run_link,
            model_id=model_id,
            description=description,
            user=self._rights.user.name,
            tags=tags,
        )

    def version(self, name: str, version: int) -> ModelVersion:
        return self._registry.version(self._may(READ, name), version)

    def aliased(self, name: str, alias: str) -> ModelVersion:
        return self._registry.aliased(self._may(READ, name), alias)

    def latest(self, name: str, stages: Sequence[Stage] = ()) -> Sequence[ModelVersion]:
        return self._registry.latest(self._may(READ, name), stages)

    def describe_version(self, name: str, version: int, description: str) -> ModelVersion:
        return self._registry.describe_version(self._may(EDIT, name), version, description)

    def move_version(
        self, name: str, version: int, stage: Stage, *, archive_others: bool = False
    ) -> ModelVersion:
        return self._registry.move_version(
            self._may(EDIT, name), version, stage, archive_others=archive_others
        )

    def delete_version(self, name: str, version: int) -> None:
        self._registry.delete_version(self._may(MANAGE, name), version)

    def tag_version(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        self._registry.tag_version(self._may(EDIT, name), version, tags)

    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        self._registry.delete_version_tag(self._may(EDIT, name), version, key)

    def search_versions(self, **query: Unpack[RegistryQuery]) -> Page[ModelVersion]:
        query["reader"] = self._rights.reader
        return self._registry.search_versions(**query)

    def _may(self, wanted: Permission, name: str) -> str:
        self._rights.need(wanted, Kind.MODEL, name)
        return name

"""The model registry as the program of one run may see and change it.

It may read everything, create registered models, and create versions of any of them. It may change, tag, alias and move the
versions that it created, and what an alias names: training promotes what it made, in place of what was there before.
Models and versions of others are not described, tagged, renamed or deleted.
"""

from collections.abc import Mapping, Sequence
from typing import Unpack

from runner.server.access.queries import RegistryQuery
from runner.server.access.scope import RunSession
from runner.server.errors import NotPermitted
from runner.tracking.model import Page
from runner.tracking.registry import ModelVersion, RegisteredModel, Registry, Stage


class ScopedRegistry:
    """A `Registry` that lets through what the scope allows."""

    def __init__(self, registry: Registry, session: RunSession) -> None:
        self._registry = registry
        self._session = session

    # registered models ------------------------------------------------------------------------------------
    def create(self, name: str, *, description: str = "", tags: Mapping[str, str] = {}) -> RegisteredModel:
        made = self._registry.create(name, description=description, tags=tags)
        self._session.models.add(name)
        return made

    def get(self, name: str) -> RegisteredModel:
        return self._registry.get(name)

    def describe(self, name: str, description: str) -> RegisteredModel:
        self._own(name)
        return self._registry.describe(name, description)

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        self._own_throughout(name)
        renamed = self._registry.rename(name, new_name)
        numbers = {number for known, number in self._session.versions if known == name}
        self._forget(name)
        self._session.models.add(new_name)
        self._session.versions |= {(new_name, number) for number in numbers}
        return renamed

    def delete(self, name: str) -> None:
        self._own_throughout(name)
        self._registry.delete(name)
        self._forget(name)

    def search(self, **query: Unpack[RegistryQuery]) -> Page[RegisteredModel]:
        return self._registry.search(**query)

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        self._own(name)
        self._registry.tag(name, tags)

    def delete_tag(self, name: str, key: str) -> None:
        self._own(name)
        self._registry.delete_tag(name, key)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._own_version(name, version)
        self._registry.set_alias(name, alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        version = self._registry.get(name).aliases.get(alias)
        if version is not None and name not in self._session.models:
            self._own_version(name, version)
        self._registry.delete_alias(name, alias)

    # versions ---------------------------------------------------------------------------------------------
    def create_version(
        self,
        name: str,
        source: str,
        *,
        run_id: str = "",
        run_link: str = "",
        model_id: str = "",
        description: str = "",
        user: str = "",
        tags: Mapping[str, str] = {},
    ) -> ModelVersion:
        made = self._registry.create_version(
            name,
            source,
            run_id=run_id,
            run_link=run_link,
            model_id=model_id,
            description=description,
            user=user,
            tags=tags,
        )
        self._session.versions.add((name, made.version))
        return made

    def version(self, name: str, version: int) -> ModelVersion:
        return self._registry.version(name, version)

    def aliased(self, name: str, alias: str) -> ModelVersion:
        return self._registry.aliased(name, alias)

    def latest(self, name: str, stages: Sequence[Stage] = ()) -> Sequence[ModelVersion]:
        return self._registry.latest(name, stages)

    def describe_version(self, name: str, version: int, description: str) -> ModelVersion:
        self._own_version(name, version)
        return self._registry.describe_version(name, version, description)

    def move_version(
        self, name: str, version: int, stage: Stage, *, archive_others: bool = False
    ) -> ModelVersion:
        self._own_version(name, version)
        return self._registry.move_version(name, version, stage, archive_others=archive_others)

    def delete_version(self, name: str, version: int) -> None:
        self._own_version(name, version)
        self._registry.delete_version(name, version)

    def tag_version(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        self._own_version(name, version)
        self._registry.tag_version(name, version, tags)

    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        self._own_version(name, version)
        self._registry.delete_version_tag(name, version, key)

    def search_versions(self, **query: Unpack[RegistryQuery]) -> Page[ModelVersion]:
        return self._registry.search_versions(**query)

    # who may ----------------------------------------------------------------------------------------------
    def _own(self, name: str) -> RegisteredModel:
        """The model, if the program created it."""
        found = self._registry.get(name)  # one that does not exist is told so
        if name not in self._session.models:
            raise NotPermitted(
                f"registered model {name!r} was not created in run {self._session.scope.run_id}"
            )
        return found

    def _own_version(self, name: str, version: int) -> None:
        self._registry.version(name, version)
        if (name, version) not in self._session.versions:
            raise NotPermitted(
                f"version {version} of {name!r} was not created in run {self._session.scope.run_id}"
            )

    def _own_throughout(self, name: str) -> None:
        """Others may have added versions to a model that was created here: numbers count up from 1."""
        numbers = [version.version for version in self._own(name).latest]
        for number in range(1, max(numbers, default=0) + 1):
            if (name, number) not in self._session.versions:
                raise NotPermitted(f"registered model {name!r} has versions of others")

    def _forget(self, name: str) -> None:
        self._session.models.discard(name)
        self._session.versions -= {known for known in self._session.versions if known[0] == name}

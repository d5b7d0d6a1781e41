"""Registered models and their versions: values, and what keeps them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from runner.tracking.access import Reader
from runner.tracking.model import Page


class Stage(StrEnum):
    """Where a version of a registered model stands."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """A version of a registered model: `source` is where its files come from, `run_id` and `model_id` what made them.

    `location` is where the files are: the source itself, unless that is another model; "" if only the store's server knows.
    """

    model: str
    version: int
    created: int
    updated: int
    source: str
    location: str = ""
    stage: Stage = Stage.NONE
    description: str = ""
    run_id: str = ""
    run_link: str = ""
    model_id: str = ""
    user: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredModel:
    """A named line of model versions. `latest` holds the newest version of each stage that has one."""

    name: str
    created: int
    updated: int
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
    latest: tuple[ModelVersion, ...] = ()


class Registry(Protocol):
    """Registered models and their versions. Errors as in `Store`."""

    def create(
        self, name: str, *, description: str = "", tags: Mapping[str, str] = {}
    ) -> RegisteredModel: ...

    def get(self, name: str) -> RegisteredModel: ...

    def describe(self, name: str, description: str) -> RegisteredModel: ...

    def rename(self, name: str, new_name: str) -> RegisteredModel: ...

    def delete(self, name: str) -> None:
        """The model with its versions, tags and aliases; files stay where they are."""
        ...

    def search(
        self,
        *,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 100,
        page_token: str | None = None,
        reader: Reader | None = None,
    ) -> Page[RegisteredModel]:
        """Registered models that match; by name unless ordered."""
        ...

    def tag(self, name: str, tags: Mapping[str, str]) -> None: ...

    def delete_tag(self, name: str, key: str) -> None: ...

    def set_alias(self, name: str, alias: str, version: int) -> None: ...

    def delete_alias(self, name: str, alias: str) -> None: ...

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
        """The next version; numbers count up and are never used again."""
        ...

    def version(self, name: str, version: int) -> ModelVersion: ...

    def aliased(self, name: str, alias: str) -> ModelVersion: ...

    def latest(self, name: str, stages: Sequence[Stage] = ()) -> Sequence[ModelVersion]:
        """The newest version of each stage (of these, if some are given)."""
        ...

    def describe_version(self, name: str, version: int, description: str) -> ModelVersion: ...

    def move_version(
        self, name: str, version: int, stage: Stage, *, archive_others: bool = False
    ) -> ModelVersion:
        """Put it into a stage; `archive_others` moves those that stand there to Archived."""
        ...

    def delete_version(self, name: str, version: int) -> None: ...

    def tag_version(self, name: str, version: int, tags: Mapping[str, str]) -> None: ...

    def delete_version_tag(self, name: str, version: int, key: str) -> None: ...

    def search_versions(
        self,
        *,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 100,
        page_token: str | None = None,
        reader: Reader | None = None,
    ) -> Page[ModelVersion]:
        """Versions that match; the last changed first unless ordered."""
        ...

"""What is asked about registered models, and the answers about them. Times are milliseconds since the epoch, `who` is a user."""
# ruff: noqa: RUF012 - msgspec copies what stands for a new list

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from runner.server.mlflow import wire
from runner.server.native.shapes import Shape

Version = Annotated[int, Meta(ge=1, le=999_999_999)]


class ListModels(wire.Request):
    """`q` is a part of the name. `sort`: `-` stands before it for the greatest first. `after` is `next` of an earlier answer."""

    q: Annotated[str, Meta(max_length=500)] = ""
    sort: Literal["name", "-name", "changed", "-changed", "created", "-created"] = "-changed"
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    after: Annotated[str, Meta(max_length=200)] = ""


class LookAtModel(wire.Request):
    """A registered model."""

    name: str


class LookAtVersion(LookAtModel):
    """A version of it."""

    version: Version


class MoveAlias(LookAtModel):
    """The alias goes to `version`; without one it is taken away. `before`: where it is as far as the caller knows."""

    alias: str
    why: Annotated[str, Meta(min_length=1, max_length=1000)]
    version: Version | None = None
    before: Version | None = None


class Made(Shape):
    """A run, in short."""

    id: str
    name: str


class VersionRow(Shape):
    """A version among others. `about`: the beginning of its description; `metrics` are those of its run."""

    version: int
    created: int
    who: str = ""
    stage: str = ""
    about: str = ""
    aliases: list[str] = []
    run: Made | None = None
    run_id: str = ""
    metrics: dict[str, wire.Number] = {}


class Alias(Struct, kw_only=True):
    """Where an alias is."""

    alias: str
    version: int


class ModelRow(Shape):
    """A model among others. `decides`: the metric by which its versions are told apart; `newest` has its value.

    `stages` has the newest version of each stage.
    """

    name: str
    created: int
    changed: int
    about: str = ""
    aliases: list[Alias] = []
    stages: dict[str, int] = {}
    newest: VersionRow | None = None
    decides: str = ""


class ModelRows(Shape):
    """A page of models. `next`: there are more, asked for by `after`."""

    models: list[ModelRow] = msgspec.field(default_factory=list)
    next: str = ""


class Move(Shape):
    """An alias that went from one version to another; without `from` it was new, without `to` it was taken away."""

    alias: str
    why: str = ""
    who: str = ""
    time: int = 0
    from_: int | None = msgspec.field(name="from", default=None)
    to: int | None = None


class ModelLook(Shape):
    """A model with its versions, the newest first; `more`: there are older ones, which are not told.

    `nodes` is the description as a tree. `metrics` are those that most runs of versions have; `decides` is one of them.
    `moves` of aliases, the latest first.
    """

    name: str
    created: int
    changed: int
    description: str = ""
    nodes: list[Any] = []
    tags: dict[str, str] = {}
    aliases: list[Alias] = []
    versions: list[VersionRow] = []
    more: bool = False
    metrics: list[str] = []
    decides: str = ""
    moves: list[Move] = []

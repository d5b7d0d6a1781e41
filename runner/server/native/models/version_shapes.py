"""Answers about one version of a registered model; see shapes.py."""
# ruff: noqa: RUF012 - msgspec copies what stands for a new list

from typing import Any

from msgspec import Struct

from runner.server.native.looking.shapes import Table
from runner.server.native.models.shapes import Made
from runner.server.native.overview_shapes import Data, LatestMetric
from runner.server.native.shapes import Shape
from runner.tracking.model import RunStatus


class MadeBy(Made):
    """The run that made a version. `lock` is the digest of its packages."""

    experiment: str
    status: RunStatus
    experiment_name: str = ""
    who: str = ""
    started: int | None = None
    commit: str = ""
    dirty: bool = False
    environment: str = ""
    lock: str = ""
    data: list[Data] = []
    metrics: list[LatestMetric] = []


class VersionName(Struct, kw_only=True):
    """A version of a registered model."""

    name: str
    version: int


class Logged(Shape):
    """The logged model of which a version was made. `registered`: other versions that were; `measured`: runs that measured it."""

    id: str
    name: str
    status: str
    type: str = ""
    params: dict[str, str] = {}
    registered: list[VersionName] = []
    measured: list[Made] = []


class Flavor(Shape):
    """A way to load a model, with the version of its library, and what else the file says of it."""

    name: str
    version: str = ""
    values: dict[str, str] = {}


class Spec(Shape):
    """A column, a tensor (with its `shape`, -1: any length) or a param (with its `default`).

    `fields` are those of an object, of the values of a map or of the items of an array.
    """

    name: str
    type: str
    shape: list[int] | None = None
    optional: bool = False
    default: Any = None
    fields: list["Spec"] = []


class Signature(Shape):
    """What a model takes and gives. `more`: there is more than is told. `trouble`: why a part cannot be told."""

    inputs: list[Spec] = []
    outputs: list[Spec] = []
    params: list[Spec] = []
    more: bool = False
    trouble: str = ""


class MLmodel(Shape):
    """What the file MLmodel says. `size` is that of the model when it was written."""

    flavors: list[Flavor] = []
    signature: Signature | None = None
    loader: str = ""
    python: str = ""
    mlflow: str = ""
    written: str = ""
    uuid: str = ""
    size: int | None = None
    metadata: Any = None


class Example(Shape):
    """A sample input: a table, or nested values; `params` that were given with it. `serving` is the body of a request to a served model.

    `trouble`: why it cannot be shown.
    """

    path: str
    table: Table | None = None
    value: Any = None
    params: Any = None
    serving: str = ""
    trouble: str = ""


class ModelFile(Struct, kw_only=True):
    """A file of a model; its path is that below the directory of the model."""

    path: str
    size: int


class VersionLook(Shape):
    """A version of a registered model: where it comes from, and what its files say. `unknown`: what cannot be told, and why.

    `nodes` is the description as a tree, `card` the model card, from the file `card_path`. `source` is as it was registered.
    `files` are at most 500; `more`: there are others. `run_path`: where they lie among the artifacts of the run, if they do.
    """

    name: str
    version: int
    created: int
    changed: int
    source: str
    stage: str
    who: str = ""
    description: str = ""
    nodes: list[Any] = []
    tags: dict[str, str] = {}
    aliases: list[str] = []
    run: MadeBy | None = None
    logged: Logged | None = None
    mlmodel: MLmodel | None = None
    example: Example | None = None
    card: list[Any] = []
    card_path: str = ""
    licence: str = ""
    python: str = ""
    requirements: list[str] = []
    requirements_path: str = ""
    files: list[ModelFile] = []
    more: bool = False
    run_path: str | None = None
    unknown: list[str] = []

"""Requests and answers about many runs at once."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from runner.server.mlflow import wire
from runner.server.native.shapes import Shape
from runner.tracking.model import RunStatus

MOST_ROWS, MOST_COLUMNS, MOST_RUNS = 2000, 200, 1000
Names = Annotated[list[str], Meta(max_length=MOST_COLUMNS)]


class ChooseRuns(wire.Request):
    """Which runs: those of the experiments (none: all) that fit the filter `q`, and are among `runs` if any are given."""

    experiment: Annotated[list[str], Meta(max_length=MOST_RUNS)] = field(default_factory=list)
    q: str = ""
    runs: Annotated[list[str], Meta(max_length=MOST_RUNS)] = field(default_factory=list)
    lifecycle: Literal["active", "deleted"] = "active"


class ReadTable(ChooseRuns):
    """Which part of the table: `sort` and `columns` hold `metrics.loss`, `min(metrics.loss)`, `params.lr`, `tags.team`, `started`."""

    sort: Annotated[list[str], Meta(max_length=8)] = field(default_factory=list)
    columns: Names = field(default_factory=list)
    offset: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: Annotated[int, Meta(ge=0, le=MOST_ROWS)] = 100


class Row(Shape):
    """A run; `values` are those of the columns, in their order."""

    id: str
    name: str
    experiment: str
    status: RunStatus
    values: list[wire.Number | None]
    user: str = ""
    started: int | None = None
    ended: int | None = None


class TableAnswer(Struct, kw_only=True):
    """Rows from `offset` on, of `total` in all."""

    total: int
    offset: int
    columns: list[str]
    rows: list[Row]


class ReadColumns(ChooseRuns):
    """Of which runs."""


class Facts(Shape):
    """What the runs have under a key: `count` of them have it. `distinct`: 1, or 2 for any more; `value`: the only one.

    `numeric`: all are numbers, from `min` to `max` (without NaN).
    """

    key: str
    count: int
    distinct: int
    numeric: bool
    min: wire.Number | None = None
    max: wire.Number | None = None
    value: wire.Number | None = None


class ColumnsAnswer(Struct, kw_only=True):
    """Metrics, params and tags of `total` runs, by name."""

    total: int
    columns: list[Facts]

"""What is asked of an artifact that is looked at, and what there is to see."""
# ruff: noqa: RUF012 - msgspec copies what stands for a new list

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from runner.server.mlflow import wire
from runner.server.native.shapes import Shape

MOST_ROWS = 1000


class ViewFile(wire.Request):
    """Of a table: which rows, in which order (a column, `-` before it for the greatest first), those alone that hold `filter`; instead
    of them `statistics` of their columns. `member`: an array of an npz file."""

    offset: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST_ROWS)] = 100
    sort: Annotated[str, Meta(max_length=1000)] = ""
    filter: Annotated[str, Meta(max_length=1000)] = ""
    statistics: bool = False
    member: Annotated[str, Meta(max_length=1000)] = ""


class Column(Shape):
    """A column of a table; `type` where the file says it."""

    name: str
    numeric: bool = False
    type: str = ""


class ColumnStatistics(Shape):
    """What the values of a column are like: `distinct` are different ones (`more`: at least), `frequent` pairs of a value and how often
    it is there; `low`, `high` and `mean` where all are numbers."""

    name: str
    count: int
    missing: int = 0
    distinct: int = 0
    more: bool = False
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    frequent: list[Any] = []


class Table(Struct, kw_only=True):
    """Rows from `offset` on, of `total` that fit. `partial`: only the beginning of the file was read."""

    columns: list[Column]
    rows: list[list[Any]]
    offset: int
    total: int
    partial: bool = False
    statistics: list[ColumnStatistics] = []


class Array(Shape):
    """An array; `low` and `high` are the least and the greatest of its numbers, `values` the first ones, as many as fit; `picture` some of
    all, evenly chosen, in one or two dimensions."""

    name: str
    dtype: str
    shape: list[int]
    size: int
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    values: list[Any] = []
    picture: list[Any] = []


class Output(Shape):
    """What a cell of a notebook gave: text, or a picture (`data` is base64 of the media type `kind`)."""

    kind: str
    text: str = ""
    data: str = ""


class Cell(Shape):
    """A cell of a notebook; `nodes` of text, `source` of code."""

    kind: Literal["markdown", "code", "raw"]
    source: str = ""
    nodes: list[Any] = []
    count: int | None = None
    outputs: list[Output] = []


class View(Shape):
    """An artifact as it can be shown; `kind` says which of the others there is. `missing`: why there is none."""

    path: str
    size: int
    kind: Literal["table", "arrays", "markdown", "notebook", "tree", "bytes"]
    table: Table | None = None
    arrays: list[Array] = []
    nodes: list[Any] = []
    cells: list[Cell] = []
    value: Any = None
    missing: str = ""

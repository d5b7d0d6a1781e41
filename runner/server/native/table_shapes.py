"""Requests and answers about many runs at once."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from runner.server.mlflow import wire
from runner.server.native.shapes import Shape
from runner.tracking.model import RunStatus

MOST_ROWS, MOST_COLUMNS, MOST_RUNS, MOST_LINES, MOST_NEWEST = 2000, 200, 1000, 500, 500
Place = Annotated[int, Meta(ge=-(2**53), le=2**53)]
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
    """Of which runs: all that are chosen, or the `newest` of them."""

    newest: Annotated[int, Meta(ge=1, le=MOST_NEWEST)] | None = None


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


class ReadGroups(ChooseRuns):
    """Runs that are equal in the columns `by`; without any, in all params that differ, except those of `but`."""

    by: Names = field(default_factory=list)
    but: Names = field(default_factory=list)
    columns: Names = field(default_factory=list)
    sort: Annotated[list[str], Meta(max_length=8)] = field(default_factory=list)
    offset: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: Annotated[int, Meta(ge=0, le=MOST_ROWS)] = 100


class CellAnswer(Shape):
    """What runs of a group have in a column: `count` of them anything, `value` if it is the same (`distinct` 1).

    Of numbers the mean, the sample standard deviation `spread`, the least and the greatest.
    """

    count: int
    distinct: int
    value: wire.Number | None = None
    mean: float | None = None
    spread: float | None = None
    min: float | None = None
    max: float | None = None


class GroupAnswer(Shape):
    """Runs with the same values in the columns `by`, when the newest started, some of their ids, and a cell for each column."""

    by: list[wire.Number | None]
    count: int
    runs: list[str]
    cells: list[CellAnswer]
    started: int | None = None


class GroupsAnswer(Struct, kw_only=True):
    """Groups from `offset` on, of `total` in all, which hold `runs` runs."""

    total: int
    runs: int
    offset: int
    by: list[str]
    columns: list[str]
    groups: list[GroupAnswer]


class ReadSeries(wire.Request):
    """Metrics `keys` of `runs`, along `x` from `from` to `to`, each in about `buckets` pieces."""

    runs: Annotated[list[str], Meta(min_length=1, max_length=MOST_LINES)]
    keys: Annotated[list[str], Meta(min_length=1, max_length=MOST_COLUMNS)]
    x: Literal["step", "time", "elapsed"] = "step"
    low: Place | None = field(default=None, name="from")
    high: Place | None = field(default=None, name="to")
    buckets: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class Series(Struct, kw_only=True):
    """A metric of a run: a bucket is [x, min, max, first, last], one with a single point [x, value].

    `count` points are in it, among them `nan` and `infinite` ones: they are null.
    """

    run: str
    key: str
    count: int
    nan: int
    infinite: int
    points: list[list[float | None]]


class SeriesAnswer(Struct, kw_only=True):
    """What there is, in the order of the runs."""

    x: str
    series: list[Series]


class Complete(wire.Request):
    """The filter, and where in it the caret is: behind its last character unless said."""

    text: Annotated[str, Meta(max_length=10_000)] = ""
    at: Annotated[int, Meta(ge=0, le=10_000)] = 10_000
    experiment: Annotated[list[str], Meta(max_length=MOST_RUNS)] = field(default_factory=list)


class Completion(Shape):
    """What can stand there, and what it is."""

    text: str
    soft: str = ""


class Completions(Struct, kw_only=True):
    """What can stand in place of the characters from `from` to `to`."""

    kind: Literal["name", "operator", "value"]
    start: int = field(name="from")
    end: int = field(name="to")
    items: list[Completion]

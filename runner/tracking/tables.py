"""Many runs at once, for those who show them: as a table, as columns to choose from, as groups, as lines of a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

from runner.tracking.filters.parser import Name
from runner.tracking.filters.vocabulary import Entity
from runner.tracking.model import Lifecycle, RunStatus

Value: TypeAlias = str | float | None
"""In a table: a text, a number that may be NaN or infinite, or nothing."""
Axis: TypeAlias = Literal["step", "time", "elapsed"]
"""Steps, times, or milliseconds since the run has started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which runs: those of the experiments (None: all) that fit the filter and, if any are named, are among `runs`."""

    experiments: Sequence[str] | None = None
    filter: str = ""
    runs: Sequence[str] = ()
    lifecycle: Lifecycle = Lifecycle.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A run; `values` are those of the columns that were asked for."""

    id: str
    name: str
    experiment: str
    status: RunStatus
    user: str
    started: int | None
    ended: int | None
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Some rows, and how many there are in all."""

    total: int
    rows: tuple[TableRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """What the runs have under a key.

    `count` of them have it, with `distinct` values: 1, or 2 for any more. `numeric`: all are numbers, `low` to `high` (without
    NaN). `value` is the only one.
    """

    key: str
    count: int
    distinct: int
    numeric: bool
    low: float | None = None
    high: float | None = None
    value: Value = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The keys that runs have, and how many runs there are."""

    total: int
    columns: tuple[ColumnFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which part of lines, along `axis` from `low` to `high` (None: from the first to the last point), in how many buckets."""

    axis: Axis = "step"
    low: int | None = None
    high: int | None = None
    buckets: int = 1000


class Bucket(NamedTuple):
    """`points` of them next to each other from `x` on. None stands for NaN and infinities, which are no `least` or `greatest`."""

    x: int
    points: int
    least: float | None
    greatest: float | None
    first: float | None
    last: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A metric of a run: buckets without points are left out. `nan` and `infinite` count those points."""

    run: str
    key: str
    nan: int
    infinite: int
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for keys or values offers: a text, what it is of (a value: nothing), and how many runs have it if that is known."""

    text: str
    entity: Entity | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What the runs of a group have in a column: `count` of them anything, `distinct` values (1, or 2 for any more).

    `value` is the only one. Of numbers (NaN and infinities left out) the mean, the sample standard deviation `spread` (of two
    at least), the least and the greatest.
    """

    count: int
    distinct: int
    value: Value = None
    mean: float | None = None
    spread: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Runs that are equal in the columns `by`; some of their ids, newest first."""

    by: tuple[Value, ...]
    count: int
    started: int | None
    runs: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Some groups; how many there are, of how many runs, and the columns in which the runs of each are equal."""

    total: int
    runs: int
    by: tuple[str, ...]
    groups: tuple[Group, ...]


class Tables(Protocol):
    """Filters, orders and columns are in the words of `runner.tracking.filters.native` and `.columns`.

    Raises:
        FilterError: where one of them is wrong.
    """

    def table(
        self, chosen: Chosen, *, sort: Sequence[str], columns: Sequence[str], offset: int, limit: int
    ) -> Table:
        """Newest first unless sorted; what has no value comes last in both directions, NaN before it."""
        ...

    def columns(self, chosen: Chosen, *, newest: int | None = None) -> Columns:
        """Of metrics, params and tags, by name; of some of the newest runs, at most 500 of them, or of all."""
        ...

    def groups(
        self,
        chosen: Chosen,
        *,
        by: Sequence[str],
        but: Sequence[str],
        columns: Sequence[str],
        sort: Sequence[str],
        offset: int,
        limit: int,
    ) -> Groups:
        """Runs that are equal in `by`; without any, in all params that differ at all, `but` some. Newest first unless sorted."""
        ...

    def lines(self, runs: Sequence[str], keys: Sequence[str], span: Span) -> Sequence[Line]:
        """Metrics of these runs, as far as there are any. What a bucket holds lies between its least and greatest value."""
        ...

    def keys(self, chosen: Chosen, text: str, *, limit: int) -> Sequence[Found]:
        """Keys in the experiments that hold the text, those that begin with it first; of tags, those of the newest runs."""
        ...

    def values(self, chosen: Chosen, name: Name, text: str, *, limit: int) -> Sequence[Found]:
        """Texts that params, tags or attributes of that name have in the newest runs and that hold the text, the most frequent first."""
        ...

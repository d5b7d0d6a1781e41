"""Many runs at once, for those who show them: as a table, as columns to choose from, as groups, as lines of a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from runner.tracking.model import Lifecycle, RunStatus

Value: TypeAlias = str | float | None
"""In a table: a text, a number that may be NaN or infinite, or nothing."""
Axis: TypeAlias = Literal["step", "time"]


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

    def columns(self, chosen: Chosen) -> Columns:
        """Of metrics, params and tags, by name."""
        ...

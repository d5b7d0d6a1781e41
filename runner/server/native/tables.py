"""Calls about many runs at once: what tables are drawn from."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.server.mlflow import wire
from runner.server.native.operation import Operation, json, query, view
from runner.server.native.table_shapes import (
    CellAnswer,
    ChooseRuns,
    ColumnsAnswer,
    Facts,
    GroupAnswer,
    GroupsAnswer,
    ReadColumns,
    ReadGroups,
    ReadTable,
    Row,
    TableAnswer,
)
from runner.tracking.model import Lifecycle
from runner.tracking.tables import Cell, Chosen, ColumnFacts, Group, TableRow, Tables, Value

R = TypeVar("R", bound=wire.Request)


def answering(
    shape: type[R], answer: Callable[[Tables, R], Struct]
) -> Callable[[Request], Awaitable[Response]]:
    """The call that answers such a request from the tables that the caller may see."""

    async def answered(request: Request) -> Response:
        asked = query(request, shape)
        return await run_in_threadpool(lambda: json(answer(view(request).tables, asked)))

    return answered


def table(tables: Tables, asked: ReadTable) -> TableAnswer:
    """See `Tables.table`."""
    found = tables.table(
        chosen(asked), sort=asked.sort, columns=asked.columns, offset=asked.offset, limit=asked.limit
    )
    return TableAnswer(
        total=found.total,
        offset=asked.offset,
        columns=asked.columns,
        rows=[_row(each) for each in found.rows],
    )


def columns(tables: Tables, asked: ReadColumns) -> ColumnsAnswer:
    """See `Tables.columns`."""
    found = tables.columns(chosen(asked), newest=asked.newest)
    return ColumnsAnswer(total=found.total, columns=[_facts(each) for each in found.columns])


def groups(tables: Tables, asked: ReadGroups) -> GroupsAnswer:
    """See `Tables.groups`."""
    found = tables.groups(
        chosen(asked),
        by=asked.by,
        but=asked.but,
        columns=asked.columns,
        sort=asked.sort,
        offset=asked.offset,
        limit=asked.limit,
    )
    return GroupsAnswer(
        total=found.total,
        runs=found.runs,
        offset=asked.offset,
        by=list(found.by),
        columns=asked.columns,
        groups=[_group(each) for each in found.groups],
    )


def chosen(asked: ChooseRuns) -> Chosen:
    """The runs that a request is about."""
    return Chosen(
        experiments=asked.experiment or None,
        filter=asked.q,
        runs=asked.runs,
        lifecycle=Lifecycle(asked.lifecycle),
    )


def _row(row: TableRow) -> Row:
    return Row(
        id=row.id,
        name=row.name,
        experiment=row.experiment,
        status=row.status,
        values=[_shown(value) for value in row.values],
        user=row.user,
        started=row.started,
        ended=row.ended,
    )


def _group(group: Group) -> GroupAnswer:
    return GroupAnswer(
        by=[_shown(value) for value in group.by],
        count=group.count,
        runs=list(group.runs),
        cells=[_cell(each) for each in group.cells],
        started=group.started,
    )


def _cell(cell: Cell) -> CellAnswer:
    return CellAnswer(
        count=cell.count,
        distinct=cell.distinct,
        value=_shown(cell.value),
        mean=cell.mean,
        spread=cell.spread,
        min=cell.low,
        max=cell.high,
    )


def _facts(facts: ColumnFacts) -> Facts:
    return Facts(
        key=facts.key,
        count=facts.count,
        distinct=facts.distinct,
        numeric=facts.numeric,
        min=_shown(facts.low),
        max=_shown(facts.high),
        value=_shown(facts.value),
    )


def _shown(value: Value) -> wire.Number | None:
    return wire.shown(value) if isinstance(value, float) else value


OPERATIONS: Sequence[Operation] = (
    Operation(
        "GET", "/runs/table", "readTable", "Runs as a table: filtered, sorted, a page of it",
        answering(ReadTable, table), TableAnswer, ReadTable,
    ),
    Operation(
        "GET", "/runs/columns", "readColumns", "Which metrics, params and tags runs have",
        answering(ReadColumns, columns), ColumnsAnswer, ReadColumns,
    ),
    Operation(
        "GET", "/runs/groups", "readGroups", "Runs that are equal in some columns, as one row",
        answering(ReadGroups, groups), GroupsAnswer, ReadGroups,
    ),
)  # fmt: skip

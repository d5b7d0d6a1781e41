"""Tables by columns: Parquet and Arrow, by pyarrow where it is installed. Of Parquet only the row groups are read that a page needs."""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from runner.errors import TrackingError
from runner.server.native.looking.batches import VALUE, unpacked
from runner.server.native.looking.shapes import Column, Table, ViewFile
from runner.server.native.looking.statistics import statistics
from runner.server.native.looking.values import cell

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile, RowGroupMetaData

LARGEST = 512 * 1024 * 1024  # bytes of what is read for one answer, unpacked
BATCH = 4096  # rows of a Parquet file that are unpacked at once
MAGIC = b"ARROW1\0\0"


def parquet(file: IO[bytes], asked: ViewFile) -> Table:
    """A page of a Parquet file."""
    import pyarrow as pa  # noqa: PLC0415 - not everybody has it
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415 - as above

    source = ParquetFile(file)
    whole = bool(asked.sort or asked.filter or asked.statistics)
    groups = list(range(source.num_row_groups)) if whole else list(_needed(source, asked))
    _refuse_large(sum(_unpacked(source.metadata.row_group(each)) for each in groups))
    batches = source.iter_batches(BATCH, row_groups=groups) if groups else ()
    first = 0 if whole or not groups else groups[0]
    before = sum(source.metadata.row_group(each).num_rows for each in range(first))
    tables = (pa.Table.from_batches([batch]) for batch in batches)
    empty = source.schema_arrow.empty_table()
    return _page(tables, empty, asked, total=source.metadata.num_rows, before=before)


def arrow(file: IO[bytes], size: int, asked: ViewFile) -> Table:
    """A page of an Arrow (Feather) file: what is read in both of its forms are the messages of a stream, which are looked at first."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    _refuse_large(size)
    start = len(MAGIC) if file.read(len(MAGIC)) == MAGIC else 0
    file.seek(start)
    _refuse_large(sum(map(unpacked, pa.ipc.MessageReader.open_stream(file))))
    file.seek(start)
    table = pa.ipc.open_stream(file).read_all()
    table.validate(full=True)  # offsets may lead out of what is there
    return _page(iter([table]), table.slice(0, 0), asked, total=table.num_rows, before=0)


def _unpacked(group: "RowGroupMetaData") -> int:
    """Bytes of a row group: as they are told, or, if that is more, as many values take. What is the same again and again is told once."""
    values: int = sum(group.column(each).num_values for each in range(group.num_columns))
    told: int = max(group.total_byte_size, VALUE * group.num_rows)
    return max(told, VALUE * values)


def _needed(source: "ParquetFile", asked: ViewFile) -> Iterator[int]:
    """Row groups that hold rows of the page."""
    begin = 0
    for number in range(source.num_row_groups):
        end = begin + source.metadata.row_group(number).num_rows
        if begin < asked.offset + asked.limit and end > asked.offset:
            yield number
        begin = end


def _page(
    tables: "Iterator[pa.Table]", empty: "pa.Table", asked: ViewFile, *, total: int, before: int
) -> Table:
    """`empty` is a table of the same columns, without rows."""
    if asked.filter:
        tables = (_filtered(table, asked.filter) for table in tables)
    if asked.statistics:
        return _statistics(tables, empty)
    table = _held(tables, empty)
    if asked.sort:
        name, descending = asked.sort.removeprefix("-"), asked.sort.startswith("-")
        table = _sorted(table, name, descending=descending)
    return Table(
        columns=_columns(table),
        rows=[list(map(cell, row)) for row in _rows(table.slice(asked.offset - before, asked.limit))],
        offset=asked.offset,
        total=table.num_rows if asked.filter else total,
    )


def _held(tables: "Iterator[pa.Table]", empty: "pa.Table") -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415 - as above

    found, size = [empty], 0
    for table in tables:
        size += table.nbytes
        _refuse_large(size)
        found.append(table)
    return pa.concat_tables(found)


def _rows(table: "pa.Table") -> Iterator[tuple[Any, ...]]:
    """One after the other: a value may be large, and stand there often."""
    return zip(*((value.as_py() for value in column) for column in table.columns), strict=True)


def _columns(table: "pa.Table") -> list[Column]:
    return [Column(name=field.name, type=str(field.type), numeric=_numeric(field)) for field in table.schema]


def _filtered(table: "pa.Table", text: str) -> "pa.Table":
    """Rows with a cell that holds the text; capital letters do not count."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    from pyarrow import compute  # noqa: PLC0415 - as above

    mask: Any = None
    for column in table.columns:
        try:
            fits = compute.match_substring(column.cast(pa.string()), text, ignore_case=True)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # what is no text, and has none
            continue
        fits = compute.fill_null(fits, False)
        mask = fits if mask is None else compute.or_(mask, fits)
    return table.slice(0, 0) if mask is None else table.filter(mask)


def _statistics(tables: "Iterator[pa.Table]", empty: "pa.Table") -> Table:
    found = statistics(empty.column_names, (row for table in tables for row in _rows(table)))
    total = found[0].count if found else 0
    return Table(columns=_columns(empty), rows=[], offset=0, total=total, statistics=found)


def _sorted(table: "pa.Table", name: str, *, descending: bool) -> "pa.Table":
    if name not in table.column_names:
        raise TrackingError(f"there is no column {name!r}")
    return table.sort_by([(name, "descending" if descending else "ascending")])


def _numeric(field: "pa.Field") -> bool:
    import pyarrow as pa  # noqa: PLC0415 - as above

    kind: Any = field.type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _refuse_large(size: int) -> None:
    if size > LARGEST:
        raise TrackingError(f"this table is too large to be looked at here: {size} bytes to unpack")

"""Tables by columns: Parquet and Arrow, by pyarrow where it is installed. Of Parquet only the row groups are read that a page needs."""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from runner.errors import TrackingError
from runner.server.native.looking.shapes import Column, Table, ViewFile
from runner.server.native.looking.statistics import statistics
from runner.server.native.looking.values import cell

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

LARGEST = 512 * 1024 * 1024  # bytes of what is read for one answer, unpacked


def parquet(file: IO[bytes], asked: ViewFile) -> Table:
    """A page of a Parquet file."""
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415 - not everybody has it

    source = ParquetFile(file)
    whole = bool(asked.sort or asked.filter or asked.statistics)
    groups = list(range(source.num_row_groups)) if whole else list(_needed(source, asked))
    _refuse_large(sum(source.metadata.row_group(each).total_byte_size for each in groups))
    read = source.read_row_groups(groups) if groups else source.schema_arrow.empty_table()
    first = 0 if whole or not groups else groups[0]
    before = sum(source.metadata.row_group(each).num_rows for each in range(first))
    return _page(read, asked, total=source.metadata.num_rows, before=before)


def arrow(file: IO[bytes], size: int, asked: ViewFile) -> Table:
    """A page of an Arrow (Feather) file."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    _refuse_large(size)
    try:
        table = pa.ipc.open_file(file).read_all()
    except pa.ArrowInvalid:
        file.seek(0)
        table = pa.ipc.open_stream(file).read_all()
    return _page(table, asked, total=table.num_rows, before=0)


def _needed(source: "ParquetFile", asked: ViewFile) -> Iterator[int]:
    """Row groups that hold rows of the page."""
    begin = 0
    for number in range(source.num_row_groups):
        end = begin + source.metadata.row_group(number).num_rows
        if begin < asked.offset + asked.limit and end > asked.offset:
            yield number
        begin = end


def _page(table: "pa.Table", asked: ViewFile, *, total: int, before: int) -> Table:
    if asked.filter:
        table = _filtered(table, asked.filter)
        total = table.num_rows
    if asked.statistics:
        return _statistics(table)
    if asked.sort:
        name, descending = asked.sort.removeprefix("-"), asked.sort.startswith("-")
        table = _sorted(table, name, descending=descending)
    page = table.slice(asked.offset - before, asked.limit)
    columns = [column.to_pylist() for column in page.columns]
    return Table(
        columns=_columns(table),
        rows=[[cell(value) for value in row] for row in zip(*columns, strict=True)],
        offset=asked.offset,
        total=total,
    )


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


def _statistics(table: "pa.Table") -> Table:
    columns = [column.to_pylist() for column in table.columns]
    found = statistics(table.column_names, zip(*columns, strict=True))
    return Table(columns=_columns(table), rows=[], offset=0, total=table.num_rows, statistics=found)


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

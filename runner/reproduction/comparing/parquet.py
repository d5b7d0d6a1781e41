"""Parquet tables, column by column. How rows are grouped and columns are encoded does not matter."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetFile

from runner.reproduction.comparing import arrays, documents
from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.unreadable import Unreadable

LARGEST = 1 << 30  # bytes of a table when unpacked
MOST_CELLS = 100_000_000
SLICE = 65_536  # rows at once


def table(first: Path, second: Path, tally: Tally) -> None:
    """Tables of as many rows; columns are found by their names."""
    tally.noun = "cells"
    with ParquetFile(first) as a, ParquetFile(second) as b:
        left, right = _columns(a), _columns(b)
        for name in [*left, *(name for name in right if name not in left)]:
            if tally.passed_over(name):
                tally.skipped += 1
            elif name not in left or name not in right:
                tally.lacking(f"column {name} only in the {'first' if name in left else 'second'}")
            elif a.metadata.num_rows == b.metadata.num_rows:
                _column(_values(a, name), _values(b, name), tally)
        if a.metadata.num_rows != b.metadata.num_rows:
            tally.lacking(f"{a.metadata.num_rows:,} and {b.metadata.num_rows:,} rows")


def _columns(file: Any) -> list[str]:
    metadata, names = file.metadata, list(file.schema_arrow.names)
    unpacked = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    if unpacked > LARGEST or metadata.num_rows * max(1, len(names)) > MOST_CELLS:
        raise Unreadable(f"more than {MOST_CELLS:,} cells or {LARGEST >> 20} MiB unpacked")
    if len(set(names)) != len(names):
        raise Unreadable("columns of the same name")
    return names


def _values(file: Any, name: str) -> Any:
    return file.read(columns=[name], use_threads=False).column(name)


def _column(a: Any, b: Any, tally: Tally) -> None:
    numeric = all(pa.types.is_integer(it.type) or pa.types.is_floating(it.type) for it in (a, b))
    for at in range(0, len(a), SLICE):
        left, right = a.slice(at, SLICE), b.slice(at, SLICE)
        if left.equals(right):
            tally.others(equal=True, count=len(left))
        elif numeric:
            _numbers(left, right, tally)
        else:
            documents.values(left.to_pylist(), right.to_pylist(), tally)


def _numbers(a: Any, b: Any, tally: Tally) -> None:
    """A cell without a value equals another without."""
    without, others = a.is_null().to_numpy(), b.is_null().to_numpy()
    tally.others(equal=False, count=int((without != others).sum()))
    tally.others(equal=True, count=int((without & others).sum()))
    valued = ~(without | others)
    arrays.piece(a.fill_null(0).to_numpy()[valued], b.fill_null(0).to_numpy()[valued], tally)

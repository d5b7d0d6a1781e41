"""Rows of texts: CSV, TSV, lines of JSON. They are read from the beginning each time, row by row, and held only to be sorted."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any

from runner.errors import TrackingError
from runner.server.native.looking.shapes import Column, Table, ViewFile
from runner.server.native.looking.statistics import statistics
from runner.server.native.looking.values import cell, number

LARGEST = 64 * 1024 * 1024  # bytes that are read for one answer; of a larger file its beginning
MOST_SORTED = 500_000  # rows
SAMPLE = 1000  # rows that tell the columns of lines of JSON
MOST_COLUMNS = 2000


def delimited(file: IO[bytes], size: int, asked: ViewFile, separator: str) -> Table:
    """CSV, or the like with another separator; its first line has the names."""
    rows = csv.reader(_lines(file), delimiter=separator)
    names = next(rows, [])[:MOST_COLUMNS]
    return _table(names, (row[: len(names)] for row in _read(rows)), asked, partial=size > LARGEST)


def json_lines(file: IO[bytes], size: int, asked: ViewFile) -> Table:
    """An object in each line; what is none is a value."""
    lines = _lines(file)
    first = [_object(line) for line in islice(lines, SAMPLE)]
    names = list(dict.fromkeys(name for row in first for name in row))[:MOST_COLUMNS]
    rows = ([row.get(name) for name in names] for row in _chained(first, map(_object, lines)))
    return _table(names, rows, asked, partial=size > LARGEST)


def _table(names: list[str], rows: Iterator[list[Any]], asked: ViewFile, *, partial: bool) -> Table:
    if asked.filter:
        rows = (row for row in rows if _holds(row, asked.filter.lower()))
    if asked.statistics:
        return _statistics(names, rows, partial=partial)
    found, total = _sorted(names, rows, asked) if asked.sort else _page(rows, asked)
    numeric = [_numeric(row[at] for row in found if at < len(row)) for at in range(len(names))]
    return Table(
        columns=[Column(name=name, numeric=each) for name, each in zip(names, numeric, strict=True)],
        rows=[[cell(value) for value in row] for row in found],
        offset=asked.offset,
        total=total,
        partial=partial,
    )


def _statistics(names: list[str], rows: Iterator[list[Any]], *, partial: bool) -> Table:
    found = statistics(names, rows)
    total = found[0].count if found else 0
    columns = [Column(name=each.name, numeric=each.mean is not None) for each in found]
    return Table(columns=columns, rows=[], offset=0, total=total, partial=partial, statistics=found)


def _holds(row: list[Any], wanted: str) -> bool:
    """Whether a text is in one of its cells; capital letters do not count."""
    return any(wanted in str(value).lower() for value in row if value is not None)


def _page(rows: Iterator[list[Any]], asked: ViewFile) -> tuple[list[list[Any]], int]:
    before = sum(1 for _ in islice(rows, asked.offset))
    found = list(islice(rows, asked.limit))
    return found, before + len(found) + sum(1 for _ in rows)


def _sorted(names: list[str], rows: Iterator[list[Any]], asked: ViewFile) -> tuple[list[list[Any]], int]:
    name, descending = asked.sort.removeprefix("-"), asked.sort.startswith("-")
    at = names.index(name) if name in names else 0
    held = list(islice(rows, MOST_SORTED + 1))
    if len(held) > MOST_SORTED:
        raise TrackingError(f"more than {MOST_SORTED} rows are not sorted here")
    held.sort(
        key=lambda row: key(row[at] if at < len(row) else None, last=not descending), reverse=descending
    )
    return held[asked.offset : asked.offset + asked.limit], len(held)


def key(value: Any, *, last: bool) -> tuple[int, float, str]:
    """By which a value stands among others: numbers, then texts; what is missing is at the end in both directions."""
    found = number(value)
    if found is not None and not math.isnan(found):
        return (1, found, "")
    text = "" if value is None else str(value)
    return (2, 0.0, text) if text else (3 if last else 0, 0.0, "")


def _numeric(values: Iterable[Any]) -> bool:
    there = [value for value in values if value not in (None, "")]
    return bool(there) and all(number(value) is not None for value in there)


def _lines(file: IO[bytes]) -> Iterator[str]:
    return iter(
        io.TextIOWrapper(
            io.BufferedReader(_Beginning(file)), encoding="utf-8-sig", errors="replace", newline=""
        )
    )


def _read(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Up to what no CSV has."""
    try:
        yield from rows
    except csv.Error as error:
        yield [f"here it is no CSV: {error}"]


def _object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = line.rstrip("\n")
    return found if isinstance(found, dict) else {"value": found}


def _chained(first: Iterable[dict[str, Any]], rest: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from first
    yield from rest


class _Beginning(io.RawIOBase):
    """A file up to `LARGEST`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, LARGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        found = self._file.read(min(len(buffer), self._left))
        self._left -= len(found)
        buffer[: len(found)] = found
        return len(found)

"""Tables of text: CSV, TSV and their relatives, cell by cell, row by row."""

import csv
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.unreadable import Unreadable

DELIMITERS = ",;\t|"
LONGEST_ROW = 1024 * 1024  # characters of a line

Row = list[str]


def delimited(first: Path, second: Path, tally: Tally) -> None:
    """Cells that read as numbers are numbers, others are texts. The first row gives columns their names."""
    tally.noun = "cells"
    left, right = _rows(first), _rows(second)
    try:
        titles, others = next(left, []), next(right, [])
        _row(titles, others, tally, passed_over=[])
        passed_over = [tally.passed_over(title) for title in titles]
        for a, b in zip_longest(left, right, fillvalue=None):
            if a is None or b is None:
                tally.others(equal=False, count=len(a or b or ()))
            else:
                _row(a, b, tally, passed_over)
    except csv.Error as error:
        raise Unreadable(f"no table that can be read: {error}") from error


def number(text: str) -> float | None:
    """The number that a cell is; None for other text.

    >>> number("1e3"), number("a"), number("1_000")
    (1000.0, None, None)
    """
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _row(first: Row, second: Row, tally: Tally, passed_over: list[bool]) -> None:
    if first == second:
        tally.others(equal=True, count=len(first))
        return
    for index, (a, b) in enumerate(zip_longest(first, second)):
        if index < len(passed_over) and passed_over[index]:
            tally.skipped += a != b
        elif a is None or b is None:
            tally.others(equal=False)
        else:
            _cell(a, b, tally)


def _cell(a: str, b: str, tally: Tally) -> None:
    if a == b or (one := number(a)) is None or (other := number(b)) is None:
        tally.others(equal=a == b)
    else:
        tally.numbers(one, other)


def _rows(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        head = text.readline(LONGEST_ROW)
        text.seek(0)
        delimiter = max(DELIMITERS, key=head.count)
        yield from (row for row in csv.reader(_bounded(text), delimiter=delimiter) if row)


def _bounded(text: "Iterator[str]") -> Iterator[str]:
    """Its lines; one that does not end is given up."""
    while line := text.readline(LONGEST_ROW):  # type: ignore[attr-defined]
        if len(line) == LONGEST_ROW:
            raise Unreadable(f"a line of more than {LONGEST_ROW:,} characters")
        yield line

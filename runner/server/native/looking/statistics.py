"""What the values of each column are like: how many there are, how many differ, their range, the most frequent ones."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from runner.server.native.looking.shapes import ColumnStatistics
from runner.server.native.looking.values import cell, number

MOST_VALUES = 10_000  # different ones that are counted, in a column
FREQUENT = 5  # values that are told


def statistics(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[ColumnStatistics]:
    """Those of each column, in one pass."""
    columns = [_Column(name) for name in names]
    for row in rows:
        for column, value in zip(columns, row, strict=False):
            column.add(value)
    return [column.told() for column in columns]


class _Column:
    def __init__(self, name: str) -> None:
        self._name = name
        self._count = self._missing = self._numbers = 0
        self._sum, self._low, self._high = 0.0, math.inf, -math.inf
        self._values: Counter[str] = Counter()
        self._full = False

    def add(self, value: Any) -> None:
        self._count += 1
        if value is None or value == "":
            self._missing += 1
            return
        text = str(value)[:200]
        if text in self._values or not self._full:
            self._values[text] += 1
            self._full = len(self._values) >= MOST_VALUES
        found = number(value)
        if found is not None and math.isfinite(found):
            self._numbers += 1
            self._sum += found
            self._low, self._high = min(self._low, found), max(self._high, found)

    def told(self) -> ColumnStatistics:
        found = ColumnStatistics(
            name=self._name,
            count=self._count,
            missing=self._missing,
            distinct=len(self._values),
            more=self._full,
        )
        found.frequent = [
            (cell(text), count) for text, count in self._values.most_common(FREQUENT) if count > 1
        ]
        if self._numbers and self._numbers >= self._count - self._missing:
            found.low, found.high, found.mean = self._low, self._high, self._sum / self._numbers
        return found

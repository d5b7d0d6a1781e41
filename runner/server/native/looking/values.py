"""What JSON and a browser can have of a value: every number exact, no text without end."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

EXACT = 2**53  # what a number of JavaScript holds
LONGEST = 2000  # characters of a text in a cell
MOST_DIMENSIONS = 64  # of an array: those of numpy
MOST, DEEPEST = 200_000, 100  # values in one answer, and their levels


class TooMuch(ValueError):
    """More than anybody looks at."""


def cell(value: Any) -> str | float | bool | None:  # noqa: PLR0911 - one of each type
    """One value of a table."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) <= EXACT else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
        case bytes():
            return f"{len(value)} bytes: {value[:32].hex(' ')}"
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            return cell(str(value))


def number(value: Any) -> float | None:
    """What a cell is as a number, a text too that reads as one; None: it is none."""
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None


def volume(shape: Sequence[Any]) -> int:
    """How many numbers an array of this shape holds.

    Raises:
        ValueError: no array has it.
    """
    size = 1
    for length in shape:
        if type(length) is not int or not 0 <= length < EXACT or len(shape) > MOST_DIMENSIONS:
            raise ValueError("an array of no possible shape")
        size = min(size * length, EXACT)
    return size


def tree(value: Any) -> Any:
    """Nested values.

    Raises:
        TooMuch: there are too many of them: a few bytes of YAML may stand for billions.
    """
    return _Counting().tree(value)


class _Counting:
    def __init__(self) -> None:
        self._left = MOST

    def tree(self, value: Any, depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise TooMuch(f"more than {MOST} values, or {DEEPEST} levels")
        match value:
            case Mapping():
                return {str(key): self.tree(each, depth + 1) for key, each in value.items()}
            case list() | tuple() | set():
                return [self.tree(each, depth + 1) for each in value]
            case Decimal():
                return str(value)
            case str():
                return value
            case _:
                return cell(value)

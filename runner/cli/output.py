"""Results on stdout: JSON for machines, texts for people. Tables are in tables.py, for what draws them is slow to import."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click


def print_json(value: Any) -> None:
    """Print `value` as indented JSON; NaN and infinities become null, as JSON has none."""
    click.echo(json.dumps(_finite(value), indent=2, ensure_ascii=False, default=str))


def printable(text: str) -> str:
    """Text without control characters: names and values come from strangers, and a terminal obeys."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def ago(milliseconds: int | None) -> str:
    """A time since the epoch as people say it: "3 min ago"; "" for None."""
    if milliseconds is None:
        return ""
    return f"{lasting(max(0, time.time_ns() // 1_000_000 - milliseconds))} ago"


def lasting(milliseconds: int) -> str:
    """A length of time in its largest unit.

    >>> lasting(90_000)
    '1.5 min'
    """
    seconds = milliseconds / 1000
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def number(value: float) -> str:
    """A metric's value, six digits."""
    return f"{value:.6g}"


def _finite(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case Mapping():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple() | Iterator():
            return [_finite(item) for item in value]
        case _:
            return value

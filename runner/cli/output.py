"""Results on stdout: JSON for machines, texts for people. Tables are in tables.py, for what draws them is slow to import."""

import json
import math
import sys
import time
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click


def print_json(value: Any) -> None:
    """Print `value` as indented JSON; NaN and infinities become null, as JSON has none."""
    click.echo(json.dumps(_finite(value), indent=2, ensure_ascii=False, default=str))


def printable(text: str) -> str:
    """Text without control characters: names and values come from strangers, and a terminal obeys."""
    return text if text.isprintable() else "".join(map(_visible, text))


def ago(milliseconds: int | None) -> str:
    """A time since the epoch as people say it: "3.0 min ago"; "" for None."""
    if milliseconds is None:
        return ""
    return f"{lasting(max(0, time.time_ns() // 1_000_000 - milliseconds))} ago"


def clock(milliseconds: int | None) -> str:
    """A time since the epoch as local date and time with its zone; "" for None."""
    if milliseconds is None:
        return ""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000).astimezone()
    except (OverflowError, ValueError, OSError):  # a client may log any 64-bit number
        return f"{milliseconds} ms"
    return moment.isoformat(sep=" ", timespec="milliseconds")


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
    """A metric's value, six digits; the greatest number stands for infinity in the store."""
    if abs(value) == sys.float_info.max:
        value = math.copysign(math.inf, value)
    return f"{value:.6g}"


def _visible(character: str) -> str:
    kept = character.isprintable() or unicodedata.category(character) == "Zs"  # spaces of all scripts
    return character if kept else "\N{REPLACEMENT CHARACTER}"


def _finite(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case Mapping():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case _:
            return value


def counted(count: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "package"), counted(2, "package")
    ('1 package', '2 packages')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"

"""Times as people write them, in milliseconds."""

import re
from datetime import datetime

from runner.tracking.clock import now

DURATION = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
LENGTH = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhdw]?)")
EPOCH = 10  # digits of what is no duration any more
FURTHEST = 4_000_000_000_000_000  # what databases take as a time, and none will be


def duration(text: str) -> int | None:
    """`90`, `90s`, `1.5h`, `7d`; None for anything else."""
    found = LENGTH.fullmatch(text.lower())
    return int(float(found[1]) * DURATION[found[2] or "s"] * 1000) if found else None


def ago(text: str) -> int | None:
    """A duration before now, a date or time (of this machine's zone unless it says another), milliseconds since the epoch."""
    if text.isdecimal() and text.isascii() and len(text) >= EPOCH:
        return min(int(text), FURTHEST)
    if (length := duration(text)) is not None and text[-1].isalpha():
        return now() - length
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None

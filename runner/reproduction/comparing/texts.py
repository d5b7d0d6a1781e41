"""Texts, line by line: how many lines came and went."""

from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.unreadable import Unreadable

LARGEST = 16 * 1024 * 1024  # bytes that are read
MOST_LINES = 5_000  # that are aligned, which takes time by the square of their number


def lines(first: Path, second: Path, tally: Tally) -> None:
    """What a unified diff would show, counted."""
    a, b = _lines(first), _lines(second)
    gone, come = _aligned(a, b) if max(len(a), len(b)) <= MOST_LINES else _counted(a, b)
    tally.noun = "lines"
    tally.others(equal=True, count=len(a) - gone)
    tally.others(equal=False, count=max(gone, come, 1))
    tally.remarks.append(f"-{gone:,} +{come:,} lines" if gone or come else "only line ends differ")


def _lines(file: Path) -> list[str]:
    if file.stat().st_size > LARGEST:
        raise Unreadable(f"larger than {LARGEST >> 20} MiB")
    data = file.read_bytes()
    if b"\0" in data:
        raise Unreadable("of a format that is not looked into")
    try:
        return data.decode().splitlines()
    except UnicodeDecodeError as error:
        raise Unreadable("of a format that is not looked into") from error


def _aligned(a: list[str], b: list[str]) -> tuple[int, int]:
    matched = sum(block.size for block in SequenceMatcher(None, a, b).get_matching_blocks())
    return len(a) - matched, len(b) - matched


def _counted(a: list[str], b: list[str]) -> tuple[int, int]:
    one, other = Counter(a), Counter(b)
    return (one - other).total(), (other - one).total()

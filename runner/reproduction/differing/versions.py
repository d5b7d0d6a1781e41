"""Two versions: which is the newer, and how far it is from one to the other."""

import re

from packaging.version import InvalidVersion, Version


def direction(before: str, after: str) -> str:
    """In a word.

    >>> direction("1.9", "1.10"), direction("1.0", "1.0rc1"), direction("2024a", "2024b")
    ('upgraded', 'downgraded', 'upgraded')
    """
    try:
        newer = Version(before) < Version(after)
    except InvalidVersion:  # conda allows nearly any text
        newer = _pieces(before) < _pieces(after)
    return "upgraded" if newer else "downgraded"


def step(before: str, after: str) -> str:
    """major, minor, patch or build: the first number that differs.

    >>> step("1.26.4", "2.0.0"), step("1.4", "1.5.1"), step("1.5.1", "1.5.2"), step("1.0", "1.0+cu121")
    ('major', 'minor', 'patch', 'build')
    """
    mine, theirs = _numbers(before), _numbers(after)
    if mine == theirs:
        return "build"
    place = next(index for index in range(len(mine)) if mine[index] != theirs[index])
    return ("major", "minor", "patch", "build")[min(place, 3)]


def _numbers(version: str) -> tuple[int, ...]:
    """Four numbers, zeros where there are less."""
    found = [int(part) for part in re.findall(r"\d{1,9}", version.partition("+")[0])][:4]
    return (*found, 0, 0, 0, 0)[:4]


def _pieces(version: str) -> list[tuple[int, int, str]]:
    return [
        (1, int(piece), "") if piece.isdecimal() else (0, 0, piece)
        for piece in re.findall(r"\d{1,99}|[A-Za-z]+", version)
    ]

"""Python versions: what a project asks for ("3.10", ">=3.9,<3.12"), whether an interpreter will do, and which have ended."""

import re
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import TypeAlias

from msgspec import Struct

from runner.errors import EnvironmentFailed

Release: TypeAlias = tuple[int, ...]

ENDED: Mapping[
    str, str
] = {  # minor version -> month of its last release; https://devguide.python.org/versions/
    "2.7": "2020-01",
    "3.5": "2020-09",
    "3.6": "2021-12",
    "3.7": "2023-06",
    "3.8": "2024-10",
    "3.9": "2025-10",
}
OLDEST: Release = (3, 6)  # what can still be resolved for and installed into
DOWNLOADABLE: Release = (3, 8)  # the oldest that uv can download

_ORDER: Mapping[str, Callable[[Release, Release], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt}
_CLAUSE = re.compile(r"(===|==|!=|>=|<=|~=|<|>|=)?\s*v?(\d+(?:\.\d+)*)(\.\*)?")


def release_of(version: str) -> Release:
    """The numbers of a version.

    >>> release_of("3.13.0rc2+")
    (3, 13, 0)
    """
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


class Clause(Struct, frozen=True):
    """One comparison. `prefix` compares only as many numbers as are given."""

    operator: str
    release: Release
    prefix: bool

    def admits(self, release: Release) -> bool:
        """Whether a full version passes."""
        mine, theirs = _padded(self.release), _padded(release)
        same = release[: len(self.release)] == self.release if self.prefix else theirs == mine
        match self.operator:
            case "==":
                return same
            case "!=":
                return not same
            case "~=":
                return theirs >= mine and release[: len(self.release) - 1] == self.release[:-1]
            case operator:
                return _ORDER[operator](theirs, mine)


class PythonRequest(Struct, frozen=True):
    """The versions that will do; no clause at all means any."""

    text: str
    clauses: tuple[Clause, ...] = ()

    @classmethod
    def parse(cls, text: str | None) -> "PythonRequest":
        """Read "3", "3.10", "3.10.13", "3.10.*", ">=3.9,<3.12".

        A bare version is as exact as it is long: "3.10" admits every 3.10.

        Raises:
            EnvironmentFailed: no version.
        """
        parts = [part.strip() for part in (text or "").split(",") if part.strip()]
        return cls(", ".join(parts), tuple(_clause(part) for part in parts))

    def admits(self, version: str) -> bool:
        """Whether an interpreter of this full version will do."""
        release = release_of(version)
        return all(clause.admits(release) for clause in self.clauses)

    def __str__(self) -> str:
        return f"Python {self.text}" if self.text else "any Python"

    @property
    def ended(self) -> str | None:
        """When the one minor version that is asked for got its last release; None when it still lives."""
        exact = [clause.release for clause in self.clauses if clause.operator == "=="]
        return ENDED.get(".".join(map(str, exact[0][:2]))) if exact else None

    @property
    def gone(self) -> bool:
        """Whether the one minor version that is asked for is older than all that can be downloaded."""
        return any(
            clause.operator == "==" and len(clause.release) > 1 and clause.release[:2] < DOWNLOADABLE
            for clause in self.clauses
        )

    @property
    def too_old(self) -> bool:
        """Whether only versions are asked for into which nothing can be installed any more."""
        return any(
            clause.operator == "==" and clause.release[:2] < OLDEST[: len(clause.release)]
            for clause in self.clauses
        )


def _clause(text: str) -> Clause:
    found = _CLAUSE.fullmatch(text)
    if not found:
        raise EnvironmentFailed(
            f"{text!r} is no Python version", hint='write for example "3.11", "3.11.7" or ">=3.10,<3.13"'
        )
    operator = found[1] or ""
    release = release_of(found[2])
    bare = operator in {"", "="} and len(release) < len(("major", "minor", "patch"))
    if operator in {"", "=", "==="}:
        operator = "=="
    return Clause(operator, release, bool(found[3]) or bare)


def _padded(release: Release) -> Release:
    return (*release, 0, 0, 0)[:3]

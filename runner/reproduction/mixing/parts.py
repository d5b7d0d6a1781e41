"""What a lock is made of, whatever its kind. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.environments.model import Lock
from runner.errors import EnvironmentFailed

PYTHON = "python"  # the interpreter, where it is no package of the lock but beside it


class Unmixable(EnvironmentFailed):
    """These locks can be exchanged as a whole only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One package as a lock lists it.

    Attributes:
        identity: equal where the same files would be installed.
        content: as its kind of lock writes it.
        needs: names of packages that it needs, where the lock says them.
    """

    version: str | None
    identity: object
    content: Any
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A lock, and its packages by name."""

    lock: Lock
    packages: Mapping[str, Part]


def interpreter(lock: Lock) -> Mapping[str, Part]:
    """The interpreter of a lock as if it were a package."""
    return {PYTHON: Part(version=lock.python, identity=lock.python, content=None)} if lock.python else {}


def python_of(before: Parts, after: Parts, packages: Mapping[str, Part]) -> Lock:
    """The lock whose interpreter is among these packages."""
    wanted = packages.get(PYTHON)
    return after.lock if wanted is not None and wanted.version != before.lock.python else before.lock

"""Requirement lines with hashes taken apart: one package a line, options of pip in front."""

import re
from collections.abc import Mapping

from msgspec.structs import replace
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from runner.environments.model import Lock
from runner.reproduction.mixing.parts import Part, Parts, Unmixable, interpreter, python_of

_OPTION = re.compile(r"\s--\w")


def apart(lock: Lock) -> Parts:
    """The packages; several lines of one name (for different markers) are one.

    Raises:
        Unmixable: a line names no package.
    """
    found: dict[str, list[str]] = {}
    for line in _lines(lock):
        if not line.startswith("-"):
            found.setdefault(canonicalize_name(_requirement(line).name), []).append(line)
    return Parts(
        lock=lock, packages={**interpreter(lock), **{name: _part(lines) for name, lines in found.items()}}
    )


def together(before: Parts, after: Parts, packages: Mapping[str, Part]) -> Lock:
    """The lock with these packages; both places where packages come from are asked."""
    options = [line for parts in (before, after) for line in _lines(parts.lock) if line.startswith("-")]
    lines = [line for part in packages.values() if part.content for line in part.content]
    text = "\n".join([*dict.fromkeys(options), *lines]) + "\n"
    return replace(python_of(before, after, packages), text=text, packages=len(lines))


def _lines(lock: Lock) -> list[str]:
    return [line.strip() for line in lock.text.splitlines() if line.strip()]


def _requirement(line: str) -> Requirement:
    try:
        return Requirement(_OPTION.split(line, maxsplit=1)[0])
    except InvalidRequirement as error:
        raise Unmixable(f"{line.split(maxsplit=1)[0]}: this line of the lock names no package") from error


def _part(lines: list[str]) -> Part:
    versions = [pin.version for pin in _requirement(lines[0]).specifier if pin.operator in {"==", "==="}]
    return Part(
        version=versions[0] if versions else None,
        identity=[sorted(line.split()) for line in lines],
        content=tuple(lines),
    )

"""Packages that lie together in an environment and do not admit each other, as `pip check` finds them.

An installer of locks does not look: where a mixture of two locks is installed, something must.
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_WITHOUT_BUILD = 2  # parts of a version that markers compare


def conflicts(prefix: Path, python: str) -> list[str]:
    """What is wrong in the environment at `prefix`, whose Python has this version; one sentence each."""
    found = _installed(prefix)
    return sorted(text for distribution in found.values() for text in _unmet(distribution, found, python))


def _installed(prefix: Path) -> Mapping[str, Distribution]:
    places = [str(path) for path in prefix.glob("lib/python*/site-packages")]
    named = ((distribution.metadata["Name"], distribution) for distribution in distributions(path=places))
    return {canonicalize_name(name): distribution for name, distribution in named if name}


def _unmet(distribution: Distribution, found: Mapping[str, Distribution], python: str) -> Iterator[str]:
    for line in distribution.requires or ():
        wanted = _wanted(line, python)
        if wanted is None:
            continue
        there = found.get(canonicalize_name(wanted.name))
        if there is None:
            yield f"{_told(distribution)} needs {wanted}, which is not there"
        elif not _admits(wanted, there.version):
            yield f"{_told(distribution)} needs {wanted}, and there is {there.version}"


def _wanted(line: str, python: str) -> Requirement | None:
    """A requirement that counts here, without its marker; None for extras and other Pythons."""
    try:
        wanted = Requirement(line)
        short = ".".join(python.split(".")[:_WITHOUT_BUILD])
        here = {"python_version": short, "python_full_version": python, "extra": ""}
        counts = wanted.marker is None or wanted.marker.evaluate(here)
    except (InvalidRequirement, ValueError):  # what an installer could not read either
        return None
    wanted.marker = None
    return wanted if counts else None


def _admits(wanted: Requirement, version: str) -> bool:
    try:
        return wanted.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True


def _told(distribution: Distribution) -> str:
    return f"{distribution.metadata['Name']} {distribution.version}"

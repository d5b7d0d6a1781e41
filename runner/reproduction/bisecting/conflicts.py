"""Packages that do not admit each other, as `pip check` finds them; known of a mixture before it is installed.

An installer of locks does not look. What each package asks for lies in the environments of A and of B: each package of a mixture is in
one of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_SHORT = 2  # parts of a version that markers compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A package in an environment. `needs` are requirements that count there, without markers."""

    name: str
    version: str
    needs: tuple[Requirement, ...]


def installed(prefix: Path, python: str) -> Mapping[str, Installed]:
    """What lies in the environment at `prefix`, whose Python has this version, by name."""
    places = [str(path) for path in prefix.glob("lib/python*/site-packages")]
    found: dict[str, Installed] = {}
    for distribution in distributions(path=places):
        if name := distribution.metadata["Name"]:
            needs = tuple(_needs(distribution.requires or [], python))
            found[canonicalize_name(name)] = Installed(name=name, version=distribution.version, needs=needs)
    return found


def conflicts(packages: Mapping[str, Installed]) -> list[str]:
    """What is wrong with them together; one sentence each."""
    return sorted(text for package in packages.values() for text in _unmet(package, packages))


def _needs(lines: list[str], python: str) -> Iterator[Requirement]:
    """Those for this Python, and for no extra."""
    here = {
        "python_version": ".".join(python.split(".")[:_SHORT]),
        "python_full_version": python,
        "extra": "",
    }
    for line in lines:
        try:
            wanted = Requirement(line)
            counts = wanted.marker is None or wanted.marker.evaluate(here)
        except (InvalidRequirement, ValueError):  # what an installer could not read either
            continue
        wanted.marker = None
        if counts:
            yield wanted


def _unmet(package: Installed, packages: Mapping[str, Installed]) -> Iterator[str]:
    for wanted in package.needs:
        there = packages.get(canonicalize_name(wanted.name))
        if there is None:
            yield f"{package.name} {package.version} needs {wanted}, which is not there"
        elif not _admits(wanted, there.version):
            yield f"{package.name} {package.version} needs {wanted}, and there is {there.version}"


def _admits(wanted: Requirement, version: str) -> bool:
    try:
        return wanted.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True

"""The pip section of a conda file: resolved against what conda has installed, and installed beside it.

lines + versions of conda's Python packages ─► resolved ─► without those packages ─► one file of each, with its hash
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from runner.environments.conda import shipped, wheels
from runner.environments.conda.packages import PipPackage
from runner.environments.conda.wheels import LIBRARY
from runner.environments.model import Interpreter
from runner.environments.python import pylock
from runner.environments.python.installer import Content, Installer, Wanted
from runner.environments.python.requirements import Requirements
from runner.environments.python.tools import installer
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.project.model import CondaEnv
from runner.settings import Settings

_METADATA = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info")


def locked(
    spec: CondaEnv,
    prefix: Path,
    *,
    platform: str,
    directory: Path,
    settings: Settings,
    phase: Phase,
    as_of: str | None = None,
) -> tuple[PipPackage, ...]:
    """What has to be added to the conda packages that are installed in a prefix.

    Raises:
        EnvironmentFailed: the lines contradict each other, or conda's packages; or there is no Python.
    """
    library = _library(prefix, spec)
    conda = dict(_installed(library))
    asked = shipped.asked(spec, directory)
    interpreter = Interpreter(path=prefix / "bin/python", version=_version(library), origin="conda")
    wanted = Wanted(
        lines=asked.lines,
        constraints=(*asked.constraints, *(f"{name}=={version}" for name, version in conda.items())),
        interpreter=interpreter,
        directory=asked.directory,
        refresh=asked.directories,
        as_of=as_of,
    )
    text = _resolved(installer(settings, phase), wanted, asked, conda, file=spec.file)
    found = pylock.parse(text, name="the pip section")
    found.check(interpreter)
    tags = wheels.fitting(library)
    return tuple(
        wheels.chosen(package, tags, platform=platform)
        for package in found.packages
        if conda.get(canonicalize_name(package["name"]), "") != _normal(package.get("version"))
    )


def install(
    prefix: Path,
    packages: Sequence[PipPackage],
    *,
    spec: CondaEnv,
    directory: Path,
    settings: Settings,
    phase: Phase,
    turn: int,
) -> str:
    """Add locked packages to a prefix; what conda has installed stays as it is. Gives the tool that did it.

    Raises:
        EnvironmentFailed: they cannot be had, or are not what is locked.
    """
    _library(prefix, spec)
    tool = installer(settings, phase)
    content = Content(
        kind="pylock",
        text=wheels.pylock(packages, directory),
        pinned=all(package.pinned for package in packages),
        directory=directory.resolve(),
        logins=shipped.asked(spec, directory).logins(settings.environ) if spec.pip else (),
        added=True,
    )
    tool.install(prefix, content, turn=turn)
    return tool.version()


def _library(prefix: Path, spec: CondaEnv) -> Path:
    """Where Python's modules are."""
    found = [
        path
        for path in sorted(prefix.glob("lib/python*"))
        if LIBRARY.fullmatch(path.name) and not path.is_symlink()
    ]
    if not found or not (prefix / "bin/python").exists():
        raise EnvironmentFailed(
            f"{spec.file} has a pip section, but its conda packages bring no Python",
            hint="add `python` to its dependencies",
        )
    return found[0]


def _version(library: Path) -> str:
    """The full version, as conda says it."""
    named = re.compile(r"python-(\d[^-]*)-[^-]+\.json")
    found = (
        named.fullmatch(path.name) for path in (library.parent.parent / "conda-meta").glob("python-*.json")
    )
    return next((hit[1] for hit in found if hit), library.name.removeprefix("python"))


def _installed(library: Path) -> Iterator[tuple[str, str]]:
    """Python packages by their metadata, those left out whose version is none."""
    for path in sorted((library / "site-packages").glob("*-info")):
        hit = _METADATA.fullmatch(path.name)
        if hit and (version := _normal(hit["version"])):
            yield canonicalize_name(hit["name"]), version


def _normal(version: str | None) -> str | None:
    """A version as it is compared; None for what is none."""
    try:
        return str(Version(version or ""))
    except InvalidVersion:
        return None


def _resolved(
    tool: Installer, wanted: Wanted, asked: Requirements, conda: Mapping[str, str], *, file: str
) -> str:
    try:
        return tool.compile(wanted)
    except EnvironmentFailed as error:
        if not conda:
            raise
        contradicted = _contradicted(tool, replace(wanted, constraints=asked.constraints), conda)
        if not contradicted:
            raise
        raise EnvironmentFailed(
            f"the pip section of {file} contradicts its conda packages: {'; '.join(contradicted)}",
            hint="ask for the same versions in both, or leave the package to one of them",
            detail=error.detail,
        ) from error


def _contradicted(tool: Installer, wanted: Wanted, conda: Mapping[str, str]) -> list[str]:
    """Packages of which pip's list would have another version than conda's; none where it cannot be resolved at all."""
    try:
        free = pylock.parse(tool.compile(wanted), name="the pip section")
    except EnvironmentFailed:
        return []
    versions = {
        canonicalize_name(package["name"]): _normal(package.get("version")) for package in free.packages
    }
    return [
        f"conda installs {name} {conda[name]}, the list would have {version}"
        for name, version in versions.items()
        if name in conda and conda[name] != version
    ]

"""The pip section of a conda file: resolved against what conda has installed, and installed beside it.

lines + versions of conda's Python packages ─► resolved ─► without those packages ─► one file of each, with its hash
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from packaging import tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from runner.environments.conda import shipped
from runner.environments.conda.packages import PipPackage
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
_LIBRARY = re.compile(r"python(\d+)\.(\d+)(t?)")


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
        as_of=as_of,
    )
    text = _resolved(installer(settings, phase), wanted, asked, conda, file=spec.file)
    found = pylock.parse(text, name="the pip section")
    found.check(interpreter)
    fitting = _tags(library)
    return tuple(
        _package(package, fitting, platform=platform)
        for package in found.packages
        if conda.get(canonicalize_name(package["name"]), "") != package.get("version")
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
        text=_pylock(packages, directory),
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
        if _LIBRARY.fullmatch(path.name) and not path.is_symlink()
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
        if hit and _parsed(hit["version"]):
            yield canonicalize_name(hit["name"]), hit["version"]


def _parsed(version: str) -> Version | None:
    try:
        return Version(version)
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
    versions = {canonicalize_name(package["name"]): package.get("version", "") for package in free.packages}
    return [
        f"conda installs {name} {conda[name]}, the list would have {version}"
        for name, version in versions.items()
        if name in conda and conda[name] != version
    ]


def _tags(library: Path) -> dict[tags.Tag, int]:
    """What wheels this Python takes, the best first."""
    hit = _LIBRARY.fullmatch(library.name)
    assert hit
    version, platforms = (int(hit[1]), int(hit[2])), list(tags.platform_tags())
    name = f"cp{hit[1]}{hit[2]}"
    fitting = [
        *tags.cpython_tags(version, [name + hit[3]], platforms),
        *tags.compatible_tags(version, name, platforms),
    ]
    return {tag: place for place, tag in reversed(list(enumerate(fitting)))}


def _package(package: Mapping[str, Any], fitting: Mapping[tags.Tag, int], *, platform: str) -> PipPackage:
    url, sha256 = _origin(package, fitting)
    return PipPackage(
        name=package["name"], version=package.get("version", "0"), platform=platform, url=url, sha256=sha256
    )


def _origin(package: Mapping[str, Any], fitting: Mapping[tags.Tag, int]) -> tuple[str, str | None]:
    """Where a package comes from, and the hash of the file."""
    match package:
        case {"vcs": {"url": url, "commit-id": commit, **more}}:
            below = f"#subdirectory={more['subdirectory']}" if more.get("subdirectory") else ""
            return f"git+{url.removeprefix('git+')}@{commit}{below}", None
        case {"directory": {"path": path, **more}}:
            return f"{_path(path)}{'#editable' if more.get('editable') else ''}", None
        case _:
            file = package.get("archive") or _best(package, fitting)
            return file.get("url") or _path(file["path"]), file.get("hashes", {}).get("sha256")


def _best(package: Mapping[str, Any], fitting: Mapping[tags.Tag, int]) -> Mapping[str, Any]:
    ranked = [
        (rank, number, wheel)
        for number, wheel in enumerate(package.get("wheels", ()))
        if (rank := _rank(wheel, fitting)) is not None
    ]
    if ranked:
        return dict(min(ranked, key=lambda item: item[:2])[2])
    if "sdist" in package:
        return dict(package["sdist"])
    raise EnvironmentFailed(
        f"there is no file of {package['name']} {package.get('version', '')} for this machine and its Python",
        hint="ask for another version of it, or leave it to conda",
    )


def _rank(wheel: Mapping[str, Any], fitting: Mapping[tags.Tag, int]) -> int | None:
    """How well a wheel fits, 0 the best; None where it does not."""
    name = wheel.get("name") or unquote(
        (wheel.get("url") or wheel["path"]).partition("#")[0].rpartition("/")[2]
    )
    try:
        return min((fitting[tag] for tag in parse_wheel_filename(name)[3] if tag in fitting), default=None)
    except InvalidWheelFilename:
        return None


def _path(path: str) -> str:
    return path if path.startswith((".", "/")) else f"./{path}"


def _pylock(packages: Iterable[PipPackage], directory: Path) -> str:
    """The packages as a pylock.toml whose paths are absolute."""
    entries = "".join(
        f"\n[[packages]]\nname = {json.dumps(package.name)}\n{_table(package, directory)}\n"
        for package in packages
    )
    return f'lock-version = "1.0"\ncreated-by = "runner"\n{entries}'


def _table(package: PipPackage, directory: Path) -> str:
    place, _, option = package.url.partition("#")
    if package.url.startswith("git+"):
        url, _, commit = place.removeprefix("git+").rpartition("@")
        below = f", subdirectory = {json.dumps(option.partition('=')[2])}" if option else ""
        return f'vcs = {{ type = "git", url = {json.dumps(url)}, commit-id = {json.dumps(commit)}{below} }}'
    path = str((directory / place).resolve())
    where = f"path = {json.dumps(path)}" if package.local else f"url = {json.dumps(place)}"
    if package.sha256 is None:
        return f"directory = {{ {where}, editable = {'true' if option == 'editable' else 'false'} }}"
    file = f'{{ {where}, hashes = {{ sha256 = "{package.sha256}" }} }}'
    if not place.endswith(".whl"):
        return f"archive = {file}"
    return f"version = {json.dumps(package.version)}\nwheels = [{file}]"

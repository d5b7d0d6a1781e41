"""Which file of a Python package is locked, and locked files as a pylock.toml for the installer.

what a resolution lists of a package (wheels, source, repository, directory) ─► the one that fits best ─► PipPackage
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from packaging import tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from runner.environments.conda.packages import PipPackage
from runner.environments.python.pylock import quoted
from runner.errors import EnvironmentFailed

LIBRARY = re.compile(r"python(\d+)\.(\d+)(t?)")  # directory below lib/
_SUBDIRECTORY = re.compile(r"(?:^|&)subdirectory=([^&]+)")  # neither pip nor uv decodes it


def fitting(library: Path) -> dict[tags.Tag, int]:
    """What wheels this Python takes, the best first."""
    hit = LIBRARY.fullmatch(library.name)
    assert hit
    version, platforms = (int(hit[1]), int(hit[2])), list(tags.platform_tags())
    name = f"cp{hit[1]}{hit[2]}"
    known = [
        *tags.cpython_tags(version, [name + hit[3]], platforms),
        *tags.compatible_tags(version, name, platforms),
    ]
    return {tag: place for place, tag in reversed(list(enumerate(known)))}


def chosen(package: Mapping[str, Any], ranks: Mapping[tags.Tag, int], *, platform: str) -> PipPackage:
    """A package as it is locked, of what a pylock.toml says of it; `ranks` is `fitting` of its Python.

    Raises:
        EnvironmentFailed: no file of it is for this machine.
    """
    url, sha256 = _origin(package, ranks)
    return PipPackage(
        name=package["name"], version=package.get("version", "0"), platform=platform, url=url, sha256=sha256
    )


def _origin(package: Mapping[str, Any], ranks: Mapping[tags.Tag, int]) -> tuple[str, str | None]:
    """Where a package comes from, and the hash of the file."""
    match package:
        case {"vcs": {"url": url, "commit-id": commit} as vcs}:
            return f"git+{url.removeprefix('git+')}@{commit}{_fragment(vcs)}", None
        case {"directory": {"path": path, **more}}:
            return f"{_path(path)}{'#editable' if more.get('editable') else ''}", None
        case _:
            file = package.get("archive") or _best(package, ranks)
            place = file["url"].partition("#")[0] if "url" in file else _path(file["path"])
            return f"{place}{_fragment(file)}", file.get("hashes", {}).get("sha256")


def _fragment(file: Mapping[str, Any]) -> str:
    """Where in a repository or an archive the package lies, as pip writes it."""
    return f"#subdirectory={file['subdirectory']}" if file.get("subdirectory") else ""


def _best(package: Mapping[str, Any], ranks: Mapping[tags.Tag, int]) -> Mapping[str, Any]:
    ranked = [
        (rank, number, wheel)
        for number, wheel in enumerate(package.get("wheels", ()))
        if (rank := _rank(wheel, ranks)) is not None
    ]
    if ranked:
        return dict(min(ranked, key=lambda item: item[:2])[2])
    if "sdist" in package:
        return dict(package["sdist"])
    raise EnvironmentFailed(
        f"there is no file of {package['name']} {package.get('version', '')} for this machine and its Python",
        hint="ask for another version of it, or leave it to conda",
    )


def _rank(wheel: Mapping[str, Any], ranks: Mapping[tags.Tag, int]) -> int | None:
    """How well a wheel fits, 0 the best; None where it does not."""
    name = wheel.get("name") or unquote(
        (wheel.get("url") or wheel["path"]).partition("#")[0].rpartition("/")[2]
    )
    try:
        return min((ranks[tag] for tag in parse_wheel_filename(name)[3] if tag in ranks), default=None)
    except InvalidWheelFilename:
        return None


def _path(path: str) -> str:
    return path if path.startswith((".", "/")) else f"./{path}"


def _below(fragment: str) -> str:
    """The same for a table."""
    found = _SUBDIRECTORY.search(fragment)
    return f", subdirectory = {quoted(found[1])}" if found else ""


def pylock(packages: Iterable[PipPackage], directory: Path) -> str:
    """The packages as a pylock.toml whose paths are absolute."""
    entries = "".join(
        f"\n[[packages]]\nname = {quoted(package.name)}\n{_table(package, directory)}\n"
        for package in packages
    )
    return f'lock-version = "1.0"\ncreated-by = "runner"\n{entries}'


def _table(package: PipPackage, directory: Path) -> str:
    place, _, fragment = package.url.partition("#")
    below = _below(fragment)
    if package.url.startswith("git+"):
        url, _, commit = place.removeprefix("git+").rpartition("@")
        return f'vcs = {{ type = "git", url = {quoted(url)}, commit-id = {quoted(commit)}{below} }}'
    path = str((directory / place).resolve())
    where = f"path = {quoted(path)}" if package.local else f"url = {quoted(place)}"
    if package.sha256 is None:
        return f"directory = {{ {where}, editable = {'true' if fragment == 'editable' else 'false'} }}"
    file = f'{{ {where}{below}, hashes = {{ sha256 = "{package.sha256}" }} }}'
    if not place.endswith(".whl"):
        return f"archive = {file}"
    return f"version = {quoted(package.version)}\nwheels = [{file}]"

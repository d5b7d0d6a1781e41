"""Which file of a Python package is locked, and locked files as a pylock.toml for the installer.

what a resolution lists of a package (wheels, source, repository, directory) ─► the one that fits best ─► PipPackage
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from packaging import tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from runner.environments.conda.packages import PipPackage
from runner.errors import EnvironmentFailed

LIBRARY = re.compile(r"python(\d+)\.(\d+)(t?)")  # directory below lib/


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
        case {"vcs": {"url": url, "commit-id": commit, **more}}:
            below = f"#subdirectory={more['subdirectory']}" if more.get("subdirectory") else ""
            return f"git+{url.removeprefix('git+')}@{commit}{below}", None
        case {"directory": {"path": path, **more}}:
            return f"{_path(path)}{'#editable' if more.get('editable') else ''}", None
        case _:
            file = package.get("archive") or _best(package, ranks)
            return file.get("url") or _path(file["path"]), file.get("hashes", {}).get("sha256")


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


def pylock(packages: Iterable[PipPackage], directory: Path) -> str:
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

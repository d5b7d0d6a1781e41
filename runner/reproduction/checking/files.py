"""Whether the packages of a lock can still be had: from the caches of this machine, else where the lock says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging import tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from runner.environments import brought, cache
from runner.environments.conda import lockfile
from runner.environments.conda.solving import for_this_platform
from runner.environments.model import Lock
from runner.environments.python import pylock, uv
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.reproduction.checking.asking import File, asked
from runner.reproduction.checking.model import Check, State
from runner.settings import Settings

NAMED = 5  # packages in a sentence


def packages(lock: Lock, *, settings: Settings, phase: Phase) -> Check:
    """The packages of a lock."""
    listed = list(_files(lock, settings))
    wanted = [] if settings.offline else [file for file in listed if not file.kept and file.places]
    phase.update(f"asking for {len(wanted)} packages")
    answers = asked(wanted)
    gone = [file.name for file in wanted if answers.get(file.name) is False]
    unknown = [file.name for file in wanted if answers.get(file.name) is None]
    away = [file.name for file in listed if settings.offline and not file.kept and file.places]
    if gone or away:
        why = "are not to be had any more" if gone else "are not in the cache, and RUNNER_OFFLINE is set"
        return Check(
            what="packages",
            state=State.MISSING,
            said=f"{_named(gone or away)} {why}",
            hint="take a bundle that holds them, or others instead: runner rerun RUN --env latest",
        )
    if unknown:
        said = f"nobody answers for {_named(unknown)}; whether they can be had will be seen"
        return Check(what="packages", state=State.WARNING, said=said)
    if not listed and lock.packages:  # lines with hashes name no addresses
        said = f"whether {lock.packages} can be had from the index that the project names will be seen"
        return Check(what="packages", state=State.WARNING, said=said)
    if not wanted:
        return Check(what="packages", said="in the cache of this machine" if listed else "none")
    others = ", the others are in the cache" if len(wanted) < len(listed) else ""
    return Check(what="packages", said=f"{len(wanted)} of {len(listed)} to be had{others}")


def other_platform(lock: Lock) -> str | None:
    """For which machines a conda lock is, where that is no such one."""
    try:
        for_this_platform(lockfile.read(lock.text, name="the lock"))
    except EnvironmentFailed as error:
        return error.message
    return None


def _files(lock: Lock, settings: Settings) -> Iterator[File]:
    match lock.kind:
        case "pylock":
            yield from _of_pylock(lock, settings)
        case "conda":
            yield from _of_conda(lock, settings)


def _of_pylock(lock: Lock, settings: Settings) -> Iterator[File]:
    fitting, kept = _tags(lock.python), uv_cache(settings)
    for package in pylock.parse(lock.text, name="the lock").packages:
        name, version = str(package["name"]), str(package.get("version", ""))
        entries = list(_installable(package, fitting))
        places = tuple(
            entry["url"] for entry in entries if isinstance(entry.get("url"), str) and "vcs" not in package
        )
        there = any(_is_brought(entry, settings) for entry in entries) or _in_cache(kept, name, version)
        yield File(f"{name} {version}".strip(), places, there)


def _installable(package: Mapping[str, Any], fitting: frozenset[tags.Tag]) -> Iterator[Mapping[str, Any]]:
    """Its files that can be installed here: wheels for this Python and machine, and what is built from source."""
    for wheel in package.get("wheels", ()):
        file = wheel.get("name") or unquote(urlsplit(str(wheel.get("url", ""))).path.rpartition("/")[2])
        try:
            if fitting & parse_wheel_filename(str(file))[3]:
                yield wheel
        except InvalidWheelFilename:
            continue
    for key in ("sdist", "archive"):
        if key in package:
            yield package[key]


def _is_brought(entry: Mapping[str, Any], settings: Settings) -> bool:
    hashes = entry.get("hashes")
    known = hashes.get("sha256") if isinstance(hashes, Mapping) else None
    return brought.find(f"sha256:{known}", settings) is not None


def _tags(python: str) -> frozenset[tags.Tag]:
    numbers = re.match(r"(\d+)\.(\d+)", python)
    if numbers is None:
        return frozenset(tags.sys_tags())
    version = int(numbers[1]), int(numbers[2])
    name = f"cp{version[0]}{version[1]}"
    return frozenset((*tags.cpython_tags(version), *tags.compatible_tags(version, interpreter=name)))


def _of_conda(lock: Lock, settings: Settings) -> Iterator[File]:
    content, kept = (
        for_this_platform(lockfile.read(lock.text, name="the lock")),
        cache.conda_packages(settings),
    )
    for package in content.conda:
        known = f"sha256:{package.sha256}" if package.sha256 else f"md5:{package.md5}"
        there = (
            brought.find(known, settings) is not None
            or (kept / package.file_name).exists()
            or (kept / _stem(package.file_name)).exists()
        )
        yield File(f"{package.name} {package.version}", (package.url,), there)
    for one in content.pip:
        if not one.local and not one.url.startswith("git+"):
            there = _in_cache(uv_cache(settings), one.name, one.version)
            there = there or brought.find(f"sha256:{one.sha256}", settings) is not None
            yield File(f"{one.name} {one.version}", (one.url,), there)


def _stem(name: str) -> str:
    return name.removesuffix(".conda").removesuffix(".tar.bz2")


def uv_cache(settings: Settings) -> Path:
    """Where uv keeps what it has downloaded."""
    environ = uv.environment(settings)
    if "UV_CACHE_DIR" in environ:
        return Path(environ["UV_CACHE_DIR"])
    home = Path(environ.get("HOME") or Path.home())
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "uv"


def _in_cache(kept: Path, name: str, version: str) -> bool:
    """Wheels lie at wheels-v5/pypi/<name>/<version>-<tags>..., those of other indexes one directory deeper."""
    if not version or re.search(r"[*?\[/]", name + version):
        return False
    patterns = (f"wheels-v*/*/{name}/{version}-*", f"wheels-v*/*/*/{name}/{version}-*")
    found = (path for pattern in patterns for path in kept.glob(pattern))
    return any(path.suffix != ".lock" for path in found)  # a lock is left by a download that failed, too


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")

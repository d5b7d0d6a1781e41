"""The environments in the cache: listed, found by the beginning of a key, removed one by one."""

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.environments import buildlog, cache
from runner.errors import EnvironmentFailed, UsageError
from runner.files import LockTaken, locked
from runner.settings import Settings

_SHORTEST_PREFIX = 4
_ACTIVE = (b"VIRTUAL_ENV=", b"CONDA_PREFIX=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An environment in the cache. Times are seconds since the epoch, `bytes` counts shared files too."""

    key: str
    kind: str
    path: Path
    python: str
    packages: tuple[tuple[str, str], ...]
    bytes: int
    created: float
    used: float
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A build that goes on: since when, in seconds since the epoch, and what it has told, the latest last."""

    key: str
    begun: float | None
    lines: tuple[str, ...]


def entries(settings: Settings) -> list[Entry]:
    """Every whole environment, the last used one first."""
    found = [entry for entry in map(_entry, directories(cache.environments(settings))) if entry]
    return sorted(found, key=lambda entry: entry.used, reverse=True)


def entry(settings: Settings, key: str) -> Entry:
    """The environment with this key, or the one whose key begins so.

    Raises:
        UsageError: none or several.
    """
    found = [item for item in entries(settings) if item.key.startswith(key)]
    if len(found) != 1 or len(key) < _SHORTEST_PREFIX:
        raise UsageError(
            f"{len(found) or 'no'} environments begin with {key!r}"
            if len(key) >= _SHORTEST_PREFIX
            else f"{key!r} is too short",
            hint="`runner env list` shows the keys; any unique beginning of at least 4 characters will do",
        )
    return found[0]


def remove(settings: Settings, key: str) -> Entry:
    """Remove one environment.

    Raises:
        UsageError: there is no such environment.
        EnvironmentFailed: a program runs in it, or another process is building it.
    """
    found = entry(settings, key)
    refuse_in_use(settings, [found.key])
    if not discard(found.path, settings):
        raise EnvironmentFailed(f"environment {found.key[:12]} is being built", hint="wait for that process")
    return found


def refuse_in_use(settings: Settings, keys: Iterable[str]) -> None:
    """See that no program runs in these environments.

    Raises:
        EnvironmentFailed: one does.
    """
    busy = {path.name for path in in_use(settings)}
    for key in keys:
        if key in busy:
            raise EnvironmentFailed(
                f"environment {key[:12]} is in use", hint="wait for the program that runs in it"
            )


def in_use(settings: Settings) -> set[Path]:
    """Prefixes in which a program runs, as far as /proc tells.

    What a process has in its environment only its own user may read; what it was started with, everybody.
    """
    place = cache.environments(settings)
    named = re.compile(re.escape(os.fsencode(place)) + rb"/([^/\0]+)")
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            started = (process / "cmdline").read_bytes()
            found |= {place / os.fsdecode(name) for name in named.findall(started)}
            for item in (process / "environ").read_bytes().split(b"\0"):
                if item.startswith(_ACTIVE):
                    found.add(Path(os.fsdecode(item.partition(b"=")[2])))
    return found


def discard(path: Path, settings: Settings, *, torn: bool = False) -> bool:
    """Remove an environment unless somebody is building it; one that is whole by now is not torn."""
    try:
        with locked(path.with_name(f"{path.name}.lock"), timeout=0):
            if torn and cache.facts(path) is not None:
                return False
            cache.discard(path, settings)
    except LockTaken:
        return False
    except OSError as error:
        raise EnvironmentFailed(
            f"{path} cannot be removed: {error.strerror}", hint="the cache may be read-only"
        ) from error
    return True


def being_built(path: Path) -> bool:
    """Whether a process holds the lock of this prefix."""
    try:
        with locked(path.with_name(f"{path.name}.lock"), timeout=0):
            return False
    except (LockTaken, OSError):
        return True


def builds(settings: Settings) -> list[Building]:
    """Those that go on, of this process or another, the latest first."""
    places = (lock.with_suffix("") for lock in sorted(cache.environments(settings).glob("*.lock")))
    going_on = [path for path in places if not (path / cache.MARKER).exists() and being_built(path)]
    found = [(path.name, buildlog.read(path.with_name(f"{path.name}.lock"))) for path in going_on]
    builds = [Building(key=key, begun=begun, lines=tuple(lines)) for key, (begun, lines) in found]
    return sorted(builds, key=lambda build: build.begun or 0.0, reverse=True)


def _entry(path: Path) -> Entry | None:
    facts = cache.facts(path)
    if facts is None:
        return None
    try:
        return Entry(
            key=path.name,
            kind=str(facts.get("kind", "virtualenv")),
            path=path,
            python=str(facts["python"]),
            packages=tuple((str(name), str(version)) for name, version in facts["packages"]),
            bytes=int(facts["bytes"]),
            created=float(facts["created"]),
            used=(path / cache.MARKER).stat().st_mtime,
            facts=facts,
        )
    except (KeyError, TypeError, ValueError, OSError):
        return None


def directories(place: Path) -> list[Path]:
    """What lies in a directory that may be missing."""
    try:
        return sorted(path for path in place.iterdir() if path.is_dir())
    except OSError:
        return []

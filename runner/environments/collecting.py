"""What is in the cache, and getting rid of it: environments nobody used for long, torn ones, forgotten locks."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.environments import cache
from runner.errors import EnvironmentFailed, UsageError
from runner.files import LockTaken, locked, remove_tree
from runner.settings import Settings

_SHORTEST_PREFIX = 4
_DAY = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An environment in the cache. Times are seconds since the epoch, `bytes` counts shared files too."""

    key: str
    path: Path
    python: str
    packages: tuple[tuple[str, str], ...]
    bytes: int
    created: float
    used: float
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What was (or would be) removed: environments, and leftovers as paths."""

    entries: tuple[Entry, ...]
    leftovers: tuple[Path, ...]

    @property
    def bytes(self) -> int:
        """Room of the environments; less is freed where files are shared with the package cache."""
        return sum(entry.bytes for entry in self.entries)


def entries(settings: Settings) -> list[Entry]:
    """Every whole environment, the last used one first."""
    found = [entry for entry in map(_entry, _directories(cache.environments(settings))) if entry]
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
    if found.path in _in_use():
        raise EnvironmentFailed(
            f"environment {found.key[:12]} is in use", hint="wait for the program that runs in it"
        )
    if not _discard(found.path, settings):
        raise EnvironmentFailed(f"environment {found.key[:12]} is being built", hint="wait for that process")
    return found


def collect(
    settings: Settings,
    *,
    older_than: float | None = None,
    max_bytes: int | None = None,
    dry_run: bool = False,
) -> Collection:
    """Remove what is torn or left over, then environments unused for long, then the least recently used ones.

    Environments in which a program runs, and those being built, stay.

    Args:
        older_than: days without use after which an environment or a resolved lock goes.
        max_bytes: room that the remaining environments may take.
        dry_run: only say what would go.
    """
    now = time.time()
    leftovers = [path for path in _leftovers(settings, older_than, now) if dry_run or _clear(path, settings)]
    chosen = _chosen(settings, older_than, max_bytes, now)
    gone = [item for item in chosen if dry_run or _discard(item.path, settings)]
    return Collection(entries=tuple(gone), leftovers=tuple(leftovers))


def _chosen(
    settings: Settings, older_than: float | None, max_bytes: int | None, now: float
) -> Iterator[Entry]:
    busy = _in_use()
    kept = 0
    for item in entries(settings):
        old = older_than is not None and now - item.used > older_than * _DAY
        big = max_bytes is not None and kept + item.bytes > max_bytes
        if (old or big) and item.path not in busy:
            yield item
        else:
            kept += item.bytes


def _leftovers(settings: Settings, older_than: float | None, now: float) -> Iterator[Path]:
    yield from _directories(settings.cache / "trash")
    yield from (
        path
        for path in _directories(cache.environments(settings))
        if cache.facts(path) is None and not _being_built(path)
    )
    for path in cache.resolutions(settings).glob("*.json"):
        if older_than is not None and now - path.stat().st_mtime > older_than * _DAY:
            yield path


def _clear(path: Path, settings: Settings) -> bool:
    if path.parent == cache.environments(settings):
        return _discard(path, settings, torn=True)
    remove_tree(path)
    return not path.exists()


def _discard(path: Path, settings: Settings, *, torn: bool = False) -> bool:
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


def _being_built(path: Path) -> bool:
    try:
        with locked(path.with_name(f"{path.name}.lock"), timeout=0):
            return False
    except (LockTaken, OSError):
        return True


def _entry(path: Path) -> Entry | None:
    facts = cache.facts(path)
    if facts is None:
        return None
    try:
        return Entry(
            key=path.name,
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


def _directories(place: Path) -> list[Path]:
    try:
        return sorted(path for path in place.iterdir() if path.is_dir())
    except OSError:
        return []


def _in_use() -> set[Path]:
    """Prefixes in which a program of ours or of our user's runs, as far as /proc tells."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            for item in (process / "environ").read_bytes().split(b"\0"):
                if item.startswith((b"VIRTUAL_ENV=", b"CONDA_PREFIX=")):
                    found.add(Path(os.fsdecode(item.partition(b"=")[2])))
    return found

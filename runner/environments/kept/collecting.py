"""Getting rid of what is in the cache: what is torn or forgotten, what nobody used for long, what is over a limit."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from runner.environments import brought, cache
from runner.environments.kept import listing, shares
from runner.environments.kept.listing import Entry, being_built, directories, discard
from runner.environments.kept.shares import Share
from runner.environments.python import uv
from runner.errors import RunnerError
from runner.files import remove_tree
from runner.process import capture
from runner.settings import Settings

_DAY = 86400.0
_STARTING = 60.0  # seconds in which a run that was given an environment has surely started its program


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What was (or would be) removed.

    Attributes:
        entries: environments.
        packages: directories of packages that were kept for environments to come.
        leftovers: of broken builds and removals, and locks that nobody used.
        bytes: room that is free then; what is shared with something that stays is not counted.
        refused: keys of environments that were named and stay, and why.
    """

    entries: tuple[Entry, ...]
    packages: tuple[Path, ...]
    leftovers: tuple[Path, ...]
    bytes: int
    refused: Mapping[str, str] = field(default_factory=dict)


def collect(
    settings: Settings,
    *,
    older_than: float | None = None,
    max_bytes: int | None = None,
    dry_run: bool = False,
) -> Collection:
    """Remove what is torn or left over, then what was unused for long, then the least recently used.

    Environments in which a program runs, and those being built, stay.

    Args:
        older_than: days without use after which an environment, a package or a resolved lock goes.
        max_bytes: room that the rest may take: environments, and the packages below our own cache directory. Files that
            they share count once.
        dry_run: only say what would go.
    """
    now = time.time()
    leftovers = [path for path in _leftovers(settings, older_than, now) if dry_run or _clear(path, settings)]
    chosen = _chosen(settings, older_than, max_bytes, now)
    gone = [share for share in chosen if dry_run or _removed(share, settings)]
    return Collection(
        entries=tuple(share.entry for share in gone if share.entry),
        packages=tuple(share.path for share in gone if not share.entry),
        leftovers=tuple(leftovers),
        bytes=shares.freed(gone),
    )


def remove(keys: Iterable[str], settings: Settings, *, dry_run: bool) -> Collection:
    """Remove the environments that are named: none of them if a program runs in one, and else all that can go.

    Raises:
        UsageError: there is no such environment.
        EnvironmentFailed: one is in use, or none of them can go.
    """
    entries = {entry.key: entry for entry in (listing.entry(settings, key) for key in keys)}
    listing.refuse_in_use(settings, entries)
    measured = [each for each in shares.measured(settings) if each.entry and each.entry.key in entries]
    refused: dict[str, str] = {}
    for key in () if dry_run else entries:
        try:
            listing.remove(settings, key)
        except RunnerError as error:
            refused[key] = str(error)
            if len(refused) == len(entries):
                raise
    return Collection(
        entries=tuple(entry for key, entry in entries.items() if key not in refused),
        packages=(),
        leftovers=(),
        bytes=shares.freed(each for each in measured if each.entry and each.entry.key not in refused),
        refused=refused,
    )


def keep_limit(settings: Settings, *, spare: Path) -> None:
    """After a build: see that the cache is no larger than the person allows.

    What goes wrong with that is not worth a failed run.

    Args:
        spare: the environment that was just built.
    """
    limit = settings.cache_limit
    if limit is None:
        return
    with suppress(RunnerError, OSError):
        if shares.at_most(settings) <= limit:
            return
        young = time.time() - _STARTING
        recent = {item.path for item in listing.entries(settings) if item.used > young}
        spared = {spare, *recent, *listing.in_use(settings)}
        for share in list(shares.surplus(shares.measured(settings), limit, spared=spared)):
            _removed(share, settings)


def _chosen(settings: Settings, older_than: float | None, max_bytes: int | None, now: float) -> list[Share]:
    if older_than is None and max_bytes is None:
        return []
    busy = listing.in_use(settings)
    found = shares.measured(settings)
    since = -1.0 if older_than is None else now - older_than * _DAY
    old = [share for share in found if share.used < since and share.path not in busy]
    rest = [share for share in found if share not in old]
    over = [] if max_bytes is None else shares.surplus(rest, max_bytes, spared=busy)
    return [*old, *over]


def _removed(share: Share, settings: Settings) -> bool:
    if share.entry:
        return discard(share.path, settings)
    if any(being_built(path.with_suffix("")) for path in cache.environments(settings).glob("*.lock")):
        return False  # packages may just be on their way into an environment
    if share.path == cache.uv(settings):
        return _cleaned(settings)
    cache.discard(share.path, settings)
    return True


def _cleaned(settings: Settings) -> bool:
    """Have uv empty its cache: it knows whether another uv is at work."""
    program = uv.find(settings)
    if not program:
        return False
    capture(
        [program, "cache", "clean"], env={**uv.environment(settings), "UV_CACHE_DIR": str(cache.uv(settings))}
    )
    return True


def _leftovers(settings: Settings, older_than: float | None, now: float) -> Iterator[Path]:
    yield from directories(settings.cache / "trash")
    yield from (
        path
        for path in directories(cache.environments(settings))
        if cache.facts(path) is None and not being_built(path)
    )
    if older_than is not None:
        yield from brought.unused(settings, now - older_than * _DAY)
    locks, documents = cache.resolutions(settings), settings.cache / "documents"
    for path in (*locks.glob("*.json"), *locks.glob("*.named-*"), *documents.glob("*.json")):
        if older_than is not None and now - path.stat().st_mtime > older_than * _DAY:
            yield path


def _clear(path: Path, settings: Settings) -> bool:
    if path.parent == cache.environments(settings):
        return discard(path, settings, torn=True)
    remove_tree(path)
    return not path.exists()

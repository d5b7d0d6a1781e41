"""The cache of environments of the server's machine: what lies there, why, what it took, what can go.

With sign-in it is the administrators': it tells of this machine. The layers above the server may build there meanwhile, as may
any other process: who removes takes the lock of each environment, and nothing goes in which a program runs.
"""

import re
import shlex
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence

from packaging.utils import canonicalize_name
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.environments import buildlog
from runner.environments.cache import environments
from runner.environments.cache import facts as cache_facts
from runner.environments.kept import collecting, explaining, listing
from runner.environments.kept.collecting import Collection
from runner.environments.kept.explaining import Difference
from runner.environments.kept.installed import installed
from runner.environments.kept.listing import Building, Entry
from runner.errors import NotFound, Unavailable
from runner.server.errors import NotPermitted, NotSupported
from runner.server.native.environments.shapes import (
    Build,
    CacheAnswer,
    CachedAnswer,
    CachedEnvironment,
    Different,
    FreeCache,
    Freed,
)
from runner.server.native.operation import Operation, is_administrator, json, sent
from runner.server.native.overview_shapes import LockedPackage
from runner.settings import Settings

KEY = re.compile("[0-9a-f]{32}")
SHOWN = 12  # characters of a key
LINES = 50  # of a build that goes on


class Cache:
    """That of these settings; None: this server does not know of any."""

    def __init__(self, settings: Settings | None) -> None:
        self._settings = settings
        self._freeing = threading.Lock()

    @property
    def settings(self) -> Settings:
        """
        Raises:
            NotSupported: there are none.
        """
        if self._settings is None:
            raise NotSupported("this server does not look into a cache of environments")
        return self._settings

    def told(self) -> CacheAnswer:
        """All that is there."""
        settings = self.settings
        busy = {path.name for path in listing.in_use(settings)}
        place = next(path for path in (settings.cache, *settings.cache.parents) if path.exists())
        return CacheAnswer(
            place=str(settings.cache),
            free=shutil.disk_usage(place).free,
            limit=settings.cache_limit,
            environments=[_environment(entry, busy=entry.key in busy) for entry in listing.entries(settings)],
            builds=[_build(each) for each in listing.builds(settings)],
        )

    def one(self, key: str) -> CachedAnswer:
        """The environment with this key.

        Raises:
            NotFound: there is none.
        """
        settings = self.settings
        entry = next((each for each in listing.entries(settings) if each.key == key), None)
        if entry is None:
            raise NotFound(f"environment {key[:SHOWN]!r} is not in the cache of this machine")
        return _explained(entry, settings)

    def requires(self, key: str, lock: str) -> Mapping[str, frozenset[str]]:
        """What each package requires, as it says itself; nothing where no environment with this key has this lock."""
        if self._settings is None or not KEY.fullmatch(key):
            return {}
        path = environments(self._settings) / key
        facts = cache_facts(path)
        return installed(path).requires if facts and facts.get("lock") == lock else {}

    def free(self, asked: FreeCache) -> Freed:
        """Make room, or say what that would be.

        Raises:
            Unavailable: somebody else is at it.
            EnvironmentFailed: one of those that are named is in use, or none of them can go.
        """
        settings = self.settings
        if not self._freeing.acquire(blocking=False):
            raise Unavailable("somebody else is making room in the cache", hint="ask again")
        try:
            gone = _collected(asked, settings)
        finally:
            self._freeing.release()
        return Freed(
            dry_run=asked.dry_run,
            environments=[_environment(entry) for entry in gone.entries],
            packages=len(gone.packages),
            leftovers=len(gone.leftovers),
            bytes=gone.bytes,
            command=_command(asked),
            refused=dict(gone.refused),
        )


async def cache(request: Request) -> Response:
    return json(await run_in_threadpool(lambda: _cache(request).told()))


async def cached(request: Request) -> Response:
    key: str = request.path_params["key"]
    return json(await run_in_threadpool(lambda: _cache(request).one(key)))


async def free(request: Request) -> Response:
    asked = await sent(request, FreeCache)
    return json(await run_in_threadpool(lambda: _cache(request).free(asked)))


def _cache(request: Request) -> Cache:
    if not is_administrator(request):
        raise NotPermitted("The cache of this machine is shown to administrators")
    found: Cache = request.app.state.tracking.native.cache
    return found


def _collected(asked: FreeCache, settings: Settings) -> Collection:
    if asked.keys:
        return collecting.remove(asked.keys, settings, dry_run=asked.dry_run)
    return collecting.collect(
        settings, older_than=asked.older_than, max_bytes=asked.max_bytes, dry_run=asked.dry_run
    )


def _command(asked: FreeCache) -> str:
    if asked.keys:
        return shlex.join(("runner", "env", "remove", *(key[:SHOWN] for key in asked.keys)))
    limit = () if asked.max_bytes is None else ("--max-size", str(asked.max_bytes))
    trial = ("--dry-run",) if asked.dry_run else ()
    return shlex.join(("runner", "env", "gc", "--older-than", f"{asked.older_than:g}", *limit, *trial))


def _environment(entry: Entry, *, busy: bool = False) -> CachedEnvironment:
    return CachedEnvironment(
        key=entry.key,
        kind=entry.kind,
        python=entry.python,
        lock=str(entry.facts.get("lock", "")),
        packages=len(entry.packages),
        bytes=entry.bytes,
        created=round(entry.created * 1000),
        used=round(entry.used * 1000),
        busy=busy,
        seconds=dict(entry.facts.get("seconds", {})),
    )


def _build(build: Building) -> Build:
    begun = None if build.begun is None else round(build.begun * 1000)
    return Build(key=build.key, begun=begun, lines=list(build.lines[-LINES:]))


def _explained(entry: Entry, settings: Settings) -> CachedAnswer:
    found = explaining.explain_entry(entry, settings)
    answer = CachedAnswer(
        environment=_environment(entry, busy=entry.path in listing.in_use(settings)),
        place=str(entry.path),
        interpreter=str(entry.facts.get("interpreter") or ""),
        tools={str(name): str(version) for name, version in entry.facts.get("tools", {}).items()},
        inputs={name: shown(value) for name, value in found.inputs.items()},
        listed=_packages(entry),
        log=buildlog.read(entry.path / buildlog.LOG)[1],
    )
    if found.nearest is not None:
        answer.nearest = found.nearest.key or ""
        answer.inputs_differ = list(map(_different, found.nearest.inputs))
        answer.packages_differ = list(map(_different, found.nearest.packages))
    return answer


def _packages(entry: Entry) -> list[LockedPackage]:
    needing = needed_by(installed(entry.path).requires)
    return [
        LockedPackage(
            name=name,
            version=version,
            required_by=sorted(needing.get(canonicalize_name(name), ())),
            asked=bool(needing) and canonicalize_name(name) not in needing,
        )
        for name, version in entry.packages
    ]


def needed_by(requires: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Of each package those that require it."""
    needing: dict[str, list[str]] = {}
    for package, needed in requires.items():
        for name in needed:
            needing.setdefault(name, []).append(package)
    return needing


def _different(one: Difference) -> Different:
    there, here = (None if value is None else shown(value) for value in (one.there, one.here))
    return Different(name=one.name, there=there, here=here)


def shown(value: object) -> str:
    """An input of a key: of lists and mappings how many there are, for variables may be secrets."""
    match value:
        case None:
            return ""
        case list() | dict():
            return f"{len(value)} of them" if value else "none"
        case _:
            return str(value)


OPERATIONS: Sequence[Operation] = (
    Operation("GET", "/cache", "readCache", "Environments in the cache of the server's machine", cache, CacheAnswer),
    Operation("GET", "/cache/{key}", "readCached", "One of them: why it was built, and how", cached, CachedAnswer),
    Operation("POST", "/cache/free", "freeCache", "Make room there, or say what would go", free, Freed, FreeCache),
)  # fmt: skip

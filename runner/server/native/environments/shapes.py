"""Requests and answers about environments: locks that runs had, and what lies in the cache of this machine."""
# ruff: noqa: RUF012 - msgspec copies what stands for a new list

from typing import Annotated

from msgspec import Meta, Struct, field

from runner.server.mlflow import wire
from runner.server.native.overview_shapes import Kin, LockedPackage
from runner.server.native.shapes import Shape

MOST_LOCKS, MOST_KEYS = 200, 1000
DIGEST = r"^sha256:[0-9a-f]{64}$"
Key = Annotated[str, Meta(pattern="^[0-9a-f]{4,64}$")]


class ReadEnvironments(wire.Request):
    """A page of them; `with`: only those that hold such a package (`torch`, `torch>=2.9`)."""

    holding: Annotated[str, Meta(max_length=200)] = field(default="", name="with")
    offset: Annotated[int, Meta(ge=0, le=2**31)] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST_LOCKS)] = 50


class LockOfRuns(Shape):
    """A lock, and the runs that had it: how many, the newest and its name, when that began. `holds`: the version that was asked for.

    `kind` is that of the environment, `format` that of the lock. Of Python and the number of packages the plan tells.
    """

    digest: str
    runs: int
    newest: str
    name: str
    used: int | None = None
    kind: str = ""
    format: str = ""
    python: str = ""
    image: str = ""
    packages: int | None = None
    holds: str = ""


class EnvironmentsAnswer(Struct, kw_only=True):
    """Locks from `offset` on, the last used first, of `total`, which `runs` runs had.

    `looked`: into so many of them was looked for a package.
    """

    total: int
    runs: int
    offset: int
    looked: int
    environments: list[LockOfRuns]


class LockAnswer(LockOfRuns):
    """A lock with its packages. `path` is the artifact of the newest run that holds it; `platform`: where that run was.

    `links`: the lock says which package needs which. `last`: newest runs. `problem`: why the packages cannot be told.
    """

    path: str = ""
    platform: str = ""
    interpreter: str = ""
    as_of: str = ""
    origin: str = ""
    pinned: bool = True
    listed: list[LockedPackage] = []
    links: bool = False
    last: list[Kin] = []
    problem: str = ""


class CachedEnvironment(Shape):
    """An environment in the cache; `bytes` counts shared files, too. `seconds`: what each step of its build took."""

    key: str
    kind: str
    python: str
    lock: str
    packages: int
    bytes: int
    created: int
    used: int
    busy: bool = False
    seconds: dict[str, float] = {}


class Build(Shape):
    """A build that goes on; `lines` are the last that it has told."""

    key: str
    begun: int | None = None
    lines: list[str] = []


class CacheAnswer(Struct, kw_only=True):
    """The cache of the server's machine. `limit`: RUNNER_CACHE_LIMIT; `free`: bytes on its disk."""

    place: str
    free: int
    limit: int | None
    environments: list[CachedEnvironment]
    builds: list[Build]


class Different(Shape):
    """An input or a package: here, and in the environment beside which it is looked at."""

    name: str
    there: str | None = None
    here: str | None = None


class CachedAnswer(Shape):
    """One of them, and where it lies. `nearest`: the key of the one with most in common that was there before it: in `inputs_differ` and
    `packages_differ` they are not the same, so that one was not reused. `log`: what its build has told.
    """

    environment: CachedEnvironment
    place: str
    interpreter: str = ""
    tools: dict[str, str] = {}
    inputs: dict[str, str] = {}
    nearest: str = ""
    inputs_differ: list[Different] = []
    packages_differ: list[Different] = []
    listed: list[LockedPackage] = []
    log: list[str] = []


class FreeCache(wire.Request):
    """These environments (`keys`); or else what was unused for so many days, and then as much as is over `max_bytes`."""

    keys: Annotated[list[Key], Meta(max_length=MOST_KEYS)] = field(default_factory=list)
    older_than: Annotated[float, Meta(ge=0, le=36500)] = 30.0
    max_bytes: Annotated[int, Meta(ge=0, le=2**62)] | None = None
    dry_run: bool = True


class Freed(Struct, kw_only=True):
    """What went, or would go: environments, unpacked packages, leftovers; `bytes` of room. `command` does the same.

    `refused`: keys of environments that were named and did not go, and why.
    """

    dry_run: bool
    environments: list[CachedEnvironment]
    packages: int
    leftovers: int
    bytes: int
    command: str
    refused: dict[str, str] = {}

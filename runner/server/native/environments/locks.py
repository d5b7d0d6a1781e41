"""The lock of a run as it was kept with it: what its plan says of it, its packages, which needs which."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from runner.environments.model import LOCK_FILES, Lock
from runner.errors import NotFound
from runner.server.native.documents import PLAN, RECORD, Documents
from runner.server.native.environments.cached import Cache, needed_by
from runner.server.native.overview_shapes import LockedPackage

MOST = 20_000  # packages
TROUBLES = (ValueError, RecursionError)  # of a file that is no lock, beside our own errors


@dataclass(frozen=True, slots=True)
class KeptLock:
    """`facts` is what the plan says of the lock, `path` the artifact; "" where the run has none, or none that we know."""

    documents: Documents
    planned: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        return table(self.planned, "lock")

    @property
    def format(self) -> str:
        return str(self.facts.get("kind") or "")

    @property
    def path(self) -> str:
        return LOCK_FILES.get(self.format, "")

    def text(self) -> str:
        """
        Raises:
            NotFound: it is not with this server.
        """
        if not self.path:
            raise NotFound("no lock was kept with the run")
        return self.documents.read(self.path).decode(errors="replace")


def kept(documents: Documents) -> KeptLock:
    """The lock of a run, by its plan."""
    return KeptLock(documents, table(documents.json(PLAN), "environment"))


def packages(lock: KeptLock, cache: Cache | None = None) -> list[LockedPackage]:
    """What it lists, by name.

    Args:
        cache: where it may have been built: locks of uv do not say which package needs which, the packages themselves do.

    Raises:
        RunnerError, or one of TROUBLES: it is no lock, or is not with this server.
    """
    # Imported here: parsers of all kinds of locks, which the server begins without.
    from runner.environments import listed, trouble  # noqa: PLC0415

    machine = table(lock.documents.json(RECORD), "machine")
    found = listed.packages(Lock(kind=lock.format, text=lock.text(), python=""), listed.platform_of(machine))
    requires = {name: package.requires for name, package in found.items()}
    if cache is not None and not any(requires.values()):
        requires = {
            name: needed
            for name, needed in cache.requires(_key(lock), str(lock.facts.get("digest"))).items()
            if name in found
        }
    needing = needed_by(requires)
    return [
        LockedPackage(
            name=name,
            version=package.version,
            build=_without_path(trouble.masked(package.build)),
            hashes=sorted(package.hashes)[:4],
            required_by=sorted(needing.get(name, ())),
            asked=bool(needing) and name not in needing,
            host=package.host,
            size=package.size,
        )
        for name, package in sorted(found.items())[:MOST]
    ]


def _without_path(build: str) -> str:
    """A directory by its name alone: where it lies on the machine of the run is nobody's business here."""
    place = build.removeprefix("file://")
    return f"…/{PurePosixPath(place).name}" if place.startswith("/") else build


def _key(lock: KeptLock) -> str:
    return str(table(lock.documents.json(RECORD), "environment").get("key") or "")


def has_links(packages: list[LockedPackage]) -> bool:
    """Whether the lock says which package needs which."""
    return any(each.required_by for each in packages)


def table(values: Mapping[str, Any] | None, key: str) -> Mapping[str, Any]:
    """An object of an object, of which a stranger may have made something else."""
    found = (values or {}).get(key)
    return found if isinstance(found, Mapping) else {}


def text_of(values: Mapping[str, Any], key: str) -> str:
    """A text of an object; "" where it is none."""
    found = values.get(key)
    return found if isinstance(found, str) else ""


def count_of(values: Mapping[str, Any], key: str) -> int | None:
    """A number of an object; None where it is none."""
    found = values.get(key)
    return found if isinstance(found, int) else None

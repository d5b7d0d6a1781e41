"""Locks that lie beside a conda file, and which of them counts.

STEM.conda-lock.yml, conda-lock.yml     conda-lock: one file for several platforms
STEM-PLATFORM.lock, conda-PLATFORM.lock explicit lists, one for each platform
pixi.lock                               where no pixi project lies beside it, to which it would belong
"""

import os
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

_SYSTEMS = {"linux": "linux", "darwin": "osx"}
_MACHINES = {
    "x86_64": "64",
    "amd64": "64",
    "i686": "32",
    "arm64": "arm64" if sys.platform == "darwin" else "aarch64",
}
_EXPLICIT = re.compile(r"(?P<stem>.+)-(?P<platform>[a-z]+-[a-z0-9]+)\.lock")
_ENDS = (".conda-lock.yml", "-conda-lock.yml")


def platform() -> str:
    """What conda calls this machine: "linux-64", "osx-arm64"."""
    machine = os.uname().machine.lower()
    return f"{_SYSTEMS.get(sys.platform, sys.platform)}-{_MACHINES.get(machine, machine)}"


def is_lock(name: str) -> bool:
    """Whether a file is a conda lock, by its name."""
    return name in {"conda-lock.yml", "pixi.lock"} or name.endswith(_ENDS) or bool(_EXPLICIT.fullmatch(name))


def lock_beside(directory: Path, file: str) -> str | None:
    """The lock that the project ships for a conda file; relative to the project directory, as the file is."""
    place = PurePosixPath(file)
    try:
        names = set(os.listdir(directory / place.parent))  # noqa: PTH208 - half of pathlib's time
    except OSError:  # the file can be read, its directory cannot
        return None
    return next((str(place.parent / name) for name in _candidates(place.stem, names) if name in names), None)


def _candidates(stem: str, names: Collection[str]) -> Iterator[str]:
    yield from (stem + end for end in _ENDS)
    yield "conda-lock.yml"
    yield f"{stem}-{platform()}.lock"
    yield f"conda-{platform()}.lock"
    # Made for others only: that is told, rather than that something else is solved.
    yield from sorted(
        name for name in names if (hit := _EXPLICIT.fullmatch(name)) and hit["stem"] in {stem, "conda"}
    )
    if "pixi.toml" not in names:
        yield "pixi.lock"

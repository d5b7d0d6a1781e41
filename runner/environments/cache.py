"""The cache on disk: where things lie, whose turn it is, what is whole, what is thrown away.

cache/envs/<key>/               a virtual environment, at the path for which it was built
               .ready.json      written last: without it the directory is torn, and is discarded, never repaired
cache/envs/<key>.lock           held by the builder, who writes there how far it is, and by each program that builds for it
cache/locks/<key>.json          a resolution
cache/trash/                    on its way out: renamed here first, so that a reader sees all of it or nothing
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from runner.environments import trouble
from runner.files import LockTaken, locked, remove_tree
from runner.progress import Phase
from runner.settings import Settings

SCHEMA = 2  # part of every key: raise it when environments or locks are made differently
MARKER = ".ready.json"


def platform_tag() -> str:
    """What a wheel must fit beside the interpreter: system, machine and C library."""
    machine = os.uname()
    libc = ""
    with suppress(ValueError, OSError, AttributeError):  # musl and macOS do not know the name
        libc = "-" + (os.confstr("CS_GNU_LIBC_VERSION") or "").replace(" ", "")
    return f"{sys.platform}-{machine.machine}{libc if sys.platform == 'linux' else f'-{machine.release}'}"


def environments(settings: Settings) -> Path:
    """Where environments lie."""
    return settings.cache / "envs"


def resolutions(settings: Settings) -> Path:
    """Where resolved locks lie."""
    return settings.cache / "locks"


def conda_packages(settings: Settings) -> Path:
    """Where conda packages lie unpacked, to be linked into environments."""
    return settings.cache / "conda" / "pkgs"


def uv(settings: Settings) -> Path:
    """Where uv keeps packages if the user's own cache of it cannot be used."""
    return settings.cache / "uv"


def facts(prefix: Path) -> Mapping[str, Any] | None:
    """What the marker of a whole environment says; None for one that is torn, or whose interpreter is gone."""
    try:
        found = json.loads((prefix / MARKER).read_bytes())
        if found["python"]:
            os.stat(prefix / "bin/python")  # noqa: PTH116 - a tenth of pathlib's time; follows to the interpreter
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(found)


def touch(path: Path) -> None:
    """Note that something was used just now; a read-only cache forgets that."""
    with suppress(OSError):
        os.utime(path)


@contextmanager
def turn(path: Path, *, settings: Settings, phase: Phase) -> Iterator[int]:
    """Hold a lock of the cache, and say so when that means to wait for another process.

    Raises:
        EnvironmentFailed: the cache cannot be written.
    """
    with ExitStack() as stack:
        try:
            try:
                descriptor = stack.enter_context(locked(path, timeout=0))
            except LockTaken:
                phase.update("waiting for another process that builds the same")
                descriptor = stack.enter_context(locked(path))
        except OSError as error:
            raise trouble.unwritable(settings, error) from error
        yield descriptor


def writable(settings: Settings) -> bool:
    """Whether anything can be added to the cache."""
    place = next(path for path in (settings.cache, *settings.cache.parents) if path.exists())
    return os.access(place, os.W_OK)


def discard(path: Path, settings: Settings) -> None:
    """Make a directory vanish at once, then free its room."""
    trash = settings.cache / "trash" / f"{path.name}-{os.getpid()}-{time.time_ns()}"
    try:
        trash.parent.mkdir(parents=True, exist_ok=True)
        path.rename(trash)
    except FileNotFoundError:
        return
    except OSError:  # no room for the trash itself
        trash = path
    with suppress(OSError):  # what is left over is found by the next collection
        remove_tree(trash)

"""Images that we make: once for equal inputs, known by a label, remembered in the cache.

cache/images/<key>.json   one that we made or used: its id, and by the file's time its last use
cache/images/<key>.lock   held by who makes it
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from runner import __version__
from runner.containers import images
from runner.containers.engine import Engine
from runner.containers.images import Image
from runner.environments import cache
from runner.files import sha256, write_atomically
from runner.progress import Phase
from runner.settings import Settings

RECIPE = 1  # part of every key: raise it when images are made differently


def key_of(*inputs: object) -> str:
    """The content address of what is made of these JSON values."""
    return sha256(json.dumps([RECIPE, *inputs], sort_keys=True))[:32]


def labels(key: str, purpose: str) -> dict[str, str]:
    """By which the image is found again."""
    return {images.KEY: key, images.PURPOSE: purpose, "runner.version": __version__}


def made(
    engine: Engine, key: str, make: Callable[[], Image], *, settings: Settings, phase: Phase
) -> tuple[Image, str]:
    """The image of this key, made by one process if there is none; and how we came to it."""
    if found := images.keyed(engine, key):
        return _used(found, key, settings), "cached"
    with cache.turn(place(settings) / f"{key}.lock", settings=settings, phase=phase):
        if found := images.keyed(engine, key):
            return _used(found, key, settings), "built by another process"
        return _used(make(), key, settings), "built"


def place(settings: Settings) -> Path:
    """Where images are remembered."""
    return settings.cache / "images"


def remembered(settings: Settings, name: str) -> Mapping[str, object] | None:
    """What was kept under a name."""
    with suppress(OSError, ValueError):
        found = json.loads((place(settings) / f"{name}.json").read_bytes())
        if isinstance(found, dict):
            return found
    return None


def remember(settings: Settings, name: str, facts: Mapping[str, object]) -> None:
    """Keep something about an image; a cache that cannot be written forgets it."""
    with suppress(OSError):
        write_atomically(place(settings) / f"{name}.json", json.dumps(facts))


def last_use(settings: Settings, key: str) -> float | None:
    """Seconds since the epoch; None where this cache knows nothing of it."""
    with suppress(OSError):
        return (place(settings) / f"{key}.json").stat().st_mtime
    return None


def forget(settings: Settings, key: str) -> None:
    """The image is gone."""
    with suppress(OSError):
        (place(settings) / f"{key}.json").unlink()


def _used(image: Image, key: str, settings: Settings) -> Image:
    remember(settings, key, {"id": image.id})
    return image

"""Images that we make: once for equal inputs, named by their key, remembered in the cache.

A label alone proves nothing: an image inherits those of its base, and anybody may write one.

cache/images/<key>.json   one that we made or used: its id, and by the file's time its last use
cache/images/<key>.lock   held by who makes it
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from runner.containers import images
from runner.containers.engine import Engine
from runner.containers.images import Image
from runner.environments import cache
from runner.files import LockTaken, locked, sha256, write_atomically
from runner.progress import Phase
from runner.settings import Settings

RECIPE = 2  # part of every key: raise it when images are made differently
PROJECTS = "runner-project/"  # the names of images of code begin so
_KEY = re.compile(r"[0-9a-f]{32}")


class Mark(Struct, frozen=True):
    """What an image of ours is: its purpose ("build", "environment", "code") and the address of what it is made of."""

    purpose: str
    key: str

    @classmethod
    def of(cls, purpose: str, *inputs: object) -> "Mark":
        """The mark of what is made of these JSON values."""
        return cls(purpose, sha256(json.dumps([RECIPE, *inputs], sort_keys=True))[:32])

    @classmethod
    def on(cls, image: Image) -> "Mark":
        """The mark that an image bears."""
        purpose, _, key = image.labels.get(images.OURS, "").partition(":")
        return cls(purpose, key)

    @property
    def labels(self) -> dict[str, str]:
        """By which the image is found again."""
        return {images.OURS: str(self)}

    @property
    def tag(self) -> str:
        """A name, so that the image is not taken for a leftover."""
        return f"runner-{self.purpose}:{self.key[:16]}"

    def __str__(self) -> str:
        return f"{self.purpose}:{self.key}"


def made(
    engine: Engine, mark: Mark, make: Callable[[], Image], *, settings: Settings, phase: Phase
) -> tuple[Image, str]:
    """The image with this mark, made by one process if there is none; and how we came to it."""
    if found := _known(engine, mark, settings):
        return _used(found, mark, settings), "cached"
    with cache.turn(place(settings) / f"{mark.key}.lock", settings=settings, phase=phase):
        if found := _known(engine, mark, settings):
            return _used(found, mark, settings), "built by another process"
        return _used(make(), mark, settings), "built"


def is_ours(image: Image, settings: Settings) -> bool:
    """Whether the image is one that this cache remembers, and not one that was made of it."""
    mark = Mark.on(image)
    known = remembered(settings, mark.key) if _KEY.fullmatch(mark.key) else None
    return known is not None and (known.get("id") == image.id or mark.tag in image.tags)


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


def use(settings: Settings, name: str) -> None:
    """Note that it was used just now."""
    cache.touch(place(settings) / f"{name}.json")


def last_use(settings: Settings, key: str) -> float | None:
    """Seconds since the epoch; None where this cache knows nothing of it."""
    with suppress(OSError):
        return (place(settings) / f"{key}.json").stat().st_mtime
    return None


def forget(settings: Settings, key: str) -> None:
    """The image is gone."""
    with suppress(OSError):
        (place(settings) / f"{key}.json").unlink()


def clear(settings: Settings, *, needed: Collection[str], before: float) -> None:
    """Forget what nobody used since that moment, apart from the images with these keys, and the locks of what is forgotten."""
    for path in place(settings).glob("*.json"):
        if path.stem not in needed:
            _unlink(path, before=before)
    for path in place(settings).glob("*.lock"):
        if not path.with_suffix(".json").exists():
            with suppress(OSError, LockTaken), locked(path, timeout=0):
                _unlink(path, before=before)


def _unlink(path: Path, *, before: float) -> None:
    with suppress(OSError):
        if path.stat().st_mtime < before:
            path.unlink()


def _known(engine: Engine, mark: Mark, settings: Settings) -> Image | None:
    """The image with this mark by the id that we remember, else by its name, which another cache may have given."""
    known = remembered(settings, mark.key) or {}
    for reference in (known.get("id"), mark.tag):
        found = images.find(engine, str(reference)) if reference else None
        if found and Mark.on(found) == mark:
            return found
    return None


def _used(image: Image, mark: Mark, settings: Settings) -> Image:
    known = remembered(settings, mark.key)
    if known and known.get("id") == image.id:
        use(settings, mark.key)
    else:
        remember(settings, mark.key, {"id": image.id})
    return image

"""Images of ours that nobody needs any more. Those of others are never touched."""

import time
from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from runner.containers import images
from runner.containers.engine import Engine, connect, within_reach
from runner.containers.images import Image
from runner.environments.images import keeping
from runner.environments.images.keeping import PROJECTS, Mark, is_ours
from runner.errors import EnvironmentFailed
from runner.settings import Settings

_DAY = 86400.0
_LONGEST_BUILD = 3600.0  # seconds in which nobody is suspected of having died


class Ours(Struct, frozen=True, kw_only=True):
    """An image that we made. Times are seconds since the epoch; `bytes` counts the base image, too."""

    name: str
    key: str
    purpose: str
    id: str
    bytes: int
    created: float
    used: float


def listed(settings: Settings) -> list[Ours]:
    """Images that we made, the last used one first; none where no engine is within reach."""
    if not _wanted(settings):
        return []
    with connect(settings.environ) as engine:
        found = [_ours(image, settings) for image in images.labelled(engine) if is_ours(image, settings)]
    return sorted(found, key=lambda item: item.used, reverse=True)


def collect(
    settings: Settings, *, older_than: float | None = None, dry_run: bool = False
) -> list[tuple[str, int]]:
    """Remove images that we made and that were not used for `older_than` days.

    What a container uses stays, and what somebody has given another name. Gives names and bytes of what is (or would be) gone.

    Raises:
        EnvironmentFailed: there is an engine, and it does not answer.
    """
    if not _wanted(settings):
        return []
    now = time.time()
    with connect(settings.environ) as engine:
        if not dry_run:
            images.clear_left(engine, before=now - _LONGEST_BUILD)
        days = float("inf") if older_than is None else older_than
        old = [(item, image) for item, image in _free(engine, settings) if now - item.used > days * _DAY]
        # the youngest first: an image that another one is made of cannot be removed before it
        old.sort(key=lambda pair: pair[0].created, reverse=True)
        gone = [item for item, image in old if dry_run or _removed(engine, image, settings)]
        if not dry_run:
            needed = {Mark.on(image).key for image in images.labelled(engine)}
            keeping.clear(settings, needed=needed, before=now - days * _DAY)
    return [(item.name, item.bytes) for item in gone]


def discard_code(engine: Engine, settings: Settings) -> None:
    """Remove images of code whose project's name has gone to a newer one, and which nobody used for a day.

    No run fails because of that, or of another one that does the same just now.
    """
    before = time.time() - _DAY
    with suppress(EnvironmentFailed):
        for item, image in _free(engine, settings):
            if item.purpose == "code" and len(image.tags) <= 1 and item.used < before:
                _removed(engine, image, settings)


def _free(engine: Engine, settings: Settings) -> list[tuple[Ours, Image]]:
    """Images that we made, which no container uses, and which nobody else has named."""
    busy = images.in_use(engine)
    mine = [image for image in images.labelled(engine) if image.id not in busy and is_ours(image, settings)]
    return [(_ours(image, settings), image) for image in mine if not _named_by_others(image)]


def _named_by_others(image: Image) -> bool:
    return any(tag != Mark.on(image).tag and not tag.startswith(PROJECTS) for tag in image.tags)


def _wanted(settings: Settings) -> bool:
    return keeping.place(settings).is_dir() or within_reach(settings.environ)


def _removed(engine: Engine, image: Image, settings: Settings) -> bool:
    gone = images.remove(engine, image)
    if gone:
        keeping.forget(settings, Mark.on(image).key)
    return gone


def _ours(image: Image, settings: Settings) -> Ours:
    mark, created = Mark.on(image), _seconds(image.created)
    return Ours(
        name=next((tag for tag in image.tags if tag.startswith(PROJECTS)), mark.tag),
        key=mark.key,
        purpose=mark.purpose,
        id=image.id,
        bytes=image.bytes,
        created=created,
        used=keeping.last_use(settings, mark.key) or created,
    )


def _seconds(moment: str) -> float:
    """An engine's moment: RFC 3339 with nanoseconds."""
    try:
        return datetime.fromisoformat(moment[:19] + "+00:00").timestamp()
    except ValueError as error:
        raise EnvironmentFailed(f"the engine gives the moment {moment!r}") from error

"""Objects in S3, Google Cloud Storage and Azure into the cache: a file, or a whole prefix as a directory.

Imported only when an input is there. Credentials come from the places where the providers' own tools look.

    objects/<digest of URL and version of each object>/<name>
"""

import json
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from runner.errors import InputError
from runner.files import locked, remove_tree, sha256
from runner.progress import Phase
from runner.settings import Settings

if TYPE_CHECKING:
    from obstore import ObjectMeta


def fetch(uri: str, *, settings: Settings, phase: Phase) -> Path:
    """The object, or all objects below it, as local file or directory.

    Raises:
        InputError: there is none, or no access.
    """
    if settings.offline:
        raise InputError(f"offline, and {uri} is in an object store", hint="download it and give its path")
    parts = urlsplit(uri)
    key = unquote(parts.path).strip("/")
    phase.update(f"asking {parts.scheme}://{parts.netloc}")
    try:
        store = from_url(f"{parts.scheme}://{parts.netloc}")
        objects = _listed(store, key)
        if not objects:
            raise InputError(
                f"there is no object {uri}, and none below it", hint="check the name and your access"
            )
        return _kept(
            store, key, objects, name=PurePosixPath(key).name or parts.netloc, settings=settings, phase=phase
        )
    except (BaseError, ValueError) as error:
        raise InputError(
            f"cannot fetch {uri}", detail=str(error)[:2000], hint="check your credentials"
        ) from error


def head(bucket: str, key: str, *, seconds: float) -> "ObjectMeta":
    """What the store says of one object, if it says so soon."""
    time = timedelta(seconds=seconds)
    store = from_url(
        bucket,
        client_options={"timeout": time, "connect_timeout": time, "allow_http": True},
        retry_config={"max_retries": 0, "retry_timeout": time},
    )
    return obstore.head(store, key)


def _listed(store: ObjectStore, key: str) -> Sequence[tuple[str, str]]:
    """Path and version of the object `key`, or of all below it."""
    found = [
        (str(meta["path"]), str(meta.get("e_tag") or meta["last_modified"]))
        for batch in obstore.list(store, prefix=key or None)
        for meta in batch
    ]
    try:
        meta = obstore.head(store, key) if key else None
    except FileNotFoundError:
        meta = None
    if meta is not None:
        return [(key, str(meta.get("e_tag") or meta["last_modified"]))]
    return sorted(found)


def _kept(
    store: ObjectStore,
    key: str,
    objects: Sequence[tuple[str, str]],
    *,
    name: str,
    settings: Settings,
    phase: Phase,
) -> Path:
    home = settings.cache / "objects" / sha256(json.dumps([repr(store), key, objects]))
    path = home / name
    with locked(home / "lock"):
        if path.exists():
            os.utime(home)  # used, says `prune`
            return path
        aside = home / "partial"
        remove_tree(aside)
        aside.mkdir()
        for number, (object_path, _) in enumerate(objects, 1):
            phase.update(f"fetching {object_path} ({number} of {len(objects)})")
            _download(store, object_path, aside / name / _below(key, object_path))
        (aside / name).rename(path)
    return path


def _below(key: str, path: str) -> str:
    """Path of the object relative to `key`; "" for the object itself."""
    relative = PurePosixPath(path).relative_to(key)
    if ".." in relative.parts:
        raise InputError(f"the object name {path!r} leads out of its directory")
    return "" if relative == PurePosixPath() else str(relative)


def _download(store: ObjectStore, path: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        for block in obstore.get(store, path).stream():
            file.write(memoryview(block))

"""What a server says of an object, without the object: which version of it is there."""

from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import unquote, urlsplit

from runner.errors import InputError
from runner.progress import Phase
from runner.settings import Settings
from runner.sources.address import scheme, split_credentials
from runner.sources.inputs import OBJECT_STORES

PATIENCE = 3.0  # seconds: a run does not wait for long to know more about its input


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is there. `etag` and `version` change with the content; the others nearly always do."""

    etag: str | None = None
    version: str | None = None
    modified: str | None = None
    bytes: int | None = None

    @property
    def name(self) -> str | None:
        """What stands for a digest; a weak etag may name other bytes, and stands for none."""
        if self.version is not None:
            return f"version:{self.version}"
        return f"etag:{self.etag}" if self.etag and not self.etag.startswith("W/") else None


def ask(uri: str, *, settings: Settings) -> Seen | None:
    """What the server of `uri` says; None where it says nothing, is not there, or is none that we know how to ask."""
    kind = scheme(uri)
    if settings.offline:
        return None
    if kind in {"http", "https"}:
        return _http(uri)
    return _object(uri) if kind in OBJECT_STORES else None


def fetched(uri: str, *, settings: Settings) -> Seen | None:
    """The same for what `sources.fetch_input` has brought to this machine."""
    if scheme(uri) not in {"http", "https"}:
        return ask(uri, settings=settings)
    download = import_module("runner.sources.download")
    url, login = split_credentials(uri)
    there = download.Download(
        url=url, login=login, settings=settings, phase=Phase("inputs"), failure=InputError
    )
    return Seen(etag=there.etag)


def _http(uri: str) -> Seen | None:
    download = import_module("runner.sources.download")  # urllib, which most runs do not need
    url, login = split_credentials(uri)
    headers = download.head(url, login=login, timeout=PATIENCE)
    if headers is None:
        return None
    length = headers.get("content-length", "")
    return Seen(
        etag=headers.get("etag"),
        version=headers.get("x-amz-version-id"),
        modified=headers.get("last-modified"),
        bytes=int(length) if length.isdecimal() else None,
    )


def _object(uri: str) -> Seen | None:
    parts = urlsplit(uri)
    key = unquote(parts.path).strip("/")
    meta: Any = None
    if key:
        objects = import_module("runner.sources.objects")  # obstore
        with suppress(objects.BaseError, OSError, ValueError):
            meta = objects.head(f"{parts.scheme}://{parts.netloc}", key, seconds=PATIENCE)
    if meta is None:
        return None
    return Seen(
        etag=meta.get("e_tag"),
        version=meta.get("version"),
        modified=meta["last_modified"].isoformat(),
        bytes=meta["size"],
    )

"""Artifacts in an object store, or in memory."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, GenericError
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from runner.errors import NotFound, TrackingError, Unavailable
from runner.server.artifacts.files import PIECE, Content, Entry, Stat

if TYPE_CHECKING:
    from obstore import ObjectMeta

PART, PARTS_AT_ONCE = 8 * 1024 * 1024, 3  # bytes of a part of an upload; both bound the memory that one takes
VALID = timedelta(minutes=15)  # of a signed URL


class Objects:
    """See `files.Files`."""

    def __init__(self, uri: str, store: ObjectStore) -> None:
        self.uri = uri
        self._store = store

    async def put(self, path: str, pieces: AsyncIterator[bytes], *, size: int | None = None) -> str:  # noqa: ARG002 - such stores grow
        first = await _part(pieces)
        whole = first if len(first) < PART else _chained(first, pieces)
        with _told(path):
            made = await obstore.put_async(
                self._store, path, whole, chunk_size=PART, max_concurrency=PARTS_AT_ONCE
            )
        return _quoted(made["e_tag"]) if made["e_tag"] else (await self.stat(path)).etag

    async def get(self, path: str, span: tuple[int, int] | None = None) -> Content:
        with _told(path):
            found = await obstore.get_async(self._store, path, options={"range": span} if span else {})
        start, end = found.range
        return Content(_stat(found.meta), start, end, found.stream(min_chunk_size=PIECE))

    async def stat(self, path: str) -> Stat:
        with _told(path):
            return _stat(await obstore.head_async(self._store, path))

    async def list(self, path: str) -> Sequence[Entry]:
        with _told(path):
            found = await obstore.list_with_delimiter_async(self._store, path)
        directories = [Entry(_name(prefix)) for prefix in found["common_prefixes"]]
        files = [Entry(_name(item["path"]), item["size"]) for item in found["objects"]]
        return sorted(directories + files, key=lambda entry: entry.name)

    async def delete(self, path: str) -> None:
        with _told(path):
            below = [item["path"] async for batch in obstore.list(self._store, path) for item in batch]
            await obstore.delete_async(self._store, below)
            with suppress(FileNotFoundError):
                await obstore.delete_async(self._store, path)

    async def signed(self, path: str) -> str | None:
        if not isinstance(self._store, S3Store | GCSStore | AzureStore):
            return None
        with _told(path):
            return await obstore.sign_async(self._store, "GET", path, VALID)


async def _part(pieces: AsyncIterator[bytes]) -> bytes:
    """The beginning of an artifact, as long as one part of an upload; shorter: all of it."""
    part = bytearray()
    while len(part) < PART and (piece := await anext(pieces, b"")):
        part += piece
    return bytes(part)


async def _chained(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _stat(meta: "ObjectMeta") -> Stat:
    etag = meta["e_tag"] or f"{meta['last_modified'].timestamp()}-{meta['size']}"
    return Stat(meta["size"], _quoted(etag), meta["last_modified"])


def _quoted(etag: str) -> str:
    text = etag.strip('"')
    return f'"{text}"'


@contextmanager
def _told(path: str) -> Iterator[None]:
    """obstore's errors in our words; those without a kind of their own come from the network."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"there is no artifact {path!r}") from error
    except (BaseError, OSError, ValueError) as error:
        kind = Unavailable if isinstance(error, GenericError) else TrackingError
        raise kind(f"artifact {path!r}: {str(error).partition(chr(10))[0]}") from error

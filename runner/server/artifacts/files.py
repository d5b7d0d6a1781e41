"""What the routes need of a place for artifacts. Paths are relative, checked by paths.py, and below the place's root."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

PIECE = 1024 * 1024  # bytes in memory at once, of each request


@dataclass(frozen=True, slots=True)
class Stat:
    """`etag` is in double quotes and changes with the content."""

    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes from `start` up to `end` of an artifact; `stat` is that of the whole."""

    stat: Stat
    start: int
    end: int
    pieces: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a directory holds: a file, or a directory, which has no size."""

    name: str
    size: int | None = None


class Files(Protocol):
    """A place for artifacts. What is missing raises NotFound."""

    uri: str

    async def put(self, path: str, pieces: AsyncIterator[bytes], *, size: int | None = None) -> str:
        """Write an artifact, whole or not at all: an error in `pieces` leaves what was there. Its etag.

        `size` is what the sender announced, if it did.

        Raises:
            NoRoom: the disk is full, or would be.
        """
        ...

    async def get(self, path: str, span: tuple[int, int] | None = None) -> Content:
        """An artifact, or its bytes from the first up to the second number."""
        ...

    async def stat(self, path: str) -> Stat: ...

    async def list(self, path: str) -> Sequence[Entry]:
        """What a directory holds, sorted by name; nothing if there is no such directory."""
        ...

    async def delete(self, path: str) -> None:
        """Delete a file, or a directory with all that is in it; nothing if there is neither."""
        ...

    async def signed(self, path: str) -> str | None:
        """A URL by which anybody may read the artifact for a while; None if this place has none."""
        ...

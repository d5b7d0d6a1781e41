"""Artifacts of another server, for the program of a run: what it writes is kept on this machine first, and sent on by the way."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from starlette.concurrency import run_in_threadpool

from runner.files import remove_tree
from runner.server.artifacts.files import PIECE, Content, Entry, Stat
from runner.tracking.opened import ServerArtifacts


class Forwarded:
    """See `files.Files`."""

    def __init__(self, artifacts: ServerArtifacts) -> None:
        self.uri = artifacts.uri
        self._artifacts = artifacts

    async def put(self, path: str, pieces: AsyncIterator[bytes], *, size: int | None = None) -> str:  # noqa: ARG002 - the disk is asked
        digest = hashlib.sha256()
        with self._artifacts.writing(path) as file:
            async for piece in pieces:
                digest.update(piece)
                await run_in_threadpool(file.write, piece)
        return f'"{digest.hexdigest()}"'

    async def get(self, path: str, span: tuple[int, int] | None = None) -> Content:
        """From a copy: ranges and digests are ours to tell, whatever the other server knows of them."""
        copy, stat = await run_in_threadpool(self._copied, path)
        start, end = span or (0, stat.size)
        return Content(stat, start, min(end, stat.size), _pieces(copy, start, min(end, stat.size)))

    async def stat(self, path: str) -> Stat:
        copy, stat = await run_in_threadpool(self._copied, path)
        remove_tree(copy.parent)
        return stat

    async def list(self, path: str) -> Sequence[Entry]:
        found = await run_in_threadpool(self._artifacts.entries, path)
        return [Entry(name, size) for name, size in sorted(found.items())]

    async def delete(self, path: str) -> None:
        await run_in_threadpool(self._artifacts.delete, path)

    async def signed(self, path: str) -> None:
        """There are none."""

    def _copied(self, path: str) -> tuple[Path, Stat]:
        directory = Path(mkdtemp(prefix="runner-"))
        try:
            copy = self._artifacts.download(path, directory)
            with copy.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except BaseException:
            remove_tree(directory)
            raise
        place = copy.replace(directory / "copy")
        return place, Stat(place.stat().st_size, f'"{digest}"', datetime.now(UTC))


async def _pieces(copy: Path, start: int, end: int) -> AsyncIterator[bytes]:
    try:
        with copy.open("rb") as file:
            file.seek(start)
            while start < end and (piece := await run_in_threadpool(file.read, min(PIECE, end - start))):
                start += len(piece)
                yield piece
    finally:
        remove_tree(copy.parent)

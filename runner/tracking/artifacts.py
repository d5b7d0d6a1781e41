"""Artifacts: the files of a run, in a directory or an object store, by obstore. Paths are relative, with slashes."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import obstore
from obstore.store import from_url

from runner.errors import NotFound, TrackingError

PIECE = 8 * 1024 * 1024  # bytes in memory at once


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file; `size` in bytes."""

    path: str
    size: int


class Artifacts:
    """The artifacts below one URI: `file:///...`, a plain path, `memory:///`, `s3://`, `gs://`, `az://`.

    Raises:
        TrackingError: no such kind of store.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        try:
            url = uri if "://" in uri else Path(uri).absolute().as_uri()
            self._store = from_url(url, mkdir=True) if url.startswith("file:") else from_url(url)
        except Exception as error:  # obstore's errors have no common base
            raise TrackingError(f"artifacts cannot be kept at {uri!r}: {_first_line(error)}") from error

    def put_bytes(self, data: bytes, path: str) -> str:
        """Write one artifact; its SHA-256, "sha256:..."."""
        obstore.put(self._store, safe(path), data)
        return f"sha256:{hashlib.sha256(data).hexdigest()}"

    def put_file(self, local: Path, path: str) -> str:
        """Upload a file piece by piece; its SHA-256, "sha256:..."."""
        with local.open("rb") as file:
            if local.stat().st_size <= PIECE:
                return self.put_bytes(file.read(), path)
            digest = hashlib.sha256()
            obstore.put(self._store, safe(path), _pieces(file, digest.update))
        return f"sha256:{digest.hexdigest()}"

    def read(self, path: str) -> bytes:
        """One artifact, whole.

        Raises:
            NotFound: there is none of that path.
        """
        try:
            return bytes(obstore.get(self._store, safe(path)).bytes())
        except FileNotFoundError as error:
            raise NotFound(f"there is no artifact {path!r} at {self.uri}") from error

    def list(self, prefix: str = "") -> list[Artifact]:
        """All artifacts below a directory, sorted by path."""
        below = safe(prefix) if prefix else None
        try:
            found = [
                Artifact(item["path"], item["size"])
                for batch in obstore.list(self._store, below)
                for item in batch
            ]
        except FileNotFoundError:
            return []
        return sorted(found, key=lambda item: item.path)

    def download(self, path: str, directory: Path) -> Path:
        """Copy one artifact below `directory`, piece by piece; where it is then."""
        target = directory / safe(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            stream = obstore.get(self._store, path).stream(min_chunk_size=PIECE)
        except FileNotFoundError as error:
            raise NotFound(f"there is no artifact {path!r} at {self.uri}") from error
        with target.open("wb") as file:
            for piece in stream:
                file.write(piece)
        return target

    def delete_all(self) -> None:
        """Remove every artifact."""
        for item in self.list():
            obstore.delete(self._store, item.path)


def safe(path: str) -> str:
    """The path itself.

    Raises:
        TrackingError: it is empty, absolute, leads out or is not in its simplest form.
    """
    parts = path.split("/")
    if any(part in {"", ".", ".."} or "\0" in part for part in parts) or "\\" in path or ":" in parts[0]:
        raise TrackingError(
            f"{path!r} is no artifact path", hint="a relative path with single slashes, without . and .."
        )
    return path


def _pieces(file: IO[bytes], seen: Callable[[bytes], None]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        seen(piece)
        yield piece


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

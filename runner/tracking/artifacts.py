"""Artifacts: the files of a run, in a directory or an object store, by obstore. Paths are relative, with slashes."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote

import obstore
from msgspec import Struct
from obstore.exceptions import BaseError
from obstore.store import MemoryStore, ObjectStore, from_url

from runner.errors import NotFound, TrackingError
from runner.files import remove_tree

if TYPE_CHECKING:
    from obstore import ReadableFile
    from obstore.store import RetryConfig

PIECE = 8 * 1024 * 1024  # bytes in memory at once
# obstore's own patience is over after 4 seconds; a server that restarts takes longer.
PATIENCE: "RetryConfig" = {
    "max_retries": 20,
    "retry_timeout": timedelta(seconds=90),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=5), "base": 2},
}
NUMBERED = re.compile(r"#[0-9]+$")  # in a directory, obstore takes such names for unfinished files
MEMORY: dict[str, MemoryStore] = {}  # by URI: what is put through one `Artifacts` is had through another


class Artifact(Struct, frozen=True):
    """A file; `size` in bytes. `digest` where it is known without reading it."""

    path: str
    size: int
    digest: str | None = None


class Artifacts:
    """The artifacts below one URI: `file:///...`, a plain path, `memory:///`, `s3://`, `gs://`, `az://`.

    `directory` is where they lie on this machine, or else None; `objects` is how obstore sees them.

    Raises:
        TrackingError: no such kind of store, a path that leads out of it, or the store refuses.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        url = uri if "://" in uri else Path(uri).absolute().as_uri()
        self.directory = Path(unquote(url.removeprefix("file://"))) if url.startswith("file:///") else None
        with self._translated(""):
            self.objects = _opened(url)

    def put_bytes(self, data: bytes, path: str) -> str:
        """Write one artifact, whole or not at all; its SHA-256, "sha256:..."."""
        with self._translated(path):
            obstore.put(self.objects, self._inside(path), data)
        return f"sha256:{hashlib.sha256(data).hexdigest()}"

    def put_file(self, local: Path, path: str) -> str:
        """Upload a file piece by piece; its SHA-256, "sha256:..."."""
        with local.open("rb") as file:
            first = file.read(PIECE)
            if len(first) < PIECE:
                return self.put_bytes(first, path)
            digest = hashlib.sha256()
            with self._translated(path):
                obstore.put(self.objects, self._inside(path), _pieces(first, file, digest.update))
        return f"sha256:{digest.hexdigest()}"

    def read(self, path: str) -> bytes:
        """One artifact, whole.

        Raises:
            NotFound: there is none of that path.
        """
        with self._translated(path):
            return bytes(obstore.get(self.objects, self._inside(path)).bytes())

    def reader(self, path: str) -> "ReadableFile":
        """One artifact as a file that is read where one seeks, piece by piece.

        Raises:
            NotFound: there is none of that path.
        """
        with self._translated(path):
            return obstore.open_reader(self.objects, self._inside(path))

    def list(self, prefix: str = "") -> list[Artifact]:
        """All artifacts below a directory, sorted by path; none if there is no such directory."""
        with self._translated(prefix):
            batches = obstore.list(self.objects, self._inside(prefix) if prefix else None)
            try:
                found = [Artifact(item["path"], item["size"]) for batch in batches for item in batch]
            except FileNotFoundError:
                return []
        return sorted(found, key=lambda item: item.path)

    def download(self, path: str, directory: Path) -> Path:
        """Copy one artifact below `directory`, piece by piece; where it is then.

        Raises:
            NotFound: there is none of that path.
        """
        return copied(self._pieces(path), directory / safe(path), path)

    def _pieces(self, path: str) -> Iterator[bytes]:
        with self._translated(path):
            for piece in obstore.get(self.objects, self._inside(path)).stream(min_chunk_size=PIECE):
                yield bytes(piece)

    def delete_all(self) -> None:
        """Remove every artifact."""
        if self.directory is not None:
            remove_tree(self.directory)
            return
        for item in self.list():
            with self._translated(item.path):
                obstore.delete(self.objects, item.path)

    def _inside(self, path: str) -> str:
        """The path, if it stays below the root: a program may have left a symbolic link there that does not."""
        safe(path)
        if self.directory is not None:
            contained(self.directory, path)
        return path

    @contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        """obstore raises errors of its own beside Python's."""
        what = f"artifact {path!r}" if path else "artifacts"
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound(f"there is no artifact {path!r} at {self.uri}") from error
        except (BaseError, OSError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise TrackingError(f"{what} cannot be kept or had at {self.uri}: {reason}") from error


def _opened(url: str) -> ObjectStore:
    if url.startswith("file:"):
        return from_url(url, mkdir=True)
    if url.startswith("memory:"):
        return MEMORY.setdefault(url, MemoryStore())
    return from_url(straight(url), retry_config=PATIENCE, client_options={"allow_http": True})


def straight(url: str) -> str:
    """The address in an object store itself, if it leads where it says.

    obstore resolves `..`, `%2e%2e` too, and leaves out what follows `?` and `#`: what we have put behind it, to stay among our own.

    Raises:
        ValueError: it leads somewhere else.
    """
    path = unquote(url.partition("://")[2]).removesuffix("/")
    if set("?#\\") & set(path) or {"", ".", ".."} & set(path.split("/")) or not path.isprintable():
        raise ValueError("an address in an object store has no ? and #, and no empty names, . and ..")
    return url


def copied(pieces: Iterator[bytes], target: Path, path: str) -> Path:
    """Write what comes of an artifact to a file of this machine; where that is.

    Raises:
        TrackingError: it cannot be written, and where. What is wrong with the artifact is told by `pieces`.
    """
    first = next(pieces, b"")  # of what is not there, no file is left
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            file.write(first)
            for piece in pieces:
                file.write(piece)
    except OSError as error:
        raise TrackingError(
            f"artifact {path!r} cannot be copied to {target}: {error.strerror or error}",
            hint="make room there, or name another disk: TMPDIR is where temporary files lie",
        ) from error
    return target


def contained(root: Path, path: str) -> Path:
    """Where that path is.

    Raises:
        TrackingError: a link on the way leads out of the root.
    """
    place = root / path
    if not place.resolve().is_relative_to(root.resolve()):
        raise TrackingError(f"artifact {path!r} is a link that leads out of {root}")
    return place


def safe(path: str) -> str:
    """The path itself.

    Raises:
        TrackingError: it is empty, absolute, leads out, is not in its simplest form, or holds control characters.
    """
    parts = path.split("/")
    simple = all(part not in {"", ".", ".."} for part in parts) and "\\" not in path and ":" not in parts[0]
    if not simple or not path.isprintable():
        raise TrackingError(
            f"{path!r} is no artifact path", hint="a relative path with single slashes, without . and .."
        )
    return path


def _pieces(first: bytes, file: IO[bytes], seen: Callable[[bytes], None]) -> Iterator[bytes]:
    piece = first
    while piece:
        seen(piece)
        yield piece
        piece = file.read(PIECE)

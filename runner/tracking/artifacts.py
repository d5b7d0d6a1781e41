"""Artifacts: the files of a run, in a directory or an object store. Paths are relative, with slashes.

obstore reads and lists both, and writes objects. It is imported when it is needed: a run that writes its artifacts into a
directory of this machine begins and ends without it.
"""

import hashlib
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote

from msgspec import Struct

from runner.errors import NotFound, TrackingError
from runner.files import remove_tree

if TYPE_CHECKING:
    from obstore import ReadableFile
    from obstore.store import ObjectStore

PIECE = 8 * 1024 * 1024  # bytes in memory at once
NUMBERED = re.compile(r"#[0-9]+$")  # in a directory, obstore takes such names for unfinished files


class Artifact(Struct, frozen=True):
    """A file; `size` in bytes. `digest` where it is known without reading it."""

    path: str
    size: int
    digest: str | None = None


class Artifacts:
    """The artifacts below one URI: `file:///...`, a plain path, `memory:///`, `s3://`, `gs://`, `az://`.

    `directory` is where they lie on this machine, or else None.

    Raises:
        TrackingError: no such kind of store, a path that leads out of it, or the store refuses.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._url = uri if "://" in uri else Path(uri).absolute().as_uri()
        mine = self._url.startswith("file:///")
        self.directory = Path(unquote(self._url.removeprefix("file://"))) if mine else None
        with self._translated(""):  # an address that is none is told at once
            if self.directory is None:
                self.objects  # noqa: B018
            else:
                self.directory.mkdir(parents=True, exist_ok=True)

    @cached_property
    def objects(self) -> "ObjectStore":
        """How obstore sees them."""
        opened: ObjectStore = import_module("runner.tracking.objects").opened(self._url)
        return opened

    def put_bytes(self, data: bytes, path: str) -> str:
        """Write one artifact, whole or not at all; its SHA-256, "sha256:..."."""
        with self._translated(path):
            self._put(data, path)
        return f"sha256:{hashlib.sha256(data).hexdigest()}"

    def put_file(self, local: Path, path: str) -> str:
        """Upload a file piece by piece; its SHA-256, "sha256:..."."""
        with local.open("rb") as file:
            first = file.read(PIECE)
            if len(first) < PIECE:
                return self.put_bytes(first, path)
            digest = hashlib.sha256()
            with self._translated(path):
                self._put(_pieces(first, file, digest.update), path)
        return f"sha256:{digest.hexdigest()}"

    def _put(self, content: bytes | Iterator[bytes], path: str) -> None:
        if self.directory is None:
            _obstore().put(self.objects, safe(path), content)
            return
        if NUMBERED.search(path):
            raise ValueError("names that end in # and a number are not possible here")
        target = Path(self.directory, self._inside(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f"#{secrets.randbits(63)}")  # such names are in no list
        try:
            with aside.open("xb") as file:
                file.writelines((content,) if isinstance(content, bytes) else content)
            aside.replace(target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise

    def read(self, path: str) -> bytes:
        """One artifact, whole.

        Raises:
            NotFound: there is none of that path.
        """
        with self._translated(path):
            return bytes(_obstore().get(self.objects, self._inside(path)).bytes())

    def reader(self, path: str) -> "ReadableFile":
        """One artifact as a file that is read where one seeks, piece by piece.

        Raises:
            NotFound: there is none of that path.
        """
        with self._translated(path):
            reader: ReadableFile = _obstore().open_reader(self.objects, self._inside(path))
        return reader

    def list(self, prefix: str = "") -> list[Artifact]:
        """All artifacts below a directory, sorted by path; none if there is no such directory.

        Links are followed that lead neither out nor to a directory that they are in; those behind a link to a directory, to
        files only. Pipes and the like are no artifacts, and names that are no text are left out.
        """
        if self.directory is not None:
            with self._translated(prefix):
                if prefix:
                    self._inside(prefix)
                return sorted(_files(self.directory.resolve(), prefix), key=lambda item: item.path)
        with self._translated(prefix):
            batches = _obstore().list(self.objects, self._inside(prefix) if prefix else None)
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
            for piece in _obstore().get(self.objects, self._inside(path)).stream(min_chunk_size=PIECE):
                yield bytes(piece)

    def delete_all(self) -> None:
        """Remove every artifact."""
        if self.directory is not None:
            remove_tree(self.directory)
            return
        for item in self.list():
            with self._translated(item.path):
                _obstore().delete(self.objects, item.path)

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
        except Exception as error:
            if not isinstance(error, (OSError, ValueError, *_theirs())):
                raise
            reason = str(error).partition("\n")[0]
            raise TrackingError(f"{what} cannot be kept or had at {self.uri}: {reason}") from error


def _files(root: Path, prefix: str) -> Iterator[Artifact]:
    """The artifacts below a directory of the root, which has no links in its own path."""
    top = root / prefix
    linked = os.path.realpath(top) != str(top)
    left = [(str(top), f"{prefix}/" if prefix else "", linked)]
    while left:
        place, path, linked = left.pop()
        for entry in _entries(root, place):
            name = f"{path}{entry.name}"
            with suppress(OSError):  # gone meanwhile
                if entry.is_file():
                    if not NUMBERED.search(name):  # else it is not finished
                        yield Artifact(name, entry.stat().st_size)
                elif entry.is_dir() and not (linked and entry.is_symlink()):
                    left.append((entry.path, f"{name}/", linked or entry.is_symlink()))


def _entries(root: Path, place: str) -> "list[os.DirEntry[str]]":
    """What may be listed of a directory; nothing where none is."""
    try:
        with os.scandir(place) as found:
            return [entry for entry in found if _decoded(entry.name) and _stays(entry, root, place)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _decoded(name: str) -> bool:
    """Whether a name is text: a path is recorded, and travels, as such."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _stays(entry: "os.DirEntry[str]", root: Path, place: str) -> bool:
    """Whether it is no link, or one that stays below the root and does not lead to a directory that it is in."""
    if not entry.is_symlink():
        return True
    there = Path(os.path.realpath(entry.path))
    return there.is_relative_to(root) and not Path(os.path.realpath(place)).is_relative_to(there)


def _obstore() -> Any:
    return import_module("obstore")


def _theirs() -> tuple[type[Exception], ...]:
    """obstore's own errors; it raises none before it is imported."""
    return (import_module("obstore.exceptions").BaseError,) if "obstore" in sys.modules else ()


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
    if not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(root)):
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

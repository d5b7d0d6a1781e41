"""Artifacts that go through the server: `mlflow-artifacts:/0/<run>/artifacts`. Written by way of the spool, if there is one."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from urllib.parse import unquote, urlsplit

from runner.errors import TrackingError, Unavailable
from runner.tracking.artifacts import PIECE, Artifact, copied, safe
from runner.tracking.remote.client import Client
from runner.tracking.remote.spool import Spool

SCHEME = "mlflow-artifacts:"


class RemoteArtifacts:
    """See `tracking.artifacts.Artifacts`."""

    def __init__(self, uri: str, client: Client, spool: Spool | None) -> None:
        self.uri = uri
        self._client = client
        self._spool = spool
        self._root = _root(uri, client)

    def put_bytes(self, data: bytes, path: str) -> str:
        return self._put(iter([data]), path)

    def put_file(self, local: Path, path: str) -> str:
        with local.open("rb") as file:
            return self._put(_pieces(file), path)

    def read(self, path: str) -> bytes:
        self._settle()
        return self._client.get_file(self._inside(path), b"".join)

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """A file to be written in the block, which becomes the artifact of that path when it ends well."""
        if self._spool is not None:
            with self._spool.file(self._inside(path)) as file:
                yield file
            return
        with TemporaryDirectory(prefix="runner-") as name:
            place = Path(name) / "artifact"
            with place.open("wb") as file:
                yield file
            self._client.put_file(self._inside(path), place)

    def entries(self, path: str) -> dict[str, int | None]:
        """What a directory holds: sizes of files, None for directories; nothing if there is no such directory."""
        self._settle()
        found = self._client.list_files(self._inside(path) if path else self._root)
        # a server that answers .. or a path of several names leads nobody out
        named = {str(item["path"]).rpartition("/")[2]: item for item in found}
        return {
            safe(name): None if item.get("is_dir") else int(item.get("file_size") or 0)
            for name, item in named.items()
        }

    def passed(self) -> Sequence[Artifact]:
        """What this process has put here."""
        if self._spool is None:
            return []
        start = f"{self._root}/" if self._root else ""
        return [
            Artifact(path.removeprefix(start), size, digest)
            for path, (size, digest) in self._spool.passed.items()
            if path.startswith(start)
        ]

    def delete(self, path: str) -> None:
        self._settle()
        if self._spool is not None:
            self._spool.forget(self._inside(path))
        self._client.delete_file(self._inside(path))

    def list(self, prefix: str = "") -> list[Artifact]:
        return sorted(self._below(prefix), key=lambda item: item.path)

    def download(self, path: str, directory: Path) -> Path:
        target = directory / safe(path)

        def write(pieces: Iterator[bytes]) -> None:
            copied(pieces, target, path)

        self._settle()
        self._client.get_file(self._inside(path), write)
        return target

    def delete_all(self) -> None:
        self._client.delete_file(self._root)

    def _put(self, pieces: Iterator[bytes], path: str) -> str:
        digest = hashlib.sha256()
        with self.writing(path) as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        return f"sha256:{digest.hexdigest()}"

    def _settle(self) -> None:
        """What was put here is there when it is asked for."""
        if self._spool is not None and not self._spool.files.emptied(self._client.patience):
            raise Unavailable(f"the artifacts of {self.uri} still wait for their server")

    def _below(self, prefix: str) -> Iterator[Artifact]:
        """Servers list one directory at a time, and tell nothing about one that is not there."""
        for name, size in self.entries(prefix).items():
            path = f"{prefix}/{name}" if prefix else name
            if size is None:
                yield from self._below(path)
            else:
                yield Artifact(path, size)

    def _inside(self, path: str) -> str:
        return "/".join(part for part in (self._root, safe(path)) if part)


def _root(uri: str, client: Client) -> str:
    """What follows the root of all artifacts.

    Raises:
        TrackingError: it is another server's.
    """
    parts = urlsplit(uri)
    address = client.address
    if parts.netloc and (parts.hostname, parts.port or address.port) != (address.host, address.port):
        raise TrackingError(f"the artifacts at {uri} are kept by another server than {address.uri}")
    return unquote(parts.path).strip("/")


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece

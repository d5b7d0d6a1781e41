"""What `open_store` gives: a store, the artifacts of its runs, and what has not reached it yet."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol

from msgspec import Struct

from runner.tracking.artifacts import Artifact
from runner.tracking.store import Store


class ArtifactStore(Protocol):
    """The artifacts below one URI; `artifacts.Artifacts` says what the methods do."""

    uri: str

    def put_bytes(self, data: bytes, path: str) -> str: ...

    def put_file(self, local: Path, path: str) -> str: ...

    def read(self, path: str) -> bytes: ...

    def list(self, prefix: str = "") -> list[Artifact]: ...

    def download(self, path: str, directory: Path) -> Path: ...

    def delete_all(self) -> None: ...


class ServerArtifacts(ArtifactStore, Protocol):
    """Artifacts that a server keeps for its clients."""

    def writing(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """A file to be written in the block, which becomes the artifact of that path when it ends well."""
        ...

    def entries(self, path: str) -> Mapping[str, int | None]:
        """What a directory holds: sizes of files, None for directories; nothing if there is no such directory."""
        ...

    def delete(self, path: str) -> None:
        """Delete a file, or a directory with all that is in it."""
        ...


class Unsent(Struct, frozen=True, kw_only=True):
    """What waits on this machine: `records` and `files` for the server to answer, `refused` for somebody to look at.

    `trouble` says why it waits, if something is wrong; `hopeless`: time alone will not help.
    """

    records: int
    files: int
    refused: int
    trouble: str = ""
    hopeless: bool = False

    def __str__(self) -> str:
        counts = ((self.records, "record"), (self.files, "artifact"))
        return " and ".join(f"{count} {what}{'s' * (count > 1)}" for count, what in counts if count)


class Synced(Struct, frozen=True, kw_only=True):
    """What became of the records that a run left on this machine.

    `waiting` still wait, because of `trouble`, or because they are for the server `elsewhere`; `busy`: the run goes on. `lost`: its
    process was gone without having ended it. `refused` has a reason and a description of each record that the server does not take.
    """

    run: str
    waiting: int = 0
    elsewhere: str = ""
    trouble: str = ""
    busy: bool = False
    lost: bool = False
    refused: Sequence[tuple[str, str]] = ()


class OpenStore(Store, Protocol):
    """A store of this machine, or a `remote` one: a server's, which moves no run to another experiment."""

    @property
    def remote(self) -> bool: ...

    def artifacts(self, uri: str) -> ArtifactStore:
        """The artifacts below a URI that a run of this store has."""
        ...

    def server_artifacts(self) -> ServerArtifacts | None:
        """All artifacts that the server keeps; None for a store of this machine."""
        ...

    def showing(self, run_id: str, directory: Path) -> AbstractContextManager[None]:
        """While the block goes on, show the output of a run, which grows in a directory, to those who follow it elsewhere."""
        ...

    def passed(self, uri: str) -> Sequence[Artifact] | None:
        """What this process has put among the artifacts below a URI; None where others may put some there past us."""
        ...

    def unsent(self) -> Unsent | None:
        """What has not reached the store yet; None if there is nothing, as always on this machine."""
        ...

    def sync(self, *, forget: bool = False) -> Sequence[Synced]:
        """Send what earlier runs have left on this machine; `forget` drops what the server has refused."""
        ...

"""The artifacts of a run as they lie in a bundle: read from there, never extracted."""

from pathlib import Path

from runner.bundles.layout import ARTIFACTS
from runner.bundles.members import Members
from runner.errors import NotFound, TrackingError
from runner.tracking.artifacts import Artifact, safe


class BundledArtifacts:
    """See `tracking.opened.ArtifactStore`; nothing can be written."""

    def __init__(self, members: Members, uri: str) -> None:
        self.uri = uri
        self._members = members

    def put_bytes(self, data: bytes, path: str) -> str:  # noqa: ARG002
        raise self._sealed()

    def put_file(self, local: Path, path: str) -> str:  # noqa: ARG002
        raise self._sealed()

    def delete_all(self) -> None:
        raise self._sealed()

    def read(self, path: str) -> bytes:
        return b"".join(self._members.pieces(self._member(path)))

    def list(self, prefix: str = "") -> list[Artifact]:
        below = f"{ARTIFACTS}{prefix.rstrip('/')}/" if prefix else ARTIFACTS
        found = self._members.below(below)
        return [Artifact(name.removeprefix(ARTIFACTS), self._members.size(name)) for name in found]

    def download(self, path: str, directory: Path) -> Path:
        target = directory / safe(path)
        target.unlink(missing_ok=True)
        return self._members.copy(self._member(path), target)

    def digest(self, path: str) -> str:
        """SHA-256 of an artifact, "sha256:...", as the bundle lists it."""
        return f"sha256:{self._members.digests[self._member(path)]}"

    def _member(self, path: str) -> str:
        member = ARTIFACTS + safe(path)
        if member not in self._members:
            raise NotFound(f"there is no artifact {path!r} at {self.uri}")
        return member

    def _sealed(self) -> TrackingError:
        return TrackingError(
            f"{self.uri} is a bundle: nothing is written to it", hint="`runner import` makes a run of it"
        )

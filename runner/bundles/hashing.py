"""SHA-256 of artifacts, wherever they lie."""

from pathlib import Path
from tempfile import TemporaryDirectory

from runner.bundles.artifacts import BundledArtifacts
from runner.files import file_digest
from runner.tracking.opened import ArtifactStore


def digest_of(artifacts: ArtifactStore, path: str) -> str:
    """SHA-256 of an artifact, "sha256:...": by way of a temporary file, for it may be larger than the memory."""
    if isinstance(artifacts, BundledArtifacts):
        return artifacts.digest(path)
    with TemporaryDirectory(prefix="runner-verify-") as scratch:
        return file_digest(artifacts.download(path, Path(scratch)))

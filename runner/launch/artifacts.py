"""The artifacts that a run has at its end, each with its digest, whoever put it there.

in a directory here          read
through us to a server       known from when they passed
in an object store           read back, up to a size; of the others the digest stays unknown
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runner.progress import Phase
from runner.tracking import Artifacts, OpenStore
from runner.tracking.artifacts import Artifact
from runner.tracking.opened import ArtifactStore

OURS = frozenset({"runner", "logs"})  # directories of our own documents
LARGEST, MOST = (
    64 << 20,
    256 << 20,
)  # bytes of one artifact, and of all, that are fetched to know their digest


def listed(
    store: OpenStore,
    artifacts: ArtifactStore,
    known: Mapping[str, str],
    *,
    phase: Phase,
    hurried: Callable[[], bool],
) -> list[dict[str, Any]]:
    """Path, size and digest of each, our own documents aside.

    Args:
        known: digests of what was put there by us.
        hurried: whether to leave the rest without: somebody has asked us to stop.

    Raises:
        TrackingError, Unreadable: they cannot be listed, or read.
    """
    passed = store.passed(artifacts.uri)
    found = _theirs(artifacts.list() if passed is None else passed)
    left = MOST
    rows = []
    for item in found:
        digest = item.digest or known.get(item.path)
        if digest is None and not hurried():
            digest, spent = _read(artifacts, item, left, phase)
            left -= spent
        rows.append({"path": item.path, "bytes": item.size, "digest": digest})
    return rows


def _theirs(found: Iterable[Artifact]) -> list[Artifact]:
    return sorted((item for item in found if item.path.split("/")[0] not in OURS), key=lambda item: item.path)


def _read(artifacts: ArtifactStore, item: Artifact, left: int, phase: Phase) -> tuple[str | None, int]:
    """The digest, and how many bytes were fetched for it."""
    if isinstance(artifacts, Artifacts) and artifacts.directory is not None:
        from runner import digests  # noqa: PLC0415 - most programs leave no files of their own

        return digests.digest(artifacts.directory / item.path, cache=None, phase=phase).digest, 0
    if item.size > min(LARGEST, left):
        return None, 0
    return f"sha256:{hashlib.sha256(artifacts.read(item.path)).hexdigest()}", item.size

"""From the code as a plan names it, and the files kept with the run, to a source whose tree can be made again.

Imported only when a run is repeated: what is recorded may come from anybody, and is checked before git sees it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from runner.errors import RunnerError, SourceError, UsageError
from runner.files import file_digest
from runner.launch.plan import SOURCE_FILES, PlannedSource, bundle_file
from runner.sources import address
from runner.sources.model import ArchiveSource, Capture, CapturedSource, GitSource
from runner.sources.parsing import is_repository, working_copy
from runner.sources.populate import submodule_source
from runner.tracking.opened import ArtifactStore

_SCHEMES = {None, "https", "http", "ssh", "git", "file"}


@contextmanager
def captured(planned: PlannedSource, artifacts: ArtifactStore) -> Iterator[CapturedSource]:
    """The code of a recorded run, good for as long as the block; what was kept of it is downloaded.

    Raises:
        SourceError: what was kept was altered, or is gone; or what is recorded names no code.
    """
    with TemporaryDirectory(prefix="runner-source-") as name:
        home = Path(name)
        yield captured_source(planned, _downloaded(planned, artifacts, home))


def captured_source(planned: PlannedSource, capture: Capture) -> CapturedSource:
    """The same with the files at hand: their digests must be those of the plan.

    Raises:
        SourceError: see `captured`.
    """
    _check(planned, capture)
    try:
        subdirectory = address.check_subdirectory(str(PurePosixPath(planned.below) / planned.subdirectory))
    except UsageError as error:
        raise SourceError(f"what is recorded of the code is damaged: {error.message}") from error
    return CapturedSource(
        uri=planned.uri,
        repositories=tuple(_repositories(planned)),
        commit=planned.commit,
        capture=capture,
        submodules=planned.submodules,
        archive=_archive(planned.uri) if planned.kind == "archive" else None,
        digest=planned.digest if planned.kind == "archive" else None,
        subdirectory=subdirectory,
    )


# files -------------------------------------------------------------------------------------------------------
def _downloaded(planned: PlannedSource, artifacts: ArtifactStore, home: Path) -> Capture:
    def download(path: str) -> Path:
        try:
            return artifacts.download(path, home)
        except (RunnerError, OSError) as error:
            raise SourceError(f"{path}, which was kept with the run, cannot be had: {error}") from error

    there = {artifact.path for artifact in artifacts.list("runner/source")}
    archive = SOURCE_FILES["archive"]
    return Capture(
        patch=download(SOURCE_FILES["patch"]) if planned.patch else None,
        bundles={path: download(bundle_file(number)) for number, path in enumerate(sorted(planned.bundles))},
        archive=download(archive) if planned.kind == "archive" and archive in there else None,
        submodules=planned.submodules,
        left_out=planned.left_out,
    )


def _check(planned: PlannedSource, capture: Capture) -> None:
    expected = {"patch.diff": (planned.patch, capture.patch)}
    expected |= {
        f"the bundle of {path or 'the commits'}": (digest, capture.bundles.get(path))
        for path, digest in planned.bundles.items()
    }
    if capture.archive is not None:
        expected["archive.zip"] = (planned.digest, capture.archive)
    for name, (digest, file) in expected.items():
        found = file_digest(file) if file is not None else None
        if found != digest:
            raise SourceError(
                f"{name}, which was kept with the run, was altered: {digest} is recorded, not {found}"
            )
    for commit in (planned.commit, *planned.submodules.values()):
        if commit is not None and not address.FULL_COMMIT.fullmatch(commit):
            raise SourceError(f"what is recorded of the code is damaged: {commit!r} is no commit")


# places ------------------------------------------------------------------------------------------------------
def _repositories(planned: PlannedSource) -> Iterator[GitSource]:
    """Where the commit may be: for a directory the working copy itself, should it still be there, then its remote."""
    if planned.commit is None:
        return
    parent = GitSource(url=planned.uri)
    if planned.kind == "directory":
        top = _working_copy(planned.uri)
        if top is not None:
            yield GitSource(url=top.as_uri(), ref=planned.commit)
        parent = GitSource(url=(top or Path(planned.uri)).absolute().as_uri())
    for place in dict.fromkeys((planned.uri if planned.kind == "git" else None, planned.repository)):
        if place and (found := _repository(parent, place, planned.commit)):
            yield found


def _repository(parent: GitSource, place: str, commit: str) -> GitSource | None:
    """None for an address that git may not be given, under the rules for those which no person typed."""
    try:
        found = submodule_source(parent, address.check_text(place, what="address"), commit)
    except (SourceError, UsageError):
        return None
    return found if address.scheme(found.url) in _SCHEMES else None


def _working_copy(uri: str) -> Path | None:
    path = Path(uri)
    top = working_copy(path) if path.is_absolute() and path.is_dir() else None
    return top if top is not None and is_repository(top) else None


def _archive(uri: str) -> ArchiveSource | None:
    """Where the zip file was: the same path or URL."""
    if address.scheme(uri) in {"http", "https"} or (uri.startswith("/") and Path(uri).is_file()):
        return ArchiveSource(url=uri)
    return None

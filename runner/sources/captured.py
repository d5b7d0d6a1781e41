"""Code that was kept with a run, as a tree again: the commit from wherever it can be had, and the patch on it.

    cache, bundle, repositories ──► mirror ──► files of the commit and its submodules ──► patch ──► pristine tree

Nothing of it is trusted: a patch is applied to an index, where git refuses names that lead out, and files through links;
then git writes the files which differ.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from runner.errors import SourceError
from runner.files import file_digest, sha256, write_atomically
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import archive
from runner.sources.bundle import prerequisites
from runner.sources.mirror import Mirror, mirror_of
from runner.sources.model import ArchiveSource, CapturedSource, Checkout, GitSource
from runner.sources.names import unquoted
from runner.sources.place import directory_name, project_directory, writing_to
from runner.sources.populate import Populating
from runner.sources.scratch import Scratch, scratch
from runner.sources.tree import lent, pristine


def checked_out(
    source: CapturedSource, *, settings: Settings, phase: Phase, keep: bool
) -> AbstractContextManager[Checkout]:
    """As `sources.checkout`.

    Raises:
        SourceError: something of it can be had nowhere, or is not what it was.
    """
    if source.digest is not None:
        return _archive(source, source.digest, settings=settings, phase=phase, keep=keep)
    return _tree(source, settings=settings, phase=phase, keep=keep)


def obtainable(source: CapturedSource, *, settings: Settings, phase: Phase) -> str | None:
    """Why the code cannot be had; None if it can. What has to be fetched is in the cache afterwards."""
    try:
        if source.digest is not None:
            _zip_file(source, source.digest, settings=settings, phase=phase)
        elif source.commit is not None:
            repository(source, source.commit, settings=settings, phase=phase)
        elif source.capture.patch is None:
            return f"nothing was kept of the code of {source.uri}"
    except SourceError as error:
        return str(error)
    return None


# archives ----------------------------------------------------------------------------------------------------
def _archive(
    source: CapturedSource, digest: str, *, settings: Settings, phase: Phase, keep: bool
) -> AbstractContextManager[Checkout]:
    file = _zip_file(source, digest, settings=settings, phase=phase)
    named = ArchiveSource(url=source.uri, subdirectory=source.subdirectory)
    plain = digest.removeprefix("sha256:")
    return archive.unpacked(named, file, plain, settings=settings, phase=phase, keep=keep)


def _zip_file(source: CapturedSource, digest: str, *, settings: Settings, phase: Phase) -> Path:
    """The zip file: what was kept, what is in the cache, or what is at its address still."""
    kept = source.capture.archive
    if kept is not None:
        if file_digest(kept) != digest:
            raise SourceError(
                f"the zip file kept with the run is not {source.uri} as it was: {digest} is expected"
            )
        return kept
    if source.archive is None:
        raise SourceError(f"the zip file {source.uri} was not kept with the run")
    file, found = archive.obtain(source.archive, settings=settings, phase=phase)
    if f"sha256:{found}" != digest:
        raise SourceError(
            f"{source.archive.url} is another file now",
            hint=f"the run had {digest}, and this is sha256:{found}",
        )
    return file


# commits -----------------------------------------------------------------------------------------------------
def candidates(source: CapturedSource) -> tuple[GitSource, ...]:
    """Where the commit may be. Where no repository is known there is a place in the cache, and nowhere to fetch from."""
    return source.repositories or (GitSource(url=f"file:///dev/null/{source.commit}", ref=source.commit),)


def repository(
    source: CapturedSource, commit: str, *, settings: Settings, phase: Phase
) -> tuple[GitSource, Mirror]:
    """A repository that has the commit, and its mirror, which has it, too.

    Raises:
        SourceError: it can be had nowhere, and why.
    """
    mirrors = [(place, mirror_of(place, settings=settings)) for place in candidates(source)]
    for place, mirror in mirrors:
        if mirror.has(commit):
            return place, mirror
    reasons = []
    for attempt in _attempts(source, commit, phase):
        for place, mirror in mirrors:
            try:
                with writing_to(settings.cache):
                    attempt(mirror)
            except SourceError as error:
                reasons.append(error.message)
            else:
                return place, mirror
    told = "; ".join(dict.fromkeys(reasons)) or "no repository is known that has it"
    raise SourceError(f"commit {commit[:10]} of {source.uri} cannot be had: {told}")


def cached(source: CapturedSource, *, settings: Settings) -> GitSource | None:
    """The repository whose mirror has the commit already."""
    places = candidates(source) if source.commit else ()
    return next(
        (place for place in places if mirror_of(place, settings=settings).has(str(source.commit))), None
    )


def _attempts(source: CapturedSource, commit: str, phase: Phase) -> Iterator[Callable[[Mirror], object]]:
    bundle = source.capture.bundles.get("")
    if bundle is not None and (source.repositories or not prerequisites(bundle)):
        yield lambda mirror: mirror.take(bundle, commit, phase)
    if source.repositories:
        yield lambda mirror: mirror.obtain(commit, phase)


@contextmanager
def _tree(source: CapturedSource, *, settings: Settings, phase: Phase, keep: bool) -> Iterator[Checkout]:
    home = settings.cache / "captured" / _key(source)
    phase.detail = "cached"

    def make(tree: Path) -> None:
        phase.detail = "restored"
        submodules = _write(source, tree, home, settings=settings, phase=phase)
        write_atomically(home / "submodules.json", json.dumps(submodules))

    with writing_to(settings.cache):
        pristine(home, make)
    with lent(home, name=directory_name(source.uri), keep=keep) as root:
        remote = source.repositories[-1].url if source.repositories else None
        yield Checkout(
            path=project_directory(root, source.subdirectory),
            root=root,
            uri=source.uri,
            subdirectory=source.subdirectory,
            commit=source.commit,
            repository=remote,
            dirty=source.capture.patch is not None,
            submodules=tuple(
                (path, commit) for path, commit in json.loads((home / "submodules.json").read_text())
            ),
        )


def _key(source: CapturedSource) -> str:
    """Equal for equal trees."""
    if source.commit is None and source.capture.patch is None:
        raise SourceError(f"nothing was kept of the code of {source.uri}")
    patch = file_digest(source.capture.patch) if source.capture.patch else None
    # relative addresses of submodules count from the repository
    places = [place.url for place in source.repositories] if source.submodules else []
    return sha256(json.dumps([source.commit, patch, sorted(source.submodules.items()), places]))


def _write(
    source: CapturedSource, tree: Path, home: Path, *, settings: Settings, phase: Phase
) -> list[tuple[str, str]]:
    """Fill the tree; path and commit of each submodule."""
    submodules: list[tuple[str, str]] = []
    objects: list[Path] = []
    if source.commit is not None:
        place, mirror = repository(source, source.commit, settings=settings, phase=phase)
        submodules = Populating(
            source=source.repositories[-1]
            if source.repositories
            else place,  # addresses count from the remote
            mirror=mirror,
            commit=source.commit,
            tree=tree,
            scratch=home / "index",
            settings=settings,
            phase=phase,
            commits=source.submodules,
            bundles=source.capture.bundles,
            objects=objects,
        ).everything()
    if source.capture.patch is not None:
        phase.update("applying what was not committed")
        with scratch(tree, objects=objects, commit=source.commit, settings=settings) as made:
            if source.commit is not None:
                made.read(source.commit)
            for path, commit in submodules:
                made.read(commit, path)
            base = source.commit if source.commit and not submodules else made.tree()
            _apply(source.capture.patch, made, base, tree)
    return submodules


def _apply(patch: Path, made: Scratch, base: str, tree: Path) -> None:
    try:
        made.git("apply", "--cached", "--binary", "--whitespace=nowarn", "--no-ignore-whitespace", str(patch))
    except SourceError as error:
        raise SourceError(
            "the patch that was kept with the run does not fit its commit, or is refused", detail=error.detail
        ) from error
    differing = list(made.since(base))
    for name in (unquoted(text) for mode, text in differing if not mode.strip("0")):
        _remove(tree / name, tree)
    written = "".join(f"{text}\n" for mode, text in differing if mode.strip("0"))
    if written:
        made.git("checkout-index", "--force", "--stdin", input=written)


def _remove(file: Path, tree: Path) -> None:
    """Remove a file, and the directories that are empty then, as git does."""
    file.unlink(missing_ok=True)
    for directory in file.parents:
        if directory == tree or any(directory.iterdir()):
            return
        directory.rmdir()

"""From a Source to a tree to run in: a directory as it is, a commit or an archive as a fresh copy."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import assert_never

from runner.errors import SourceError, did_you_mean
from runner.files import write_atomically
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import workingcopy
from runner.sources.mirror import mirror_of
from runner.sources.model import ArchiveSource, Checkout, DirectorySource, GitSource, Source
from runner.sources.populate import Populating
from runner.sources.tree import lent, pristine


@contextmanager
def checkout(source: Source, *, settings: Settings, phase: Phase, keep: bool = False) -> Iterator[Checkout]:
    """The tree of `source`, ours until the block ends.

    Args:
        source: from `parse`.
        settings: cache, environment, whether there is network.
        phase: told what is being done; its `detail` says in the end where the tree came from.
        keep: leave a copied tree behind.

    Raises:
        SourceError: the source, or its subdirectory, cannot be had.
    """
    match source:
        case DirectorySource():
            yield _in_place(source, settings=settings)
        case GitSource():
            with _of_commit(source, settings=settings, phase=phase, keep=keep) as found:
                yield found
        case ArchiveSource():
            with _of_archive(source, settings=settings, phase=phase, keep=keep) as found:
                yield found
        case _:
            assert_never(source)


def _in_place(source: DirectorySource, *, settings: Settings) -> Checkout:
    if not source.path.is_dir():
        raise SourceError(f"there is no directory {source.path}")
    path = _project_directory(source.path, source.subdirectory)
    state = workingcopy.inspect(path, settings=settings)
    return Checkout(
        path=path,
        root=source.path,
        uri=str(source.path),
        subdirectory=source.subdirectory,
        commit=state.commit,
        branch=state.branch,
        repository=state.repository,
        dirty=state.dirty,
        notices=(state.notice,) if state.notice else (),
    )


@contextmanager
def _of_commit(source: GitSource, *, settings: Settings, phase: Phase, keep: bool) -> Iterator[Checkout]:
    mirror = mirror_of(source, settings=settings)
    resolved = mirror.obtain(source.ref, phase)
    home = mirror.home / "trees" / resolved.commit
    phase.detail = "cached"

    def make(tree: Path) -> None:
        phase.detail = "fetched"
        populating = Populating(
            source=source,
            mirror=mirror,
            commit=resolved.commit,
            tree=tree,
            scratch=home / "index",
            settings=settings,
            phase=phase,
        )
        write_atomically(home / "submodules.json", json.dumps(populating.everything()))

    pristine(home, make)
    with lent(home, name=_name(source.url), keep=keep) as root:
        yield Checkout(
            path=_project_directory(root, source.subdirectory),
            root=root,
            uri=source.url,
            subdirectory=source.subdirectory,
            ref=source.ref,
            commit=resolved.commit,
            branch=resolved.branch,
            repository=source.url,
            dirty=False,
            submodules=tuple(
                (path, commit) for path, commit in json.loads((home / "submodules.json").read_text())
            ),
            notices=(resolved.notice,) if resolved.notice else (),
        )


@contextmanager
def _of_archive(source: ArchiveSource, *, settings: Settings, phase: Phase, keep: bool) -> Iterator[Checkout]:
    archive = import_module("runner.sources.archive")  # zipfile and urllib, which other sources do not need
    file, digest = archive.obtain(source, settings=settings, phase=phase)
    home = settings.cache / "archives" / digest
    phase.detail = "cached"

    def make(tree: Path) -> None:
        phase.detail = "extracted"
        phase.update(f"extracting {source.url}")
        archive.extract(file, tree)

    pristine(home, make)
    with lent(home, name=_name(source.url), keep=keep) as root:
        subdirectory = source.subdirectory or archive.only_directory(root)
        yield Checkout(
            path=_project_directory(root, subdirectory),
            root=root,
            uri=source.url,
            subdirectory=subdirectory,
            digest=f"sha256:{digest}",
        )


def _name(url: str) -> str:
    """Name of the directory that a clone of `url` would make: programs and people see it."""
    last = re.split(r"[/:]", url.rstrip("/").removesuffix("/.git"))[-1]
    name = re.sub(r"\.(git|zip)$", "", last, flags=re.IGNORECASE)
    return re.sub(r"[^\w.-]", "_", name).strip(".-_") or "project"


def _project_directory(root: Path, subdirectory: str) -> Path:
    """The subdirectory, if it is there and inside.

    Raises:
        SourceError: it is not.
    """
    if not subdirectory:
        return root
    path = root / subdirectory
    if not path.is_dir():
        raise SourceError(f"there is no subdirectory {subdirectory!r}", hint=_nearest(root, subdirectory))
    if not path.resolve().is_relative_to(root.resolve()):
        raise SourceError(f"subdirectory {subdirectory!r} is a link that leads out of the source")
    return path


def _nearest(root: Path, subdirectory: str) -> str:
    directories = [
        str(path.relative_to(root))
        for pattern in ("*/", "*/*/", "*/*/*/")
        for path in root.glob(pattern)
        if ".git" not in path.parts
    ]
    some = ", ".join(sorted(directories)[:8])
    return did_you_mean(subdirectory, directories) or (f"it has {some}" if some else "it has no directories")

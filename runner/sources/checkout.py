"""From a Source to a tree to run in: a directory as it is, a commit or an archive as a fresh copy."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import assert_never

from runner.errors import SourceError
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import workingcopy
from runner.sources.model import ArchiveSource, CapturedSource, Checkout, DirectorySource, GitSource, Source
from runner.sources.place import project_directory


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
            # most runs are in a directory, and need neither of these
            commit = import_module("runner.sources.commit")
            with commit.checked_out(source, settings=settings, phase=phase, keep=keep) as found:
                yield found
        case ArchiveSource():
            archive = import_module("runner.sources.archive")
            with archive.checked_out(source, settings=settings, phase=phase, keep=keep) as found:
                yield found
        case CapturedSource():
            captured = import_module("runner.sources.captured")
            with captured.checked_out(source, settings=settings, phase=phase, keep=keep) as found:
                yield found
        case _:
            assert_never(source)


def obtainable(source: CapturedSource, *, settings: Settings, phase: Phase) -> str | None:
    """Why captured code cannot be had; None if it can. What has to be fetched for it is in the cache afterwards."""
    captured = import_module("runner.sources.captured")
    reason: str | None = captured.obtainable(source, settings=settings, phase=phase)
    return reason


def _in_place(source: DirectorySource, *, settings: Settings) -> Checkout:
    if not source.path.is_dir():
        raise SourceError(f"there is no directory {source.path}")
    path = project_directory(source.path, source.subdirectory)
    state = workingcopy.inspect(path, settings=settings)
    below = source.path.relative_to(state.top) if state.top else Path()
    return Checkout(
        path=path,
        root=source.path,
        uri=str(source.path),
        subdirectory=source.subdirectory,
        below="" if below == Path() else below.as_posix(),
        commit=state.commit,
        branch=state.branch,
        repository=state.repository,
        dirty=state.dirty,
        working_copy=state,
        notices=(state.notice,) if state.notice else (),
    )

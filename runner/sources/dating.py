"""When a commit was made."""

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import assert_never

from runner.errors import SourceError, UsageError
from runner.settings import Settings
from runner.sources.git import Git, environment, git_for
from runner.sources.model import ArchiveSource, CapturedSource, DirectorySource, GitSource, Source
from runner.sources.parsing import working_copy


def committed(source: Source, commit: str | None = None, *, settings: Settings) -> datetime:
    """The committer date of a commit which is here, by default of the newest one; one short git call.

    Raises:
        UsageError: there is no commit: the source is not in Git.
        SourceError: git fails.
    """
    git, where = _repository(source, settings)
    named = commit or "HEAD"
    said = git(*where, "log", "-1", "--no-show-signature", "--format=%ct", named, "--").strip()
    if not said.isdecimal():
        raise SourceError(f"git does not tell when {named} was made")
    return datetime.fromtimestamp(int(said), UTC)


def _repository(source: Source, settings: Settings) -> tuple[Git, tuple[str, ...]]:
    match source:
        case DirectorySource():
            top = working_copy(source.path / source.subdirectory)
            if top is None:
                raise _without_commit(str(source.path))
            return Git(url=str(top), environ=environment(settings, "file://")), ("-C", str(top))
        case CapturedSource():
            # imported only when a run is repeated
            cached = import_module("runner.sources.captured").cached(source, settings=settings)
            if cached is None:
                raise _without_commit(source.uri)
            return _repository(cached, settings)
        case GitSource():
            # imported only when a source is a repository
            place: Path = (
                import_module("runner.sources.mirror").mirror_of(source, settings=settings).repository
            )
            return git_for(source, settings=settings, directory=place), ()
        case ArchiveSource():
            raise _without_commit(source.url)
        case _:
            assert_never(source)


def _without_commit(place: str) -> UsageError:
    return UsageError(
        f"{place} is not in Git, so there is no commit whose date could be taken",
        hint="give a date: --as-of 2024-03-01",
    )

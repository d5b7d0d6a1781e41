"""Where a project comes from, and the tree that was made of it. Values only."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySource:
    """A directory on this machine, used in place and never modified."""

    path: Path
    subdirectory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSource:
    """A repository at a ref (branch, tag, commit, abbreviated commit; None for the default branch)."""

    url: str
    ref: str | None = None
    subdirectory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSource:
    """A zip file, on this machine or behind http(s)."""

    url: str
    subdirectory: str = ""


Source: TypeAlias = DirectorySource | GitSource | ArchiveSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A tree ready to run in, and everything needed to name it again.

    Attributes:
        path: the project directory (`subdirectory` included): the working directory of the program.
        root: the top of the tree.
        uri: the source as recorded, credentials stripped.
        subdirectory: below the top, "" for the top itself.
        ref: as asked for, None for the default branch.
        commit: full commit id, None where there is no Git.
        branch: the branch that `ref` (or the working copy) names, if it names one.
        repository: URL of the remote, credentials stripped.
        dirty: the tree differs from the commit, untracked files included; None where unknown.
        digest: SHA-256 of an archive, "sha256:..."; None otherwise.
        submodules: path -> commit.
    """

    path: Path
    root: Path
    uri: str
    subdirectory: str = ""
    ref: str | None = None
    commit: str | None = None
    branch: str | None = None
    repository: str | None = None
    dirty: bool | None = None
    digest: str | None = None
    submodules: tuple[tuple[str, str], ...] = ()

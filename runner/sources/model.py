"""Where a project comes from, and the tree that was made of it. Values only."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct


class Login(Struct, frozen=True, kw_only=True):
    """User and password that stood in a URL. Kept apart from it, so that no record, log or message can show them."""

    user: str
    password: str | None = None

    def __repr__(self) -> str:
        """Nothing of it, wherever it is contained."""
        return "Login()"


class DirectorySource(Struct, frozen=True, kw_only=True):
    """A directory on this machine, used in place and never modified."""

    path: Path
    subdirectory: str = ""


class GitSource(Struct, frozen=True, kw_only=True):
    """A repository at a ref (branch, tag, commit, abbreviated commit; None for the default branch).

    `url` holds no credentials; they are in `login`.
    """

    url: str
    ref: str | None = None
    subdirectory: str = ""
    login: Login | None = None


class ArchiveSource(Struct, frozen=True, kw_only=True):
    """A zip file: `url` is an absolute path on this machine, or a URL without credentials (they are in `login`)."""

    url: str
    subdirectory: str = ""
    login: Login | None = None


class Capture(Struct, frozen=True, kw_only=True):
    """What the name of a commit, or of an archive, does not tell of the code that runs: kept as files with the run.

    Attributes:
        patch: binary patch of `git apply` from the commit (from nothing, where there is none) to the tree as it is: what is not
            committed, untracked files and those of submodules included; paths are relative to the top of the tree.
        bundles: repository in the tree ("" for the top, else the path of a submodule) -> git bundle with the commits which
            its remote does not have.
        archive: the zip file itself.
        submodules: path -> commit at which it is in the tree.
        left_out: files that would be in the patch and are not, with the reason, one sentence each.
    """

    patch: Path | None = None
    bundles: Mapping[str, Path] = {}
    archive: Path | None = None
    submodules: Mapping[str, str] = {}
    left_out: tuple[str, ...] = ()


class CapturedSource(Struct, frozen=True, kw_only=True):
    """Code as a run had it.

    Attributes:
        uri: as recorded.
        repositories: where the commit may be had, the likeliest first; all without credentials.
        commit: full commit id; None where all is in the patch, or in the archive.
        capture: what was kept with the run.
        submodules: path -> commit at which it was; of others the commit tells.
        archive: where the zip file may be had (URL or path), and `digest`, what it must be.
    """

    uri: str
    repositories: tuple[GitSource, ...] = ()
    commit: str | None = None
    capture: Capture = Capture()
    submodules: Mapping[str, str] = {}
    archive: ArchiveSource | None = None
    digest: str | None = None
    subdirectory: str = ""


Source: TypeAlias = DirectorySource | GitSource | ArchiveSource | CapturedSource


class WorkingCopy(Struct, frozen=True, kw_only=True):
    """What Git knows of a directory that is used in place; all None where there is no Git, or nobody to ask.

    Attributes:
        top: its top directory.
        repository: URL of the remote, credentials stripped.
        dirty: anything differs from the commit.
        changes: what differs, as lines of `git status --porcelain=v2`.
        pushed: the upstream branch has the commit, as far as is known here.
        notice: why nothing is known.
    """

    top: Path | None = None
    commit: str | None = None
    branch: str | None = None
    repository: str | None = None
    dirty: bool | None = None
    changes: tuple[str, ...] = ()
    pushed: bool = False
    notice: str | None = None


class Checkout(Struct, frozen=True, kw_only=True):
    """A tree ready to run in, and everything needed to name it again.

    Attributes:
        path: the project directory (`subdirectory` included): the working directory of the program.
        root: the top of the tree.
        uri: the source as recorded, without `#subdirectory`, credentials stripped.
        subdirectory: below the top, "" for the top itself.
        below: from the top of the working copy to `root`, where a directory inside of one is used in place.
        ref: as asked for, None for the default branch.
        commit: full commit id, None where there is no Git.
        branch: the branch that `ref` (or the working copy) names, if it names one.
        repository: URL of the remote, credentials stripped.
        dirty: the tree differs from the commit, untracked files included; None where unknown.
        digest: SHA-256 of an archive, "sha256:..."; None otherwise.
        submodules: path -> commit.
        working_copy: of a directory that is used in place.
        archive: the zip file from which the tree was made.
        notices: what a person should know about how it was got, one sentence each.
    """

    path: Path
    root: Path
    uri: str
    subdirectory: str = ""
    below: str = ""
    ref: str | None = None
    commit: str | None = None
    branch: str | None = None
    repository: str | None = None
    dirty: bool | None = None
    digest: str | None = None
    submodules: tuple[tuple[str, str], ...] = ()
    working_copy: WorkingCopy | None = None
    archive: Path | None = None
    notices: tuple[str, ...] = ()

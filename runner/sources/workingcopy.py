"""What Git knows about a directory that is used in place: asked, never changed."""

from dataclasses import dataclass
from pathlib import Path

from runner.errors import SourceError
from runner.settings import Settings
from runner.sources.address import strip_credentials
from runner.sources.git import Git, environment
from runner.sources.parsing import working_copy


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCopy:
    """State of a working copy; all None where there is none, or nobody to ask."""

    commit: str | None = None
    branch: str | None = None
    repository: str | None = None
    dirty: bool | None = None
    notice: str | None = None


def inspect(directory: Path, *, settings: Settings) -> WorkingCopy:
    """Commit, branch, remote and whether anything differs from the commit; two short git calls.

    A directory outside version control, or a machine without git, is no error.
    """
    top = working_copy(directory)
    if top is None or (settings.cache.is_relative_to(top) and directory.is_relative_to(settings.cache)):
        return WorkingCopy()
    git = Git(url=str(top), environ=environment(settings, "file://"))
    try:
        status = git(
            "-C", str(top), "--no-optional-locks", "status", "--porcelain=v2", "--branch", "-z"
        ).split("\0")
        remotes = (
            git("-C", str(top), "config", "--null", "--get-regexp", r"^remote\..*\.url$")
            if _has_remote(top)
            else ""
        )
    except SourceError as error:
        return WorkingCopy(
            notice=f"commit not recorded: {error.message}" + (f" ({error.hint})" if error.hint else "")
        )
    facts = dict(line[2:].split(" ", 1) for line in status if line.startswith("# ") and " " in line[2:])
    commit, branch = facts.get("branch.oid"), facts.get("branch.head")
    return WorkingCopy(
        commit=None if commit == "(initial)" else commit,
        branch=None if branch == "(detached)" else branch,
        repository=_remote(remotes, facts.get("branch.upstream")),
        dirty=any(line and not line.startswith("# ") for line in status),
    )


def _has_remote(top: Path) -> bool:
    """A look into the file first: most calls of git cost more than reading it. Worktrees keep it elsewhere: ask."""
    try:
        return "[remote " in (top / ".git" / "config").read_text(errors="replace")
    except OSError:
        return True


def _remote(listing: str, upstream: str | None) -> str | None:
    """URL of the upstream's remote, of `origin`, or of the only other one."""
    pairs = (entry.partition("\n") for entry in listing.split("\0") if entry)
    urls = {key.removeprefix("remote.").removesuffix(".url"): url for key, _, url in pairs}
    of_upstream = next((name for name in urls if upstream and upstream.startswith(f"{name}/")), None)
    name = of_upstream or ("origin" if "origin" in urls else next(iter(urls), None))
    return strip_credentials(urls[name]) if name else None

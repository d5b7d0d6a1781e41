"""What Git knows about a directory that is used in place: asked, never changed."""

from pathlib import Path

from runner.errors import SourceError
from runner.settings import Settings
from runner.sources.address import strip_credentials
from runner.sources.git import Git, environment
from runner.sources.model import WorkingCopy
from runner.sources.parsing import working_copy

# whatever the person's configuration leaves out of what `git status` shows them; names come as ASCII, quoted where odd
_STATUS = (
    "status", "--porcelain=v2", "--branch", "--untracked-files=all", "--ignore-submodules=none", "--no-renames",
)  # fmt: skip


def inspect(directory: Path, *, settings: Settings) -> WorkingCopy:
    """Commit, branch, remote and what differs from the commit; two short git calls.

    A directory outside version control, or a machine without git, is no error.
    """
    top = working_copy(directory)
    if top is None or (settings.cache.is_relative_to(top) and directory.is_relative_to(settings.cache)):
        return WorkingCopy()
    git = git_in(top, settings=settings)
    try:
        status = git(*_STATUS).split("\n")
        remotes = git("config", "--null", "--get-regexp", r"^remote\..*\.url$") if _has_remote(top) else ""
    except SourceError as error:
        return WorkingCopy(
            notice=f"commit not recorded: {error.message}" + (f" ({error.hint})" if error.hint else "")
        )
    facts = dict(line[2:].split(" ", 1) for line in status if line.startswith("# ") and " " in line[2:])
    changes = tuple(line for line in status if line and not line.startswith("# "))
    commit, branch, upstream = (facts.get(f"branch.{name}") for name in ("oid", "head", "upstream"))
    urls = _urls(remotes)
    tracked = next((name for name in urls if upstream and upstream.startswith(f"{name}/")), None)
    remote = tracked or ("origin" if "origin" in urls else next(iter(urls), None))
    return WorkingCopy(
        top=top,
        commit=None if commit == "(initial)" else commit,
        branch=None if branch == "(detached)" else branch,
        repository=strip_credentials(urls[remote]) if remote else None,
        dirty=bool(changes),
        changes=changes,
        pushed=tracked is not None and facts.get("branch.ab", "").startswith("+0 "),
    )


def git_in(top: Path, *, settings: Settings) -> Git:
    """How to call git in a working copy, so that it writes nothing there."""
    git = Git(url=str(top), environ=environment(settings, "file://"), working_copy=top)
    return git.configured(("core.quotePath", "true"))


def _has_remote(top: Path) -> bool:
    """A look into the file first: most calls of git cost more than reading it. Worktrees keep it elsewhere: ask."""
    try:
        return "[remote " in (top / ".git" / "config").read_text(errors="replace")
    except OSError:
        return True


def _urls(listing: str) -> dict[str, str]:
    """URL of each remote, by its name."""
    pairs = (entry.partition("\n") for entry in listing.split("\0") if entry)
    return {key.removeprefix("remote.").removesuffix(".url"): url for key, _, url in pairs}

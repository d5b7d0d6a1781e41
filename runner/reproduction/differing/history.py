"""What Git on this machine tells about the way from one commit to another; nothing is fetched for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from runner.errors import SourceError
from runner.settings import Settings
from runner.sources.address import FULL_COMMIT
from runner.sources.git import Git, environment

_MOST = 20  # commits that are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Commits that only the second has (`ahead`), and only the first (`behind`); `subjects` of the former, newest first."""

    ahead: int
    behind: int
    subjects: tuple[str, ...]

    def __str__(self) -> str:
        parts = [(self.ahead, "later"), (self.behind, "that only the first has")]
        counts = [f"{count} commit{'s' * (count > 1)} {what}" for count, what in parts if count]
        more = [f"and {self.ahead - len(self.subjects)} more"] if self.ahead > len(self.subjects) else []
        return "\n".join([", ".join(counts), *self.subjects, *more])


def between(first: str, second: str, *, repositories: Iterable[Path], settings: Settings) -> History | None:
    """The way from commit to commit, where one repository on this machine knows both and what lies between them."""
    if not (FULL_COMMIT.fullmatch(first) and FULL_COMMIT.fullmatch(second)):
        return None
    for repository in dict.fromkeys(repositories):
        # a shallow copy would count to its end, and no further
        if not (repository / "shallow").exists():
            git = Git(url=str(repository), environ=environment(settings, "file://"), directory=repository)
            try:
                return _asked(git, first, second)
            except SourceError:
                continue
    return None


def _asked(git: Git, first: str, second: str) -> History:
    counts = git("rev-list", "--count", "--left-right", f"{first}...{second}", "--").split()
    log = (
        "log",
        "-z",
        f"--max-count={_MOST}",
        "--no-show-signature",
        "--format=%h %s",
        f"{first}..{second}",
        "--",
    )
    return History(
        behind=int(counts[0]),
        ahead=int(counts[1]),
        subjects=tuple(line for line in git(*log).split("\0") if line),
    )

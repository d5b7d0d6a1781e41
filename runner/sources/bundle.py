"""Commits that no remote has, as a file (see `git help bundle`): all of them, and what they need to be had before."""

from pathlib import Path

from runner.errors import SourceError
from runner.settings import Settings
from runner.sources.address import FULL_COMMIT
from runner.sources.limits import readable
from runner.sources.modules import Module
from runner.sources.workingcopy import git_in

_OURS = ("HEAD", "--not", "--remotes")
_SIGNATURES = (b"# v2 git bundle\n", b"# v3 git bundle\n")
_LONGEST = 65_536


class TooLarge(SourceError):
    """The commits are more than is kept with a run."""


def bundle(module: Module, file: Path, *, settings: Settings) -> bool:
    """Write the commits which no remote of `module` has, as far as it knows; False where there are none.

    Raises:
        TooLarge: more than `settings.capture_limit`.
        SourceError: git fails.
    """
    git = git_in(module.top, settings=settings)
    if module.copy.pushed or not git("rev-list", "--max-count=1", *_OURS).strip():
        return False
    size = int(git("rev-list", "--objects", "--disk-usage", *_OURS))
    if size > settings.capture_limit:
        where = f" of {module.path}" if module.path else ""
        raise TooLarge(
            f"the commits{where} that no remote has are {readable(size)},"
            f" more than {readable(settings.capture_limit)}"
        )
    git("bundle", "create", "--quiet", str(file), *_OURS)
    return True


def prerequisites(file: Path) -> list[str]:
    """The commits that a bundle builds on.

    Raises:
        SourceError: it is no bundle.
    """
    needed = []
    with file.open("rb") as lines:
        if lines.readline(_LONGEST) not in _SIGNATURES:
            raise SourceError(f"{file.name} is no git bundle")
        while (line := lines.readline(_LONGEST).strip()) and not line.startswith(b"PACK"):
            commit = line[1:].split(b" ")[0].decode(errors="replace")
            if line.startswith(b"-") and FULL_COMMIT.fullmatch(commit):
                needed.append(commit)
    return needed

"""Where a project is in a tree, what the tree's directory is called, and what it means when the cache fails us."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.errors import SourceError, did_you_mean

_SHOWN = 8


def directory_name(url: str) -> str:
    """Name of the directory that a clone of `url` would make: programs and people see it."""
    last = re.split(r"[/:]", url.rstrip("/").removesuffix("/.git"))[-1]
    name = re.sub(r"\.(git|zip)$", "", last, flags=re.IGNORECASE)
    return re.sub(r"[^\w.-]", "_", name).strip(".-_") or "project"


def project_directory(root: Path, subdirectory: str) -> Path:
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
    some = ", ".join(sorted(directories)[:_SHOWN])
    return did_you_mean(subdirectory, directories) or (f"it has {some}" if some else "it has no directories")


@contextmanager
def writing_to(cache: Path) -> Iterator[None]:
    """Explain what the operating system says in the block: a full disk, a directory that is not ours.

    Raises:
        SourceError: instead of any OSError.
    """
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise SourceError(
            f"cannot write to the cache {cache}: {error.strerror or error}",
            hint="`runner env gc` frees cache space" if full else "RUNNER_CACHE names another directory",
        ) from error

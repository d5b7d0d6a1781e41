"""What goes wrong in a build, in words for the person: the tool's own explanation without secrets, and a way out."""

import errno
import re
from collections.abc import Sequence

from runner.errors import EnvironmentFailed
from runner.process import ProgramFailed
from runner.settings import Settings

CANNOT_RESOLVE = "the requirements cannot be resolved"
CANNOT_CREATE = "the virtual environment cannot be created"
CANNOT_INSTALL = "the packages cannot be installed"

_USERINFO = re.compile(r"(\w://)[^/\s\"']+@")  # to the last @: a password may hold one
DISK_FULL = ("No space left on device", "os error 28", "Errno 28", "Disk quota exceeded", "os error 122")
_HINTS = (  # words of uv and pip, the first that is said wins
    (
        ("dns error", "error sending request", "Connection refused", "Network is unreachable", "timed out", "Temporary failure in name resolution"),
        "the package index cannot be reached: check the network, the proxy and the index settings of uv",
    ),
    (
        ("missing an upload date", "does not provide upload-time metadata"),
        "the package index does not say when its files were published (PEP 700), which --as-of needs",
    ),
    (
        ("no such option: --uploaded-prior-to",),
        "this pip is too old for --as-of: install uv, or a newer virtualenv, which brings a newer pip",
    ),
    (
        ("filtered by `exclude-newer`",),
        "at that time there was no version that fits: give --as-of a later date",
    ),
    (
        ("was not found in the package registry", "no version of", "no versions of"),
        "check the names and versions of the requirements, and the index that they come from",
    ),
    (
        ("requirements are unsatisfiable",),
        "relax one of the versions named above, or ask for another Python with --python VERSION",
    ),
)  # fmt: skip
_TAIL = 40  # lines


class NoInterpreter(EnvironmentFailed):
    """There is no Python of that version, and none can be had for a virtual environment."""


def masked(text: str) -> str:
    """The text without the user and password of any URL in it."""
    return _USERINFO.sub(r"\1****@", text)


def without_logins(text: str) -> str:
    """The text with each URL as it is for somebody without user and password (those of ssh stay: they are names)."""
    return _USERINFO.sub(lambda found: found[0] if found[1] == "h://" else found[1], text)


def explained(said: str, error: ProgramFailed, *, settings: Settings) -> EnvironmentFailed:
    """A tool's failure as our error."""
    done = error.completed
    text = masked((done.err or done.out).strip())
    if any(sign in text for sign in DISK_FULL):
        return disk_full(settings, text)
    return EnvironmentFailed(said, detail="\n".join(text.splitlines()[-_TAIL:]), hint=_hint(text, settings))


def undated(names: Sequence[str], as_of: str) -> EnvironmentFailed:
    """Packages that may be younger than the lock would say."""
    return EnvironmentFailed(
        f"nothing says that these were published before {as_of}: {', '.join(sorted(names))}",
        hint="--as-of needs an index that tells upload times (PEP 700) for each package: a directory of wheels"
        " (--find-links) does not, and exceptions (exclude-newer-package) do not fit",
    )


def disk_full(settings: Settings, detail: str | None = None) -> EnvironmentFailed:
    """There is no room for the environment."""
    return EnvironmentFailed(
        f"the disk is full: the environment cannot be built in {settings.cache}",
        detail="\n".join(detail.splitlines()[-3:]) if detail else None,
        hint="free space, for example with `runner env gc`, or set RUNNER_CACHE to a directory on another disk",
    )


def unwritable(settings: Settings, error: OSError) -> EnvironmentFailed:
    """An operating system error while something was written to the cache."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(settings, str(error))
    return EnvironmentFailed(
        f"the environment is not in the cache {settings.cache}, and cannot be built there: {error.strerror}",
        hint="set RUNNER_CACHE to a directory that can be written",
    )


def _hint(text: str, settings: Settings) -> str | None:
    if settings.offline:
        return "RUNNER_OFFLINE is set: only what is in the package cache can be used; unset it for this run"
    return next((hint for signs, hint in _HINTS if any(sign in text for sign in signs)), None)

"""What goes wrong in a build, in words for the person: the tool's own explanation without secrets, and a way out."""

import errno
import re

from runner.errors import EnvironmentFailed
from runner.process import ProgramFailed
from runner.settings import Settings

CANNOT_RESOLVE = "the requirements cannot be resolved"
CANNOT_CREATE = "the virtual environment cannot be created"
CANNOT_INSTALL = "the packages cannot be installed"

_USERINFO = re.compile(r"(\w://)[^/\s@\"']+@")
_DISK_FULL = ("No space left on device", "os error 28", "Errno 28", "Disk quota exceeded", "os error 122")
_UNREACHABLE = ("dns error", "error sending request", "Connection refused", "Network is unreachable", "timed out", "Temporary failure in name resolution")  # fmt: skip
_TAIL = 40  # lines


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
    if any(sign in text for sign in _DISK_FULL):
        return disk_full(settings, text)
    return EnvironmentFailed(said, detail="\n".join(text.splitlines()[-_TAIL:]), hint=_hint(text, settings))


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
    if any(sign in text for sign in _UNREACHABLE):
        return (
            "the package index cannot be reached: check the network, the proxy and the index settings of uv"
        )
    if "was not found in the package registry" in text or "no version of" in text or "no versions of" in text:
        return "check the names and versions of the requirements, and the index that they come from"
    if "requirements are unsatisfiable" in text:
        return "relax one of the versions named above, or ask for another Python with --python VERSION"
    return None

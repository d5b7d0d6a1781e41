"""The grammar of addresses: what a URL, a ref, a subdirectory may look like, and where credentials hide in one."""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from runner.errors import UsageError
from runner.sources.model import Login

SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
TRANSPORT = re.compile(r"[a-z0-9][a-z0-9+.-]*::", re.IGNORECASE)
# host:path as ssh takes it; one letter before the colon is a drive of Windows
SCP_LIKE = re.compile(
    r"(?:(?P<user>[\w.+-]+)@)?(?P<host>\[[0-9a-f:.]+\]|[\w.-]{2,}):(?P<path>[^:].*)", re.IGNORECASE
)
FULL_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SHORT_COMMIT = re.compile(r"[0-9a-f]{4,63}")
# what `git check-ref-format` forbids, so that a ref is never an option, a refspec or a revision expression
_BAD_REF = re.compile(r"^[-/.]|[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|[/.]$|\.lock$|^@$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def scheme(uri: str) -> str | None:
    """The scheme of a URL in lower case ("https"), None for anything else.

    >>> scheme("HTTPS://host/x"), scheme("git@host:x.git"), scheme("a/b")
    ('https', None, None)
    """
    found = SCHEME.match(uri)
    return found[1].lower() if found else None


def check_text(text: str, *, what: str) -> str:
    """`text` itself, if no program could take it for an option and no terminal for a command.

    Raises:
        UsageError: it is empty, begins with "-" or holds control characters.
    """
    if not text.strip():
        raise UsageError(f"the {what} is empty")
    if text.startswith("-"):
        raise UsageError(f"{what} {text!r} looks like an option", hint=f"no {what} may begin with '-'")
    if _CONTROL.search(text):
        raise UsageError(f"{what} {text!r} holds control characters")
    return text


def check_ref(ref: str) -> str:
    """`ref` itself, if it can be a branch, a tag or a commit.

    Raises:
        UsageError: Git allows no such name; revision expressions (`main~1`) are none either.
    """
    check_text(ref, what="version")
    if _BAD_REF.search(ref):
        raise UsageError(
            f"version {ref!r} is no branch, tag or commit",
            hint="give a name or a commit id; expressions such as main~1 are not understood",
        )
    return ref


def check_subdirectory(text: str) -> str:
    """A path below the top in normal form; "" for the top itself.

    Raises:
        UsageError: it is absolute or leads out.

    >>> check_subdirectory("./v1.0//x/")
    'v1.0/x'
    """
    if _CONTROL.search(text):
        raise UsageError(f"subdirectory {text!r} holds control characters")
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text:
        raise UsageError(
            f"subdirectory {text!r} leads out of the source",
            hint="give a path below the top: #examples/train",
        )
    return "" if path == PurePosixPath() else str(path)


def split_credentials(url: str) -> tuple[str, Login | None]:
    """A URL without its credentials, and the credentials.

    The user of an ssh address is no secret and part of the address: it stays. An https user may be a token: it goes.

    >>> split_credentials("https://me:secret@host:8080/x.git")[0]
    'https://host:8080/x.git'
    >>> split_credentials("git@host:team/x.git")
    ('git@host:team/x.git', None)
    """
    if scheme(url) is None:
        return url, None
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, colon, password = userinfo.partition(":")
    netloc = f"{user}@{host}" if parts.scheme.endswith("ssh") and user else host
    login = Login(user=unquote(user), password=unquote(password) if colon else None)
    return urlunsplit(parts._replace(netloc=netloc)), login


def strip_credentials(url: str) -> str:
    """The URL as it may be recorded and shown: without password, and without user where that may be a token."""
    return split_credentials(url)[0]

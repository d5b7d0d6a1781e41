"""Which files are kept with a run, and which are left out: too large, unreadable, or our own."""

import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from runner.settings import Settings
from runner.sources.modules import Change

# never code, made anew by whoever needs it; `mlruns` is where MLflow keeps runs
UNWANTED = frozenset({
    ".venv", "venv", "__pycache__", "node_modules", "mlruns", "mlartifacts", ".ipynb_checkpoints", ".mypy_cache",
    ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".eggs", ".hg", ".svn", ".DS_Store",
})  # fmt: skip
_MOST = 10_000
_NAMED = 10
_KILO = 1000
# what such files hold is for nobody else; and what stands before the @ of an address is a login
_SECRET = re.compile(
    r"\.env(\..+)?|\.netrc|\.pypirc|\.htpasswd|\.git-credentials|id_(rsa|dsa|ecdsa|ed25519)|.+\.(pem|key|p12|pfx|jks|kdbx)"
)
_LOGIN = re.compile(rb"://[^/\s:@\"'{}$<>]+:[^/\s@\"'{}$<>]+@")
_READ = 1_000_000  # bytes in which a login is looked for
_SHARE = 5  # one untracked file may be a fifth of the limit


class Choice(Struct):
    """Files that fit, and what is said about the others."""

    kept: list[str] = []
    left_out: list[str] = []


def choose(changes: Iterable[Change], top: Path, *, settings: Settings) -> Choice:
    """The files to keep: tracked ones first, then small ones, up to the limit in all."""
    choice, rest = Choice(), list[str]()
    sizes: list[tuple[bool, int, str]] = []
    ours = _ours(settings)
    for change in changes:
        file = top / change.path
        if not change.tracked and (
            not UNWANTED.isdisjoint(change.path.split("/"))
            or any(file.is_relative_to(place) for place in ours)
        ):
            continue
        size = _size(file)
        most = settings.capture_limit // (1 if change.tracked else _SHARE)
        if secret := _secret(file, tracked=change.tracked):
            choice.left_out.append(f"{_shown(change.path)} {secret}")
        elif size is None:
            choice.left_out.append(f"{_shown(change.path)} cannot be read")
        elif size > most:
            choice.left_out.append(f"{_shown(change.path)} has {readable(size)}, more than {readable(most)}")
        else:
            sizes.append((not change.tracked, size, change.path))
    total = 0
    for number, (_, size, path) in enumerate(sorted(sizes)):
        total += size
        (choice.kept if total <= settings.capture_limit and number < _MOST else rest).append(path)
    choice.left_out = _few(choice.left_out) + _beyond(rest, settings)
    return choice


def _secret(file: Path, *, tracked: bool) -> str:
    """Why nobody else may see a file, if so: others read what is kept with a run."""
    if not tracked and _SECRET.fullmatch(file.name):
        return "may hold a secret: such files are not kept"
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            return ""
        with file.open("rb") as content:
            found = _LOGIN.search(content.read(_READ))
    except OSError:
        return ""
    return "holds a login (user:password@ in an address), and is not kept for that" if found else ""


def readable(size: int) -> str:
    """
    >>> readable(600), readable(12_345_678)
    ('600 bytes', '12.3 MB')
    """
    if size < _KILO:
        return f"{size} bytes"
    return f"{size / _KILO:.1f} kB" if size < _KILO**2 else f"{size / _KILO**2:.1f} MB"


def _beyond(paths: Sequence[str], settings: Settings) -> list[str]:
    if not paths:
        return []
    some = ", ".join(_shown(path) for path in paths[:_NAMED])
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return [f"{some}{more}: all together more than {readable(settings.capture_limit)}, or {_MOST} files"]


def _few(sentences: list[str]) -> list[str]:
    hidden = len(sentences) - 2 * _NAMED
    return sentences if hidden <= 0 else [*sentences[: 2 * _NAMED], f"and so on with {hidden} more"]


def _size(file: Path) -> int | None:
    """Bytes of a file or link; None where it cannot be had."""
    try:
        status = file.lstat()
    except OSError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return status.st_size
    return status.st_size if os.access(file, os.R_OK) else None


def _shown(path: str) -> str:
    """A name as it may stand in a document: bytes that are no text are replaced."""
    return os.fsencode(path).decode(errors="replace")


def _ours(settings: Settings) -> list[Path]:
    """Where this run itself is kept, should that lie inside the tree."""
    places = [settings.home, settings.cache]
    for uri in (settings.artifact_root, settings.tracking_uri):
        parts = urlsplit(uri)
        if parts.scheme == "file":
            places.append(Path(unquote(parts.path)))
        elif parts.scheme == "sqlite":
            database = Path(unquote(parts.path)[1:]).absolute()
            places += [database.with_name(database.name + end) for end in ("", "-wal", "-shm", "-journal")]
    return [place.resolve() for place in places]

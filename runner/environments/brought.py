"""Package files that somebody has brought, with a bundle: installs take them instead of asking the network.

cache/packages/sha256/<hash>/<name of the file>      md5/... for channels that know no better

A lock goes on to say where each file comes from. Only on its way to the installer an address becomes the path of the file that has
the hash which the lock names; the installer checks that hash as ever.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from runner.environments import cache
from runner.errors import EnvironmentFailed
from runner.settings import Settings

_HASH = re.compile(r"(sha256):([0-9a-f]{64})|(md5):([0-9a-f]{32})")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def place(settings: Settings) -> Path:
    """Where they lie."""
    return settings.cache / "packages"


def keep(file: Path, known: str, settings: Settings) -> Path:
    """Keep a file, copied and checked; `known` is the hash that it must have ("sha256:...").

    Raises:
        EnvironmentFailed: it has another hash, or the cache cannot be written.
    """
    algorithm, _, wanted = known.partition(":")
    with file.open("rb") as stream:
        if hashlib.file_digest(stream, algorithm).hexdigest() != wanted:
            raise EnvironmentFailed(
                f"{file.name} is not the package that the lock names: it has another hash"
            )
    target = place(settings) / algorithm / wanted / file.name
    aside = target.with_name(f".{token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, aside)
        aside.replace(target)
    except OSError as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise EnvironmentFailed(f"{settings.cache} cannot be written: {error.strerror or error}") from error
    return target


def find(known: str, settings: Settings) -> Path | None:
    """The file with that hash, if somebody has brought it."""
    if not _HASH.fullmatch(known):
        return None
    algorithm, _, wanted = known.partition(":")
    files = _files(place(settings) / algorithm / wanted)
    found = next((path for path in files if not path.name.startswith(".")), None)
    if found is not None:
        cache.touch(found.parent)
    return found


def in_pylock(text: str, settings: Settings) -> str:
    """A pylock.toml in which addresses of brought files are paths; the text itself where there are none."""
    if not place(settings).is_dir():
        return text
    return "".join(_line(line, settings) for line in text.splitlines(keepends=True))


def directories(text: str, settings: Settings) -> list[Path]:
    """The directories of brought files whose hashes stand in a lock, of any kind."""
    if not place(settings).is_dir():
        return []
    found = (find(f"sha256:{known}", settings) for known in dict.fromkeys(_SHA256.findall(text)))
    return [path.parent for path in found if path]


def unused(settings: Settings, before: float) -> Iterator[Path]:
    """Directories of files that nobody has used since `before` (seconds since the epoch)."""
    for path in place(settings).glob("*/*"):
        if path.stat().st_mtime < before:
            yield path


_ENTRY = re.compile(
    r"""\burl = ("(?:[^"\\]|\\.)*")(?P<between>[^{}]*\{[^{}]*)\bsha256 = "(?P<hash>[0-9a-f]{64})\""""
)


def _line(line: str, settings: Settings) -> str:
    def moved(entry: re.Match[str]) -> str:
        path = find(f"sha256:{entry['hash']}", settings)
        return (
            entry[0] if path is None else entry[0].replace(f"url = {entry[1]}", f"path = {_quoted(path)}", 1)
        )

    return _ENTRY.sub(moved, line)


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _files(directory: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(directory) if entry.is_file())
    except OSError:
        return []

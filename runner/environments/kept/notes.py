"""What no package vouches for in an environment: noted when it was built, for whoever verifies it.

.files.json     path -> where that link leads, or the SHA-256 of that file

Beside the marker, not in it: a warm run reads that one each time.
"""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runner.environments import cache
from runner.environments.buildlog import LOG
from runner.environments.kept import contents
from runner.files import write_atomically

NOTES = ".files.json"

_OURS = {cache.MARKER, NOTES, LOG}
_LINK = "-> "
_PIECE = 1 << 20
_THREADS = 8


def note(prefix: Path) -> None:
    """Write down each link, and each file for which no package has a hash."""
    listed = contents.listed(prefix)
    hashed = {path for path, item in listed.items() if item.digest is not None}
    found = sorted(path for path in files(prefix) if path not in hashed or (prefix / path).is_symlink())
    states = states_of(prefix, found)
    write_atomically(prefix / NOTES, json.dumps(dict(zip(found, states, strict=True)), indent=0))


def noted(prefix: Path) -> dict[str, str] | None:
    """What was noted; None if nobody can tell any more, or never did."""
    try:
        found = json.loads((prefix / NOTES).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def files(prefix: Path) -> set[str]:
    """What lies in an environment, apart from what says so."""
    return {path for path in contents.files(prefix) if path not in _OURS}


def states_of(prefix: Path, paths: list[str]) -> list[str]:
    """Where each link leads, or what each file's SHA-256 is; "" for what cannot be read."""
    # In threads: hashing and reading leave the interpreter's lock.
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(lambda path: _state(prefix / path), paths))


def _state(path: Path) -> str:
    found = hashlib.sha256()
    try:
        if path.is_symlink():
            return _LINK + os.readlink(path)  # noqa: PTH115 - as it is written
        if not path.is_file():  # reading a pipe would not end
            return ""
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                found.update(piece)
    except OSError:
        return ""
    return found.hexdigest()

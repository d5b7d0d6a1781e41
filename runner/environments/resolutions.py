"""Resolutions kept in the cache: the same question, about the same index, is asked once.

question = requirements, interpreter, platform, where packages come from (without passwords)
"""

import json
import re
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace
from pathlib import Path

from runner.environments import cache
from runner.environments.model import Interpreter, Lock
from runner.environments.python import uv
from runner.environments.trouble import masked
from runner.files import sha256, write_atomically
from runner.progress import Phase
from runner.settings import Settings

# What uv and pip read from the environment that changes a resolution. Passwords have variables of their own.
_INDEX = re.compile(
    r"UV_(INDEX|DEFAULT_INDEX|EXTRA_INDEX|FIND_LINKS|PRERELEASE|RESOLUTION|EXCLUDE_NEWER|CONSTRAINT|OVERRIDE|EXCLUDE|"
    r"TORCH_BACKEND|NO_BINARY|ONLY_BINARY|NO_SOURCES|CONFIG_FILE|NO_CONFIG)\w*|"
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|PRE|CONSTRAINT|CONFIG_FILE|NO_BINARY|ONLY_BINARY)"
)
_SECRET = ("_PASSWORD", "_USERNAME", "_TOKEN")


def remembered(
    inputs: str,
    interpreter: Interpreter,
    make: Callable[[], Lock],
    *,
    directory: Path,
    settings: Settings,
    phase: Phase,
    anew: bool = False,
) -> Lock:
    """A lock from the cache, or made now and kept; of many processes one makes it.

    Args:
        inputs: fingerprint of what is resolved.
        directory: of the project, whose own index settings count.
        anew: make it whatever is in the cache.
    """
    key = _key(inputs, interpreter, directory, settings)
    path = cache.resolutions(settings) / f"{key}.json"
    known = None if anew else _load(path, interpreter)
    if known:
        return known
    shared = cache.turn(path.with_suffix(".lock"), settings=settings, phase=phase)
    with shared if cache.writable(settings) else nullcontext():
        known = None if anew else _load(path, interpreter)
        return known or _kept(make(), path)


def _kept(lock: Lock, path: Path) -> Lock:
    with suppress(OSError):  # a full or read-only disk only costs the time to resolve again
        write_atomically(path, json.dumps(asdict(replace(lock, interpreter=None))))
    return lock


def _load(path: Path, interpreter: Interpreter) -> Lock | None:
    try:
        values = json.loads(path.read_bytes())
        lock = Lock(**(values | {"origin": "cached", "interpreter": interpreter}))
    except (OSError, ValueError, TypeError):
        return None
    cache.touch(path)
    return lock


def _key(inputs: str, interpreter: Interpreter, directory: Path, settings: Settings) -> str:
    tool = "uv" if uv.find(settings) else "pip"
    python = (interpreter.version, interpreter.implementation)
    parts = [inputs, *python, cache.platform_tag(), _index(directory, settings), tool, cache.SCHEMA]
    return sha256(json.dumps(parts))[:32]


def _index(directory: Path, settings: Settings) -> str:
    """Fingerprint of where packages come from, without credentials."""
    environ = settings.environ
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or Path.home()) / ".config")
    files = [
        home / "uv/uv.toml",
        Path("/etc/uv/uv.toml"),
        directory / "uv.toml",
        directory / "pyproject.toml",
    ]
    if environ.get("UV_CONFIG_FILE"):
        files.append(Path(environ["UV_CONFIG_FILE"]))
    names = [name for name in sorted(environ) if _INDEX.fullmatch(name) and not name.endswith(_SECRET)]
    said = [f"{name}={environ[name]}" for name in names]
    for file in files:
        with suppress(OSError):
            said.append(file.read_bytes().decode(errors="replace"))
    return sha256(masked("\0".join(said)))

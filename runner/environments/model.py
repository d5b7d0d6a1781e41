"""What a program runs in: the lock that says exactly what, and the environment made from it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner.files import sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python on this machine. `version` is the full one ("3.11.7"), `origin` how it was found ("pyenv", "uv", "PATH")."""

    path: Path
    version: str
    implementation: str = "cpython"
    origin: str = "PATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Every package with its hashes.

    Attributes:
        kind: "pylock" (PEP 751), or "requirements" (lines with hashes, as pip reads them).
        text: content of the lock file.
        python: full version of the interpreter for which it was resolved.
        origin: "resolved" now, "cached" from an earlier resolution, or the project's own lock file by name.
        packages: how many.
        pinned: False where something cannot be hashed (an editable or local path).
        interpreter: the one for which it was resolved, when that was just now; not part of the lock.
    """

    kind: str
    text: str
    python: str
    origin: str = "resolved"
    packages: int = 0
    pinned: bool = True
    interpreter: Interpreter | None = field(default=None, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the text, "sha256:..."."""
        return f"sha256:{sha256(self.text)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Something that a program can be started in.

    Attributes:
        kind: "system" or "virtualenv".
        key: content address in the cache; None for the system.
        path: the prefix; None for the system.
        interpreter: its Python, where there is one.
        path_entries: directories to put in front of PATH.
        variables: to set.
        unset: to remove from what the program inherits.
        reused: it was in the cache, whole.
        packages: how many were installed.
    """

    kind: str
    key: str | None = None
    path: Path | None = None
    interpreter: Interpreter | None = None
    path_entries: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    reused: bool = True
    packages: int = 0

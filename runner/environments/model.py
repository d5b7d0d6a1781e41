"""What a program runs in: the lock that says exactly what, and the environment made from it. Values only."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from runner.errors import UsageError
from runner.files import sha256

DOWNLOADED = "download"  # origin of an interpreter that was not here before
# Where the lock of each kind is kept among the artifacts of a run.
LOCK_FILES = {
    "pylock": "runner/pylock.toml",
    "requirements": "runner/requirements.txt",
    "conda": "runner/conda-lock.yml",
    "image": "runner/image.json",
}


class Interpreter(Struct, frozen=True, kw_only=True):
    """A Python on this machine. `version` is the full one ("3.11.7"), `origin` how it was found ("pyenv", "uv", "PATH").

    `platform` is uv's name of where it runs, if that is somewhere else: in an image ("x86_64-manylinux_2_36").
    """

    path: Path
    version: str
    implementation: str = "cpython"
    origin: str = "PATH"
    platform: str | None = None


class Lock(Struct, frozen=True, kw_only=True):
    """Every package with its hashes.

    Attributes:
        kind: "pylock" (PEP 751), "requirements" (lines with hashes, as pip reads them), "conda" (conda-lock.yml, version 1)
            or "image" (JSON: the image by digest, and the lock of what is installed in it).
        text: content of the lock file.
        python: full version of the interpreter for which it was resolved; empty where there is none.
        origin: "resolved" now, "cached" from an earlier resolution, or the project's own lock file by name.
        packages: how many.
        pinned: False where something cannot be hashed (an editable or local path, an image that no registry knows).
        as_of: the moment (RFC 3339) after which nothing was published that it lists; None for the time of the resolution.
        notices: what a person should know about it, one sentence each.
        interpreter: the one for which it was resolved, when that was just now; not part of the lock.
    """

    kind: str
    text: str
    python: str
    origin: str = "resolved"
    packages: int = 0
    pinned: bool = True
    as_of: str | None = None
    notices: tuple[str, ...] = ()
    interpreter: Interpreter | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the text, "sha256:..."."""
        return f"sha256:{sha256(self.text)}"


class Wishes(Struct, frozen=True, kw_only=True):
    """What a person asks of a resolution.

    Attributes:
        python: version, range or path of an interpreter, instead of what the project asks for (`--python`).
        anew: resolve, whatever lock there is already (`--relock`).
        locked: refuse to resolve: the project ships a lock, or fails (`--locked`).
        as_of: a moment (RFC 3339); nothing that was published later is taken (`--as-of`).
        image: container image in which the environment is made (`--in-image`); None for this machine.
        solver: who solves conda environments: "rattler", or "conda-lock" with the conda, mamba or micromamba of the person.
        platforms: further ones for which a conda lock shall be, beside that of this machine (`runner lock --platform`).
    """

    python: str | None = None
    anew: bool = False
    locked: bool = False
    as_of: str | None = None
    image: str | None = None
    solver: str = "rattler"
    platforms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.python is not None and not self.python.strip():
            raise UsageError("--python is empty", hint="give a version (--python 3.11), or leave it out")


NO_WISHES = Wishes()


class Observed(Struct, frozen=True, kw_only=True):
    """What lies in an environment that we have not made: names and versions only, so it can be compared, not installed.

    Attributes:
        python: the executable that a program would find.
        lines: `name==version`, or `name=version=build` of conda, sorted.
    """

    python: Path
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """For a file beside the run's other documents."""
        return f"# Observed, not locked: the packages of {self.python}\n" + "".join(
            f"{line}\n" for line in self.lines
        )


class Environment(Struct, frozen=True, kw_only=True):
    """Something that a program can be started in.

    Attributes:
        kind: "system", "virtualenv", "conda" or "docker".
        key: content address in the cache; None for the system.
        path: the prefix; None for the system.
        interpreter: its Python, where there is one.
        path_entries: directories to put in front of PATH.
        variables: to set.
        unset: to remove from what the program inherits.
        reused: it was in the cache, whole.
        packages: how many were installed.
        image: id of the container image in which the program runs; None for this machine.
        observed: what the caller's environment holds, where it has a Python.
    """

    kind: str
    key: str | None = None
    path: Path | None = None
    interpreter: Interpreter | None = None
    path_entries: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    unset: tuple[str, ...] = ()
    reused: bool = True
    packages: int = 0
    image: str | None = None
    observed: Observed | None = None

"""Volumes as a person writes them, `$(pwd)/data:/data:ro`: what the shell made of them when MLflow called docker.

It called docker in the project's directory, so from there everything relative counts, and `$(pwd)` is that directory.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from runner.errors import InputError, ProjectError

HERE = re.compile(r"\$\(\s*pwd\s*\)|`\s*pwd\s*`|\$\{PWD\}|\$PWD\b|%cd%")
VARIABLE = re.compile(rf"(?i:{HERE.pattern})|\$(?:\{{(?P<braced>\w+)\}}|(?P<plain>\w+))")
SHELL = re.compile(r"\$\(|`|\$\{")
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


class Volume(Struct, frozen=True):
    """`source` is a directory or file of this machine, the name of a volume, or "" for a volume without a name."""

    source: str
    target: str
    options: str = ""

    def __str__(self) -> str:
        """As the engine takes it."""
        return ":".join(part for part in (self.source, self.target, self.options) if part)


def volume(text: str, *, directory: Path, environ: Mapping[str, str], make: bool = True) -> Volume:
    """Read a volume; a directory that is to be written and is not there yet is made, as the caller's, if `make` says so.

    Raises:
        ProjectError: it is no volume.
        InputError: there is nothing to mount.
    """
    source, target, options = _parts(text, _expanded(text, directory=directory, environ=environ))
    if not target.startswith("/"):
        raise ProjectError(
            f"the volume {text!r} has no absolute path in the container",
            hint="write SOURCE:/PATH or SOURCE:/PATH:ro",
        )
    if source and not NAME.fullmatch(source):
        path = directory / source
        if not path.exists():
            _missing(text, path, only_read="ro" in options.split(","), make=make)
        source = str(path.resolve())
    return Volume(source, target, options)


def _expanded(text: str, *, directory: Path, environ: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found["braced"] or found["plain"]
        if name is None:
            return str(directory)
        if not environ.get(name):
            raise ProjectError(
                f"the volume {text!r} needs the variable {name}, which is not set", hint=f"export {name}=..."
            )
        return environ[name]

    if SHELL.search(VARIABLE.sub("", text)):
        raise ProjectError(
            f"the volume {text!r} holds a command, which is not run",
            hint="$(pwd), $NAME, ${NAME} and ~ are understood",
        )
    expanded = VARIABLE.sub(value, text)
    if text == "~" or text.startswith(("~/", "~:")):
        return (environ.get("HOME") or str(Path.home())) + expanded[1:]
    return expanded


def _parts(text: str, expanded: str) -> tuple[str, str, str]:
    match expanded.replace("\\", "/").split(":"):
        case [target]:
            return "", target, ""
        case [source, target]:
            return source, target, ""
        case [source, target, options]:
            return source, target, options
        case _:
            raise ProjectError(
                f"the volume {text!r} has too many colons", hint="write SOURCE:/PATH or SOURCE:/PATH:ro"
            )


def _missing(text: str, path: Path, *, only_read: bool, make: bool) -> None:
    if only_read:
        raise InputError(
            f"the volume {text!r}: there is no file or directory {path}",
            hint="make it, or mount another; without `ro` a directory is made",
        )
    if make:
        try:
            path.mkdir(parents=True)
        except OSError as error:
            raise InputError(f"the volume {text!r}: {path} cannot be made: {error.strerror}") from error

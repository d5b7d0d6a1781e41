"""The pylock.toml that `runner lock` writes beside a project: its first line tells later whether it is out of date."""

import re
from pathlib import Path

from runner.environments.model import Lock
from runner.environments.python import pylock, requirements
from runner.environments.python.requirements import Requirements
from runner.errors import EnvironmentFailed
from runner.project.model import PythonEnv

_HEADER = re.compile(r"# Locked by runner for Python ([\d.]+)\S* from requirements (sha256:[0-9a-f]{64})")


def document(spec: PythonEnv, lock: Lock, *, directory: Path, file: Path) -> str:
    """The content of a lock file to be written beside a project; its first line tells later whether it is out of date.

    Raises:
        EnvironmentFailed: the lock is hashed requirements: they are a lock file already.
    """
    if lock.kind != "pylock":
        raise EnvironmentFailed(
            f"{lock.origin} is a lock already: each package in it has hashes", hint="use it as it is"
        )
    read = pylock.parse(lock.text, name="the lock")
    text = lock.text if file.parent.resolve() == directory.resolve() else read.anchored(directory)
    inputs = requirements.read(spec, directory).fingerprint
    return f"# Locked by runner for Python {lock.python} from requirements sha256:{inputs}\n{text}"


def check(spec: PythonEnv, *, directory: Path, file: Path) -> None:
    """See that a lock file which `document` made is there, and is not older than the requirements.

    Raises:
        EnvironmentFailed: it is not.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFailed(f"{file} cannot be read", hint="make it with `runner lock`") from error
    pylock.parse(text, name=file.name)
    if not made_from(text, requirements.read(spec, directory), name=file.name):
        raise EnvironmentFailed(
            f"{file.name} was not made by `runner lock`: whether it is up to date cannot be told",
            hint="make it anew with `runner lock`",
        )


def made_from(text: str, read: Requirements, *, name: str) -> str | None:
    """The Python for which `document` made this text; None when something else made it."""
    ours = _HEADER.match(text)
    if ours and ours[2] != f"sha256:{read.fingerprint}":
        raise EnvironmentFailed(
            f"{name} is out of date: the requirements have changed since it was made",
            hint="lock anew with `runner lock`, or remove the file",
        )
    return ours[1] if ours else None

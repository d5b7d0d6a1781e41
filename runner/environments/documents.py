"""A lock as a file beside the project: what it is called, what is in it, whether it is out of date.

pylock.toml           Python environments (PEP 751)
conda-lock.yml        conda environments, beside the conda file
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from runner.environments.model import Lock
from runner.environments.python import shipped as python
from runner.project.model import CondaEnv, PythonEnv


def lock_file(spec: PythonEnv | CondaEnv) -> str:
    """Where the lock of an environment is looked for; relative to the project."""
    if isinstance(spec, CondaEnv):
        return str(PurePosixPath(spec.file).with_name("conda-lock.yml"))
    return "pylock.toml"


def document(spec: PythonEnv | CondaEnv, lock: Lock, *, directory: Path, file: Path) -> str:
    """The content of a lock file to be written.

    Raises:
        EnvironmentFailed: the project ships a lock that needs no other form, or the lock does not hold all that it should.
    """
    if isinstance(spec, CondaEnv):
        written: str = _conda().document(spec, lock, directory=directory, file=file)
        return written
    return python.document(spec, lock, directory=directory, file=file)


def check(spec: PythonEnv | CondaEnv, *, directory: Path, file: Path, platforms: Sequence[str] = ()) -> None:
    """See that a lock file which `document` made is there, is for all platforms, and is not older than the declaration.

    Raises:
        EnvironmentFailed: it is not.
    """
    if isinstance(spec, CondaEnv):
        _conda().check(spec, directory=directory, file=file, platforms=platforms)
    else:
        python.check(spec, directory=directory, file=file)


def _conda() -> Any:
    return import_module("runner.environments.conda.shipped")

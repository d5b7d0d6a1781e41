"""The packages for which a project asks itself."""

import re
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name

from runner import project
from runner.environments.python import requirements
from runner.errors import RunnerError
from runner.project.model import CondaEnv, EnvironmentSpec, PythonEnv

_NAME = re.compile(r"(?:[^\s\[]*::)?([A-Za-z0-9][\w.-]*)")


def asked(directory: Path) -> frozenset[str] | None:
    """Their names; None where the project does not say, or cannot be read."""
    try:
        return _named(project.load(directory).environment, directory)
    except RunnerError:
        return None


def _named(spec: EnvironmentSpec, directory: Path) -> frozenset[str] | None:
    match spec:
        case PythonEnv():
            lines = requirements.read(spec, directory).lines
            return _names(lines) or None
        case CondaEnv():
            return _names((*spec.packages, *spec.pip))
        case _:
            return None


def _names(lines: Iterable[str]) -> frozenset[str]:
    found = (_NAME.match(line.strip()) for line in lines if not line.startswith("-"))
    return frozenset(canonicalize_name(hit[1]) for hit in found if hit)

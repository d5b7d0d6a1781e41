"""A project on disk: `load` it, choose an `entry_point`, `bind` values to its parameters, `render` the command.

document ── YAML as values that know their place; composing: by PyYAML; remembered: without; defects: broken YAML in words
file ─────── MLproject: entry points, parameters, docker
environment  python_env.yaml, conda files, requirements, locks
binding ──── values: types, choices, bounds; command: placeholders and the shell
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from runner.errors import Location, ProjectError
from runner.project.binding import SECRET_PREFIX, Bound, bind, secret_variables
from runner.project.command import render
from runner.project.environment import resolve
from runner.project.file import Declaration, find, read_declaration
from runner.project.lookup import entry_point
from runner.project.model import EnvironmentSpec, Notice, Project, SystemEnv

__all__ = ["SECRET_PREFIX", "Bound", "bind", "entry_point", "load", "render", "secret_variables"]


def load(directory: Path, *, environment: bool = True, memory: Path | None = None) -> Project:
    """Read the project in a directory: its MLproject file, if there is one, and its environment file.

    Args:
        directory: where the files are.
        environment: the run will need the environment; otherwise what is wrong with it is a notice only.
        memory: a directory where it may be remembered what its files say.

    Raises:
        ProjectError: no such directory, or a file in it is wrong.
    """
    notices: list[Notice] = []
    names = _names(directory)
    file = find(directory, names, notices)
    declaration = read_declaration(directory / file, notices, memory=memory) if file else Declaration()
    find_environment = partial(resolve, directory, declaration.environment, names=names, memory=memory)
    spec = _environment(find_environment, needed=environment, notices=notices)
    return Project(
        directory=directory,
        file=file,
        name=declaration.name,
        environment=spec,
        entry_points=declaration.entry_points,
        strict=declaration.strict,
        metrics=declaration.metrics,
        outputs=declaration.outputs,
        seed=declaration.seed,
        variables=declaration.variables,
        notices=tuple(notices),
    )


def _names(directory: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(directory))  # noqa: PTH208 - names only, and fast
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror}", where=Location(directory)) from error


def _environment(
    find_environment: Callable[..., EnvironmentSpec], *, needed: bool, notices: list[Notice]
) -> EnvironmentSpec:
    if needed:
        return find_environment(notices=notices)
    try:
        return find_environment(notices=[])
    except ProjectError as error:
        notices.append(Notice(error.message, error.where, error.hint))
        return SystemEnv()

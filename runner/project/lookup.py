"""Which entry point a name means: a declared one, or a script in the project directory."""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath

from runner.errors import Location, UsageError, did_you_mean
from runner.project.model import EntryPoint, Project

SCRIPTS: Mapping[str, Callable[[str], str]] = {
    ".py": lambda path: f"python {path}",
    ".sh": lambda path: f"${{SHELL:-bash}} {path}",
    ".R": lambda path: f"Rscript -e \"mlflow::mlflow_source('{path}')\" --args",
}


def entry_point(project: Project, name: str) -> EntryPoint:
    """The entry point called `name`.

    Raises:
        UsageError: neither declared nor a script of the project; the hint lists what there is.
    """
    if declared := project.entry_points.get(name):
        return declared
    if PurePath(name).suffix in SCRIPTS:
        return _script(project.directory, name)
    known = ", ".join(project.entry_points) or "none"
    guess = did_you_mean(name, project.entry_points)
    raise UsageError(
        f"there is no entry point {name!r}",
        hint=f"{guess + ' ' if guess else ''}declared: {known}; a script is named by its path, like train.py",
        where=Location(project.directory / project.file) if project.file else Location(project.directory),
    )


def _script(directory: Path, name: str) -> EntryPoint:
    path, root = directory / name, directory.resolve()
    if name.startswith("-"):
        raise UsageError(f"{name!r} looks like an option", hint=f"write ./{name}")
    if not path.resolve().is_relative_to(root):
        raise UsageError(f"the script {name!r} is outside of the project {directory}")
    if not path.is_file():
        near = did_you_mean(name, (found.name for found in path.parent.glob("*" + path.suffix)))
        raise UsageError(f"there is no script {name!r} in {directory}", hint=near)
    quoted = shlex.quote(name)
    if path.suffix == ".R" and quoted != name:
        raise UsageError(f"the name of the R script {name!r} cannot be put into a command", hint="rename it")
    command = SCRIPTS[path.suffix](quoted)
    return EntryPoint(name=name, command=_escaped(command, quoted), script=True)


def _escaped(command: str, path: str) -> str:
    """Braces of a file's name are doubled, as the command is rendered like any other."""
    return command.replace(path, path.replace("{", "{{").replace("}", "}}"))

"""`runner lock`: resolve a project's environment and write the lock beside it."""

from dataclasses import replace
from pathlib import Path

import click

from runner import environments, project
from runner.cli import Context
from runner.cli.terminal import Terminal
from runner.environments import Wishes, choose
from runner.errors import UsageError
from runner.files import write_atomically
from runner.launch import asof
from runner.progress import Progress
from runner.project.model import PythonEnv
from runner.sources.model import DirectorySource


@click.command
@click.argument("directory", type=click.Path(path_type=Path), default=".")
@click.option(
    "--output", type=click.Path(path_type=Path), help="File to write; default: pylock.toml in the project."
)
@click.option("--python", metavar="VERSION", help="Lock for this Python instead of the project's.")
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; fail when the lock is missing or older than the requirements.",
)
@click.option("--upgrade", is_flag=True, help="Take the newest versions that the requirements admit.")
@click.option(
    "--as-of",
    metavar="DATE|commit",
    help="Lock as on that day (2024-03-01), or at the date of the newest commit: newer packages do not exist.",
)
@click.pass_obj
def command(
    context: Context,
    *,
    directory: Path,
    output: Path | None,
    python: str | None,
    check: bool,
    upgrade: bool,
    as_of: str | None,
) -> None:
    """Resolve a project's environment and write the lock beside it.

    The lock is a pylock.toml (PEP 751): every package with its version, origin and hashes. A project that ships
    one is run in exactly these.
    """
    directory = directory.absolute()
    file = output.absolute() if output else directory / "pylock.toml"
    spec = declared(directory, file)
    if check:
        environments.check(spec, directory=directory, file=file)
        click.echo(f"{file.name} is up to date")
        return
    wishes = asof.read(Wishes(python=python, anew=upgrade, as_of=as_of))
    wishes = asof.dated(wishes, DirectorySource(path=directory), None, settings=context.settings)
    progress = Progress(Terminal())
    with progress.phase("environment") as phase:
        lock = environments.resolve(
            spec,
            directory=directory,
            settings=context.settings,
            phase=phase,
            wishes=wishes,
        )
    assert lock is not None
    write_atomically(file, environments.document(spec, lock, directory=directory, file=file))
    if not lock.pinned:
        progress.warn("not everything is pinned: a directory on this machine has no hash")
    for text in lock.notices:
        progress.notice(text)
    as_told = f", as of {lock.as_of}" if lock.as_of else ""
    click.echo(f"{file.name}: {lock.packages} packages for Python {lock.python}{as_told}")


def declared(directory: Path, file: Path) -> PythonEnv:
    """What the project asks for, apart from the lock that is to be written.

    Raises:
        UsageError: there is nothing to lock.
    """
    spec = choose(project.load(directory).environment, "virtualenv")
    assert isinstance(spec, PythonEnv)
    if spec.lock_file and (directory / spec.lock_file) == file:
        spec = replace(spec, lock_file=None)
    if not (
        spec.requirements or spec.build_requirements or spec.lock_file or spec.file not in {None, file.name}
    ):
        raise UsageError(
            f"{directory} declares no requirements: there is nothing to lock",
            hint="add a python_env.yaml or a requirements.txt",
        )
    return spec

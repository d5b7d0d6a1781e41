"""`runner lock`: resolve a project's environment and write the lock beside it."""

from pathlib import Path

import click
from msgspec.structs import replace

from runner import environments, project
from runner.cli import Context
from runner.cli.output import counted, print_json
from runner.cli.terminal import Terminal
from runner.environments import Lock, Wishes, choose, documents
from runner.environments.trouble import NoInterpreter
from runner.errors import EnvironmentFailed, UsageError
from runner.files import is_special, write_atomically
from runner.launch import asof
from runner.progress import Progress
from runner.project.model import CondaEnv, DockerEnv, PythonEnv
from runner.sources.model import DirectorySource


@click.command
@click.argument("directory", type=click.Path(path_type=Path), default=".")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; default: pylock.toml in the project, or conda-lock.yml beside its conda file.",
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
@click.option(
    "--platform",
    "platforms",
    metavar="NAME",
    multiple=True,
    help="Lock a conda environment for this platform, too (osx-arm64). Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
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
    platforms: tuple[str, ...],
    as_json: bool,
) -> None:
    """Resolve a project's environment and write the lock beside it.

    The lock is a pylock.toml (PEP 751), or a conda-lock.yml where the project needs conda packages: every package
    with its version, origin and hashes. A project that ships one is run in exactly these.
    """
    directory = directory.absolute()
    spec, file = declared(directory, output, platforms)
    _refuse_special(file)
    if check:
        documents.check(spec, directory=directory, file=file, platforms=platforms)
        _tell({"file": str(file), "up_to_date": True}, f"{file.name} is up to date", as_json=as_json)
        return
    wishes = asof.read(Wishes(python=python, anew=upgrade, as_of=as_of, platforms=platforms))
    wishes = asof.dated(wishes, DirectorySource(path=directory), None, settings=context.settings)
    progress = Progress(Terminal())
    with progress.phase("environment") as phase:
        try:
            lock = environments.resolve(
                spec, directory=directory, settings=context.settings, phase=phase, wishes=wishes
            )
        except NoInterpreter as error:
            raise _with_conda(error, directory) from error
    assert lock is not None
    _write(file, documents.document(spec, lock, directory=directory, file=file))
    if not lock.pinned:
        progress.warn("not everything is pinned: a directory on this machine has no hash")
    for text in lock.notices:
        progress.notice(text)
    text = f"{file.name}: {counted(lock.packages, 'package')} for {_made_for(lock, platforms)}"
    _tell({"file": str(file), **summary(lock), "platforms": platforms}, text, as_json=as_json)


def summary(lock: Lock) -> dict[str, object]:
    """A lock as JSON values, its text aside."""
    return {
        "kind": lock.kind,
        "digest": lock.digest,
        "origin": lock.origin,
        "python": lock.python,
        "packages": lock.packages,
        "pinned": lock.pinned,
        "as_of": lock.as_of,
    }


def _tell(facts: dict[str, object], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
    else:
        click.echo(text)


def _refuse_special(file: Path) -> None:
    """See that nothing but a file is read, or replaced.

    Raises:
        UsageError: there is something else, or no directory for a file.
    """
    hint = "name a file with --output, or leave it out"
    if file.name == "-":
        raise UsageError("a lock is not written to standard output", hint=hint)
    if is_special(file):
        raise UsageError(f"{file} is no regular file", hint=hint)
    if not file.parent.is_dir():
        raise UsageError(f"{file.parent} is no directory", hint="make it, or name another file with --output")


def _write(file: Path, text: str) -> None:
    try:
        write_atomically(file, text)
    except OSError as error:
        raise EnvironmentFailed(
            f"{file} cannot be written: {error.strerror or error}",
            hint="name a file with --output, in a directory to which you may write",
        ) from error


def _with_conda(error: NoInterpreter, directory: Path) -> EnvironmentFailed:
    """A run makes a conda environment of a conda file whose Python cannot be had otherwise; its lock has another name."""
    if not isinstance(project.load(directory).environment, CondaEnv):
        return error
    way = "conda still has it: `runner lock --output conda-lock.yml` makes a lock for a conda environment"
    return EnvironmentFailed(error.message, detail=error.detail, hint=way)


def _made_for(lock: Lock, platforms: tuple[str, ...]) -> str:
    python = f"Python {lock.python}" if lock.python else "this machine"
    also = f", and for {', '.join(platforms)}" if platforms else ""
    return python + also + (f", as of {lock.as_of}" if lock.as_of else "")


def declared(
    directory: Path, output: Path | None, platforms: tuple[str, ...]
) -> tuple[PythonEnv | CondaEnv, Path]:
    """What the project asks for, apart from the lock that is to be written, and where that goes.

    Raises:
        UsageError: there is nothing to lock, or no conda environment where one is wanted.
    """
    spec = project.load(directory).environment
    if isinstance(spec, DockerEnv):
        raise UsageError(
            f"the project runs in a container ({spec}): its packages are the image's",
            hint="pin the image (image@sha256:...), or keep a run's runner/image.json beside the project as image-lock.json",
        )
    conda = isinstance(spec, CondaEnv) and (platforms or (output and output.suffix in {".yml", ".yaml"}))
    spec = choose(spec, "conda" if conda else "auto")
    if not isinstance(spec, CondaEnv):
        spec = choose(spec, "virtualenv")
    assert isinstance(spec, PythonEnv | CondaEnv)
    if platforms and isinstance(spec, PythonEnv):
        raise UsageError(
            "--platform is for conda environments, and the project has no conda file", hint="leave it out"
        )
    file = output.absolute() if output else directory / documents.lock_file(spec)
    if spec.lock_file and (directory / spec.lock_file) == file:
        spec = replace(spec, lock_file=None)
    if not _anything(spec, file):
        raise UsageError(
            f"{directory} declares no requirements: there is nothing to lock",
            hint="add a python_env.yaml or a requirements.txt",
        )
    return spec, file


def _anything(spec: PythonEnv | CondaEnv, file: Path) -> bool:
    if isinstance(spec, CondaEnv):
        return bool(spec.packages or spec.lock_file)
    asked = spec.requirements or spec.build_requirements or spec.lock_file
    return bool(asked or spec.file not in {None, file.name})

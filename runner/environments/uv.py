"""uv, found and called: resolve, export, create, install. One function per call, no project text in an argument list."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from runner.environments import trouble
from runner.environments.model import Interpreter
from runner.errors import EnvironmentFailed
from runner.process import ProgramFailed, capture
from runner.progress import Phase
from runner.settings import Settings

Argv: TypeAlias = list[str | Path]

# What an activated environment or a shell profile says must not reach a build.
_SCRUBBED = (
    "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__",
    "UV_PYTHON", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_WORKING_DIR", "UV_SYSTEM_PYTHON", "UV_TARGET", "UV_PREFIX",
    "UV_NO_VERIFY_HASHES", "UV_VENV_SEED", "UV_VENV_RELOCATABLE", "UV_VENV_CLEAR", "UV_COMPILE_BYTECODE", "UV_NO_CACHE",
    "UV_QUIET", "UV_VERBOSE", "RUST_LOG", "FORCE_COLOR", "CLICOLOR_FORCE",
)  # fmt: skip


def find(settings: Settings) -> Path | None:
    """The uv to use; None where there is none, or where it is switched off.

    Raises:
        EnvironmentFailed: RUNNER_UV names no executable.
    """
    if settings.uv == "none":
        return None
    if settings.uv:
        named = shutil.which(settings.uv, path=settings.environ.get("PATH"))
        if not named:
            raise EnvironmentFailed(
                f"RUNNER_UV={settings.uv}: there is no such program", hint="unset it, or set it to `none`"
            )
        return Path(named)
    beside = Path(sys.executable).with_name("uv")
    if beside.exists():
        return beside
    # A version manager's shim may lead nowhere, and costs 20 ms where it leads to a uv.
    places = [
        part for part in settings.environ.get("PATH", "").split(os.pathsep) if Path(part).name != "shims"
    ]
    found = shutil.which("uv", path=os.pathsep.join(places))
    return Path(found) if found else None


def environment(settings: Settings, *, downloads: bool = False) -> dict[str, str]:
    """The environment of every uv call: the user's own index and network settings, nothing of an activated environment."""
    kept = {name: value for name, value in settings.environ.items() if name not in _SCRUBBED}
    kept |= {"NO_COLOR": "1", "UV_NO_PROJECT": "1"}
    if not downloads:
        kept["UV_PYTHON_DOWNLOADS"] = "never"
    if settings.offline:
        kept["UV_OFFLINE"] = "1"
    if "UV_CACHE_DIR" not in settings.environ and not _shares_disk(settings):
        kept["UV_CACHE_DIR"] = str(settings.cache / "uv")
    return kept


def _shares_disk(settings: Settings) -> bool:
    """Whether the user's uv cache can be used: writable, and on the disk of our environments (hard links need that)."""
    home = Path(settings.environ.get("HOME") or Path.home())
    theirs = _existing(Path(settings.environ.get("XDG_CACHE_HOME") or home / ".cache") / "uv")
    return os.access(theirs, os.W_OK) and theirs.stat().st_dev == _existing(settings.cache).stat().st_dev


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def compile_lock(
    program: Path,
    *,
    requirements: str,
    constraints: Path | None,
    prerelease: bool,
    upgrade: bool,
    interpreter: Interpreter,
    directory: Path,
    settings: Settings,
    phase: Phase,
) -> str:
    """Resolve requirement lines to the text of a pylock.toml, with hashes.

    Paths in it are relative to `directory`.

    Raises:
        EnvironmentFailed: with uv's explanation.
    """
    argv: Argv = [
        program,
        "pip",
        "compile",
        "--no-header",
        "--no-annotate",
        "--format",
        "pylock.toml",
        "--python",
        interpreter.path,
    ]
    argv += ["--constraints", constraints] if constraints else []
    argv += ["--prerelease", "allow"] if prerelease else []
    argv += ["--refresh"] if upgrade and not settings.offline else []
    return _called(
        [*argv, "-"],
        directory=directory,
        settings=settings,
        said=trouble.CANNOT_RESOLVE,
        input=requirements,
        on_line=narrator(phase),
    )


def export_lock(
    program: Path, *, directory: Path, interpreter: Interpreter, settings: Settings, phase: Phase
) -> str:
    """Translate a project's uv.lock to the text of a pylock.toml, without resolving anything anew.

    Raises:
        EnvironmentFailed: there is no pyproject.toml, or uv cannot read the lock.
    """
    argv: Argv = [
        program,
        "export",
        "--frozen",
        "--no-dev",
        "--no-header",
        "--no-annotate",
        "--format",
        "pylock.toml",
    ]
    return _called(
        [*argv, "--python", interpreter.path],
        directory=directory,
        settings=settings,
        said="uv.lock cannot be used",
        on_line=narrator(phase),
        project=True,
    )


def create(
    program: Path, *, prefix: Path, interpreter: Interpreter, settings: Settings, pass_fds: Sequence[int]
) -> None:
    """Make an empty virtual environment."""
    argv: Argv = [program, "venv", "--no-project", "--python", interpreter.path, "--", prefix]
    _called(
        argv,
        directory=prefix.parent,
        settings=settings,
        said="the virtual environment cannot be created",
        pass_fds=pass_fds,
    )


def install(
    program: Path,
    *,
    prefix: Path,
    lock_file: Path,
    pinned: bool,
    logins: Sequence[str],
    directory: Path,
    settings: Settings,
    phase: Phase,
    pass_fds: Sequence[int],
) -> None:
    """Install exactly what a lock file lists; hashes are demanded of everything when it is `pinned`.

    `logins` are index URLs with user and password, which a lock does not hold; no argument list shows them.
    """
    argv: Argv = [program, "pip", "sync", "--python", prefix / "bin/python"]
    argv += ["--require-hashes"] if pinned else []
    argv += ["--", lock_file]
    known = settings.environ.get("UV_EXTRA_INDEX_URL", "").split()
    _called(
        argv,
        directory=directory,
        settings=settings,
        said=trouble.CANNOT_INSTALL,
        pass_fds=pass_fds,
        on_line=narrator(phase),
        extra={"UV_EXTRA_INDEX_URL": " ".join((*logins, *known))} if logins else {},
    )


def narrator(phase: Phase) -> Callable[[str], None]:
    """Turns uv's lines into what the phase is doing: "downloading numpy (16.1MiB), 2 of 5 done"."""
    started = done = 0

    def tell(line: str) -> None:
        nonlocal started, done
        match line.split():
            case ["Downloading" | "Building" as verb, *what] if what:
                started += 1
                phase.update(f"{verb.lower()} {trouble.masked(' '.join(what))}, {done} of {started} done")
            case ["Downloaded" | "Built", *_]:
                done += 1
                phase.update(f"{done} of {started} packages downloaded")
            case ["Resolved" | "Prepared" | "Installed" as verb, number, *_] if number.isdigit():
                phase.update(f"{verb.lower()} {number} packages")
            case _:
                pass

    return tell


def version(program: Path) -> str:
    """For the record: "uv 0.8.3"."""
    return " ".join(capture([program, "--version"]).out.split()[:2])


def _called(
    argv: Sequence[str | Path],
    *,
    directory: Path,
    settings: Settings,
    said: str,
    input: str | None = None,  # noqa: A002 - as process.capture
    pass_fds: Sequence[int] = (),
    on_line: Callable[[str], None] | None = None,
    project: bool = False,
    extra: Mapping[str, str] = MappingProxyType({}),
) -> str:
    env = {**environment(settings), **extra}
    if project:
        env = {name: value for name, value in env.items() if name != "UV_NO_PROJECT"}
    try:
        return capture(argv, cwd=directory, env=env, input=input, pass_fds=pass_fds, on_line=on_line).out
    except ProgramFailed as error:
        raise trouble.explained(said, error, settings=settings) from error

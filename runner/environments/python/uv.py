"""uv, found and called: resolve, export, create, install.

No text of a project ever stands in an argument list, but for names of packages, which can be nothing else.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct

from runner.environments import brought, trouble
from runner.environments.model import Interpreter
from runner.environments.python import pylock
from runner.environments.python.installer import Content, Wanted
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

# What uv says, before it changes anything, of what it would have to download or to build.
_NOT_CACHED = (
    "etwork connectivity is disabled",
    "network was disabled",
    "`--no-build`",
    "Building source distributions is disabled",
)
_PYLOCK = ("--no-header", "--no-annotate", "--format", "pylock.toml")


class NotCached(EnvironmentFailed):
    """Something has to be downloaded or built, and nothing is installed yet."""


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
    previews = filter(None, (kept.get("UV_PREVIEW_FEATURES"), "pylock"))  # else each call warns of it
    kept |= {"NO_COLOR": "1", "UV_NO_PROJECT": "1", "UV_PREVIEW_FEATURES": ",".join(previews)}
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


class Uv(Struct, frozen=True):
    """The installer of choice (see installer.Installer). `phase` gets told what goes on."""

    program: Path
    settings: Settings
    phase: Phase

    def compile(self, wanted: Wanted) -> str:
        argv: Argv = ["pip", "compile", *_PYLOCK, *_for(wanted.interpreter)]
        argv += ["--prerelease", "allow"] if "--pre" in wanted.lines else []
        argv += ["--refresh"] if wanted.refresh and not self.settings.offline else []
        argv += ["--exclude-newer", wanted.as_of] if wanted.as_of else []
        with TemporaryDirectory(prefix="runner-lock-") as scratch:
            if wanted.constraints:
                limits = Path(scratch, "constraints.txt")
                limits.write_text("\n".join(wanted.constraints) + "\n", encoding="utf-8")
                argv += ["--constraints", limits]
            lines = "\n".join(wanted.lines) + "\n"
            text = self._call(
                [*argv, "-"], directory=wanted.directory, said=trouble.CANNOT_RESOLVE, input=lines
            )
        if wanted.as_of:  # directories of wheels tell no times, and uv takes what it finds there
            pylock.parse(text, name="the lock").check_dates(wanted.as_of)
        return text

    def export(self, directory: Path, interpreter: Interpreter) -> str:
        """Translate a project's uv.lock to the text of a pylock.toml, without resolving anything anew."""
        here = sys.executable if interpreter.platform else interpreter.path
        argv: Argv = ["export", "--frozen", "--no-dev", *_PYLOCK, "--python", here]
        return self._call(
            argv, directory=directory, said="uv.lock cannot be used", changes={"UV_NO_PROJECT": "0"}
        )

    def create(self, prefix: Path, interpreter: Interpreter, *, turn: int) -> None:
        argv: Argv = ["venv", "--no-project", "--python", interpreter.path, "--", prefix]
        self._call(argv, directory=prefix.parent, said=trouble.CANNOT_CREATE, turn=turn)

    def install(self, prefix: Path, content: Content, *, turn: int) -> None:
        listed = prefix / ("pylock.toml" if content.kind == "pylock" else "requirements.lock.txt")
        listed.write_text(self._brought(content), encoding="utf-8")
        argv: Argv = ["pip", "install" if content.added else "sync", "--python", prefix / "bin/python"]
        argv += _platform(content.target) if content.target else []
        argv += _checks(content)
        if content.kind != "pylock":
            argv += [f"--find-links={place}" for place in brought.directories(content.text, self.settings)]
        files: Argv = [*(["--no-deps", "--requirements"] if content.added else ["--"]), listed]
        known = self.settings.environ.get("UV_EXTRA_INDEX_URL", "").split()
        changes = {"UV_EXTRA_INDEX_URL": " ".join((*content.logins, *known))} if content.logins else {}
        call = partial(self._call, directory=content.directory, said=trouble.CANNOT_INSTALL, turn=turn)
        if content.pinned and not self.settings.offline:
            # What is in the cache has its hash: uv would ask the index once more, and some send it all again.
            # Nothing is built in this attempt: a build would have to take what older tools the cache has.
            self.phase.hear("looking into the cache of packages")
            with suppress(NotCached):
                call([*argv, "--no-build", *files], changes={**changes, "UV_OFFLINE": "1"})
                return
            self.phase.hear("not all of it is in the cache of packages: once more, with the network")
        call([*argv, *files], changes=changes)

    def _brought(self, content: Content) -> str:
        """The lock, with paths in place of addresses where somebody has brought the file."""
        return brought.in_pylock(content.text, self.settings) if content.kind == "pylock" else content.text

    def version(self) -> str:
        return " ".join(capture([self.program, "--version"]).out.split()[:2])

    def _call(
        self,
        argv: Argv,
        *,
        directory: Path,
        said: str,
        input: str | None = None,  # noqa: A002 - as process.capture
        turn: int | None = None,
        changes: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        try:
            return capture(
                [self.program, *argv],
                cwd=directory,
                env={**environment(self.settings), **changes},
                input=input,
                pass_fds=() if turn is None else (turn,),
                on_line=narrator(self.phase),
            ).out
        except ProgramFailed as error:
            if "UV_OFFLINE" in changes and any(sign in error.completed.err for sign in _NOT_CACHED):
                raise NotCached(said) from error
            raise trouble.explained(said, error, settings=self.settings) from error


def _checks(content: Content) -> Argv:
    """How hashes are checked, and which directories are built anew: uv goes by the time of their pyproject.toml only."""
    if content.kind != "pylock":
        return ["--require-hashes"]
    read = pylock.parse(content.text, name="the lock")
    # To uv a commit is no hash; that each file has one is what `pinned` says.
    strict = content.pinned and not read.repositories
    anew = [
        f"--reinstall-package={name}" for name in read.directories
    ]  # uv knows no --refresh-package when offline
    return ["--require-hashes" if strict else "--verify-hashes", *anew]


def _for(interpreter: Interpreter) -> Argv:
    """For which Python: one of this machine, or one elsewhere, of which uv need only know where that is."""
    elsewhere = _platform(interpreter)
    return ["--python", sys.executable if elsewhere else interpreter.path, *elsewhere]


def _platform(interpreter: Interpreter) -> Argv:
    if interpreter.platform is None:
        return []
    return ["--python-version", interpreter.version, "--python-platform", interpreter.platform]


def narrator(phase: Phase) -> Callable[[str], None]:
    """Turns uv's lines into what the phase is doing: "downloading numpy (16.1MiB), 2 of 5 done"."""
    started = done = 0

    def tell(line: str) -> None:
        nonlocal started, done
        phase.hear(trouble.masked(line))
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

"""From requirements to a lock: the project's own, one resolved before, or one resolved now.

spec ─► interpreter ─► own lock file?   pylock.toml as it is, uv.lock exported, hashed lines as they are
                    └► requirements ─► in the cache? ─► resolved by uv (or pip) and kept there
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from msgspec.structs import replace

from runner.environments import resolutions
from runner.environments.model import Interpreter, Lock, Wishes
from runner.environments.python import interpreters, pylock, requirements
from runner.environments.python.installer import Wanted
from runner.environments.python.pylock import Pylock
from runner.environments.python.question import question, sources
from runner.environments.python.requirements import Requirements
from runner.environments.python.shipped import made_from
from runner.environments.python.tools import installer
from runner.environments.python.uv import Uv
from runner.environments.trouble import without_logins
from runner.errors import EnvironmentFailed
from runner.files import sha256
from runner.progress import Phase
from runner.project.model import PythonEnv
from runner.settings import Settings

Choose: TypeAlias = Callable[[str | None], Interpreter]

_REQUIRES = re.compile(r'^requires-python\s*=\s*"([^"]*)"', re.MULTILINE)


def resolve(
    spec: PythonEnv,
    *,
    directory: Path,
    settings: Settings,
    phase: Phase,
    wishes: Wishes,
    choose: Choose | None = None,
) -> Lock:
    """See `environments.resolve`. `choose` gives the interpreter for a request, when that is not one of this machine."""
    lock = _Resolver(spec, directory, settings, phase, wishes, choose=choose).lock()
    phase.summary = f"Python {lock.python}, {lock.packages} package{'' if lock.packages == 1 else 's'}"
    phase.detail = {"resolved": "locked", "cached": "lock cached"}.get(lock.origin, f"from {lock.origin}")
    if lock.as_of:
        phase.detail += f", as of {lock.as_of}"
    return lock


class _Resolver:
    """One resolution: what it is for, so that its steps need not hand it round."""

    def __init__(
        self,
        spec: PythonEnv,
        directory: Path,
        settings: Settings,
        phase: Phase,
        wishes: Wishes,
        *,
        choose: Choose | None,
    ) -> None:
        self.spec = spec
        self.directory = directory
        self.settings = settings
        self.phase = phase
        self.wishes = wishes
        self.choose = choose

    def lock(self) -> Lock:
        if self.spec.lock_file and not self.wishes.anew:
            self._refuse_as_of(self.spec.lock_file)
            return self._own(self.spec.lock_file)
        read = requirements.read(self.spec, self.directory)
        self._refuse(read)
        interpreter = self._interpreter(self.spec.python)
        if read.hashed:
            return _hashed(read, interpreter, origin=self.spec.file or "requirements")
        if not read.lines and not read.build:
            return _lock(pylock.EMPTY, interpreter, name="lock")
        return self._remembered(read.fingerprint, interpreter, lambda: self._resolved(read, interpreter))

    def _refuse_as_of(self, shipped: str) -> None:
        if self.wishes.as_of:
            raise EnvironmentFailed(
                f"the project ships {shipped}, which says each version: --as-of contradicts it",
                hint="leave --as-of out, or add --relock to resolve the requirements without that lock",
            )

    def _refuse(self, read: Requirements) -> None:
        """What cannot be had without a lock, or only with requirements that are open."""
        again = "--relock" if self.wishes.anew else "--as-of" if self.wishes.as_of else None
        if again and read.hashed:
            raise EnvironmentFailed(
                f"{self.spec.file or 'requirements'} is a lock itself, each package in it has hashes:"
                f" there is nothing to resolve for {again}",
                hint="make it anew with the tool that made it",
            )
        if self.spec.lock_file and not read.lines and not read.build:
            raise EnvironmentFailed(
                f"{self.spec.lock_file} is all that the project says of its packages: there are no requirements"
                " to resolve anew",
                hint="make it anew with the tool that made it (`uv lock --upgrade`), or add a requirements.txt",
            )
        if self.wishes.locked and not read.hashed and (read.lines or read.build):
            raise EnvironmentFailed(
                "the project ships no lock, and --locked resolves none",
                hint="make a pylock.toml with `runner lock`, and keep it with the project",
            )

    def _interpreter(self, request: str | None) -> Interpreter:
        asked = self.wishes.python
        if self.choose:
            return self.choose(asked or request)
        asked_by = None if asked else self.spec.file
        return interpreters.find(
            asked or request, settings=self.settings, phase=self.phase, asked_by=asked_by
        )

    def _own(self, name: str) -> Lock:
        path = (self.directory / name).resolve()
        if not path.is_relative_to(self.directory.resolve()):
            raise EnvironmentFailed(
                f"lock file {name} is outside the project", hint="copy it into the project"
            )
        if path.suffix not in {".toml", ".lock"}:
            interpreter = self._interpreter(self.spec.python)
            read = requirements.read_file(name, self.directory)
            if not read.hashed:
                raise EnvironmentFailed(
                    f"{name} has no hash for each package", hint="make a lock of it with `runner lock`"
                )
            return _hashed(read, interpreter, origin=name)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EnvironmentFailed(
                f"lock file {name} cannot be read: {error}", hint="restore it, or remove it"
            ) from error
        interpreter = self._interpreter(self._locked_for(text, name) or self.spec.python)
        if path.name == "uv.lock":
            return self._exported(path, text, interpreter)
        return replace(_lock(text, interpreter, name=name), origin=name)

    def _locked_for(self, text: str, name: str) -> str | None:
        """The Python for which a lock was made; None where the project says it itself."""
        ours = made_from(text, requirements.read(self.spec, self.directory), name=name)
        if self.spec.python:
            return None
        requires = _REQUIRES.search(text)
        return ".".join(ours.split(".")[:2]) if ours else requires[1] if requires else None

    def _exported(self, path: Path, text: str, interpreter: Interpreter) -> Lock:
        tool = installer(self.settings, self.phase)
        if not isinstance(tool, Uv):
            raise EnvironmentFailed(
                "a uv.lock can only be read with uv",
                hint="install uv, unset RUNNER_UV, or ship a pylock.toml",
            )
        beside = path.with_name("pyproject.toml")
        inputs = sha256(text + (beside.read_text("utf-8") if beside.exists() else ""))
        lock = self._remembered(inputs, interpreter, lambda: tool.export(path.parent, interpreter))
        return replace(lock, origin="uv.lock")

    def _resolved(self, read: Requirements, interpreter: Interpreter) -> str:
        if not read.build:
            return self._compiled(read, read.lines, interpreter)
        try:
            return self._compiled(read, (*read.lines, *read.build), interpreter)
        except EnvironmentFailed:
            # Build tools are a courtesy to programs that call them: where their pins contradict the packages, these win.
            return self._compiled(read, read.lines, interpreter)

    def _compiled(self, read: Requirements, lines: tuple[str, ...], interpreter: Interpreter) -> str:
        self.phase.update(f"resolving {len(lines)} requirements")
        wanted = Wanted(
            lines=lines,
            constraints=read.constraints,
            interpreter=interpreter,
            directory=read.directory,
            refresh=self.wishes.anew or read.directories,
            as_of=self.wishes.as_of,
        )
        text = installer(self.settings, self.phase).compile(wanted)
        return pylock.travelled(text, self.wishes.as_of) if self.wishes.as_of else text

    def _remembered(self, inputs: str, interpreter: Interpreter, make: Callable[[], str]) -> Lock:
        lock = resolutions.remembered(
            question(inputs, interpreter, as_of=self.wishes.as_of),
            lambda: _lock(make(), interpreter, name="the lock"),
            sources=sources(self.directory, self.settings),
            settings=self.settings,
            phase=self.phase,
            anew=self.wishes.anew,
        )
        return replace(lock, interpreter=interpreter)


def _lock(text: str, interpreter: Interpreter, *, name: str) -> Lock:
    read = pylock.parse(text, name=name)
    read.check(interpreter)
    return Lock(
        kind="pylock",
        text=text,
        python=interpreter.version,
        packages=len(read.packages),
        pinned=read.pinned,
        as_of=read.as_of,
        notices=_notices(read),
        interpreter=interpreter,
    )


def _notices(read: Pylock) -> tuple[str, ...]:
    if read.as_of is None or not read.floating:
        return ()
    names, moment = ", ".join(read.floating), read.as_of
    said = f"{names} came from the newest commit of a branch or tag, not from that of {moment}"
    return (f"{said}: name the full commit in the requirement",)


def _hashed(read: Requirements, interpreter: Interpreter, *, origin: str) -> Lock:
    packages = [line for line in read.lines if not line.startswith("-")]
    return Lock(
        kind="requirements",
        text=without_logins("\n".join(read.lines)) + "\n",
        python=interpreter.version,
        origin=origin,
        packages=len(packages),
        interpreter=interpreter,
    )

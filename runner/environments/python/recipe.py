"""How a virtual environment is made from a lock."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from runner.environments import cache
from runner.environments.model import Environment, Interpreter, Lock
from runner.environments.python import interpreters, pylock, requirements
from runner.environments.python.installer import Content
from runner.environments.python.requirements import LocalPath
from runner.environments.python.tools import installer
from runner.environments.recipes import Steps
from runner.errors import EnvironmentFailed
from runner.files import sha256
from runner.progress import Phase
from runner.project.model import EnvironmentSpec, PythonEnv
from runner.settings import Settings

# Of the caller's surroundings, what would make the program use other packages than those of its environment.
UNSET = ("PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_PROMPT_MODIFIER", "CONDA_SHLVL", "PYENV_VERSION", "__PYVENV_LAUNCHER__")  # fmt: skip

_REQUIRES_PYTHON = re.compile(r"^requires-python\s*=.*\n", re.MULTILINE)


def recipe(
    spec: EnvironmentSpec, lock: Lock, *, directory: Path, settings: Settings, phase: Phase
) -> "PythonRecipe":
    """The recipe for a lock of Python packages.

    Raises:
        EnvironmentFailed: there is no such interpreter, or a path that the lock names is gone.
    """
    interpreter = lock.interpreter or interpreters.find(f"=={lock.python}", settings=settings, phase=phase)
    base = _base(spec, directory)
    text, local = _anchored(lock, base)
    return PythonRecipe(
        spec=spec,
        directory=directory,
        lock=lock,
        text=text,
        local=tuple(local),
        base=base,
        interpreter=interpreter,
        settings=settings,
        phase=phase,
    )


class PythonRecipe(Struct, frozen=True, kw_only=True):
    """See `building.Recipe`. `text` is the lock's with absolute paths, `local` tells what lies at each."""

    spec: EnvironmentSpec
    directory: Path
    lock: Lock
    text: str
    local: tuple[str, ...]
    base: Path
    interpreter: Interpreter
    settings: Settings
    phase: Phase

    @property
    def inputs(self) -> Mapping[str, object]:
        return {
            "kind": self.lock.kind,
            "lock": sha256(self.text),
            "local": list(self.local),
            "python": self.interpreter.version,
            "implementation": self.interpreter.implementation,
            "platform": cache.platform_tag(),
        }

    def build(self, prefix: Path, steps: Steps, *, turn: int) -> Mapping[str, Any]:
        tool = installer(self.settings, self.phase)
        with steps.step("create", f"creating an environment with Python {self.interpreter.version}"):
            tool.create(prefix, self.interpreter, turn=turn)
        if self.lock.packages:
            with steps.step("install", f"installing {self.lock.packages} packages"):
                tool.install(prefix, self.content(), turn=turn)
        return {
            "kind": "virtualenv",
            "python": self.interpreter.version,
            "implementation": self.interpreter.implementation,
            "interpreter": str(self.interpreter.path),
            "platform": cache.platform_tag(),
            "packages": installed(prefix),
            "tools": {"installer": tool.version()},
        }

    def environment(self, prefix: Path, facts: Mapping[str, Any], *, reused: bool) -> Environment:
        return Environment(
            kind="virtualenv",
            key=prefix.name,
            path=prefix,
            interpreter=replace(self.interpreter, path=prefix / "bin/python"),
            path_entries=(str(prefix / "bin"),),
            # Without pip of its own an environment would let the next pip on PATH write into somebody else's.
            variables={**self._variables(), "VIRTUAL_ENV": str(prefix), "PIP_REQUIRE_VIRTUALENV": "1"},
            unset=UNSET,
            reused=reused,
            packages=len(facts.get("packages", ())),
        )

    def content(self, target: Interpreter | None = None) -> Content:
        """What is installed, for the interpreter of an image if there is a `target`."""
        # uv compares the Python that a lock is for with that of the environment, whatever it installs for
        text = _REQUIRES_PYTHON.sub("", self.text, count=1) if target else self.text
        return Content(
            kind=self.lock.kind,
            text=text,
            pinned=self.lock.pinned,
            directory=self.base,
            logins=self._logins(),
            target=target,
        )

    def _variables(self) -> Mapping[str, str]:
        return self.spec.variables if isinstance(self.spec, PythonEnv) else {}

    def _logins(self) -> tuple[str, ...]:
        if not isinstance(self.spec, PythonEnv):
            return ()
        return requirements.read(self.spec, self.directory).logins(self.settings.environ)


def installed(prefix: Path) -> Sequence[tuple[str, str]]:
    """Names and versions of what is installed, from the names of the metadata directories."""
    found = [
        path.name.removesuffix(".dist-info") for path in prefix.glob("lib/python*/site-packages/*.dist-info")
    ]
    return sorted((name.rpartition("-")[0], name.rpartition("-")[2]) for name in found)


def _base(spec: EnvironmentSpec, directory: Path) -> Path:
    """Where the relative paths of a lock begin: beside the project's own lock, else in the project."""
    if isinstance(spec, PythonEnv) and spec.lock_file:
        return (directory / spec.lock_file).parent.resolve()
    return directory.resolve()


def _anchored(lock: Lock, base: Path) -> tuple[str, list[str]]:
    """The lock's text with absolute paths, and a digest of what lies at each."""
    if lock.kind != "pylock" or not ("path =" in lock.text or "path=" in lock.text):
        return lock.text, []
    read = pylock.parse(lock.text, name="the lock")
    places = [LocalPath(path=(base / path).resolve(), editable=editable) for path, editable in read.local]
    for place in places:
        if not place.path.exists():
            raise EnvironmentFailed(
                f"the lock names {place.path}, which does not exist",
                hint="restore it, or lock anew with `runner lock`",
            )
    return read.anchored(base), [place.fingerprint() for place in places]

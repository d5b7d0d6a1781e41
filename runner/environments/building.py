"""From a lock to an environment: reuse the whole one, or build it once, whatever happens to us or to the others.

key = what decides the content: lock, interpreter, platform ─► whole? reuse
                                                            └► take the turn ─► whole by now? reuse
                                                                             └► discard the torn, build in place, mark
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from runner import __version__
from runner.environments import cache, interpreters, pylock, requirements, trouble
from runner.environments.choice import installer
from runner.environments.installer import Content
from runner.environments.model import Environment, Interpreter, Lock
from runner.environments.requirements import LocalPath
from runner.errors import EnvironmentFailed
from runner.files import sha256, write_atomically
from runner.progress import Phase
from runner.project.model import CondaEnv, EnvironmentSpec, PythonEnv
from runner.settings import Settings

# Of the caller's surroundings, what would make the program use other packages than those of its environment.
UNSET = ("PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_PROMPT_MODIFIER", "CONDA_SHLVL", "PYENV_VERSION", "__PYVENV_LAUNCHER__")  # fmt: skip


def prepare(
    spec: EnvironmentSpec, lock: Lock | None, *, directory: Path, settings: Settings, phase: Phase
) -> Environment:
    """Give an environment with exactly what the lock lists; a whole one in the cache costs well under a millisecond.

    Args:
        spec: what the lock was made of; tells where relative paths in it begin.
        lock: None for the system's environment.
        directory: of the project.

    Raises:
        EnvironmentFailed: it cannot be built. Nothing half-built is left behind, or is ever taken for whole.
    """
    if lock is None:
        phase.summary, phase.detail = "system", ""
        return Environment(kind="system")
    build = _Build.of(spec, lock, directory=directory, settings=settings, phase=phase)
    facts = cache.facts(build.prefix)
    if facts:
        return build.reused(facts, "cached")
    with cache.turn(build.prefix.with_name(f"{build.key}.lock"), settings=settings, phase=phase) as turn:
        facts = cache.facts(build.prefix)
        if facts:
            return build.reused(facts, "built by another process")
        return build.made(turn)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Build:
    """One environment to have: what goes into it, and where it lies."""

    spec: EnvironmentSpec
    directory: Path
    lock: Lock
    text: str
    base: Path
    interpreter: Interpreter
    settings: Settings
    phase: Phase
    key: str

    @classmethod
    def of(
        cls, spec: EnvironmentSpec, lock: Lock, *, directory: Path, settings: Settings, phase: Phase
    ) -> "_Build":
        interpreter = lock.interpreter or interpreters.find(
            f"=={lock.python}", settings=settings, phase=phase
        )
        base = _base(spec, directory)
        text, local = _anchored(lock, base)
        parts = [
            cache.SCHEMA,
            lock.kind,
            sha256(text),
            local,
            interpreter.version,
            interpreter.implementation,
            cache.platform_tag(),
        ]
        return cls(
            spec=spec,
            directory=directory,
            lock=lock,
            text=text,
            base=base,
            interpreter=interpreter,
            settings=settings,
            phase=phase,
            key=sha256(json.dumps(parts))[
                :32
            ],  # 128 bits: a longer one would break the first line of scripts
        )

    @property
    def prefix(self) -> Path:
        return cache.environments(self.settings) / self.key

    def reused(self, facts: Mapping[str, Any], how: str) -> Environment:
        cache.touch(self.prefix / cache.MARKER)
        return self._environment(len(facts.get("packages", ())), how, reused=True)

    def made(self, turn: int) -> Environment:
        """Build at the final path (an installed environment cannot be moved); the turn is handed to the builders."""
        with self._all_or_nothing():
            self._build(turn)
        how = "locked and built" if self.lock.origin == "resolved" else "built"
        found = cache.facts(self.prefix) or {}
        return self._environment(len(found.get("packages", ())), how, reused=False)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        cache.discard(self.prefix, self.settings)  # torn: a builder was killed
        try:
            yield
        except OSError as error:
            cache.discard(self.prefix, self.settings)
            raise trouble.unwritable(self.settings, error) from error
        except BaseException:
            cache.discard(self.prefix, self.settings)
            raise

    def _build(self, turn: int) -> None:
        tool = installer(self.settings, self.phase)
        seconds: dict[str, float] = {}
        self.phase.update(f"creating an environment with Python {self.interpreter.version}")
        with _timed(seconds, "create"):
            tool.create(self.prefix, self.interpreter, turn=turn)
        if self.lock.packages:
            self.phase.update(f"installing {self.lock.packages} packages")
            with _timed(seconds, "install"):
                tool.install(self.prefix, self._content(), turn=turn)
        facts = self._facts() | {
            "seconds": seconds,
            "tools": {"runner": __version__, "installer": tool.version()},
        }
        write_atomically(self.prefix / cache.MARKER, json.dumps(facts, indent=1))

    def _content(self) -> Content:
        return Content(
            kind=self.lock.kind,
            text=self.text,
            pinned=self.lock.pinned,
            directory=self.base,
            logins=self._logins(),
        )

    def _facts(self) -> dict[str, Any]:
        return {
            "schema": cache.SCHEMA,
            "key": self.key,
            "lock": self.lock.digest,
            "pinned": self.lock.pinned,
            "python": self.interpreter.version,
            "implementation": self.interpreter.implementation,
            "interpreter": str(self.interpreter.path),
            "platform": cache.platform_tag(),
            "packages": _packages(self.prefix),
            "bytes": _size(self.prefix),
            "created": int(time.time()),
        }

    def _logins(self) -> tuple[str, ...]:
        match self.spec:
            case (PythonEnv() as spec) | CondaEnv(simple=PythonEnv() as spec):
                return requirements.read(spec, self.directory).logins(self.settings.environ)
            case _:
                return ()

    def _environment(self, packages: int, how: str, *, reused: bool) -> Environment:
        plural = "" if packages == 1 else "s"
        self.phase.summary = f"virtualenv, Python {self.interpreter.version}, {packages} package{plural}"
        self.phase.detail = how
        return Environment(
            kind="virtualenv",
            key=self.key,
            path=self.prefix,
            interpreter=replace(self.interpreter, path=self.prefix / "bin/python"),
            path_entries=(str(self.prefix / "bin"),),
            # Without pip of its own an environment would let the next pip on PATH write into somebody else's.
            variables={"VIRTUAL_ENV": str(self.prefix), "PIP_REQUIRE_VIRTUALENV": "1"},
            unset=UNSET,
            reused=reused,
            packages=packages,
        )


def _base(spec: EnvironmentSpec, directory: Path) -> Path:
    """Where the relative paths of a lock begin: beside the project's own lock, else in the project."""
    match spec:
        case PythonEnv(lock_file=str(file)) | CondaEnv(simple=PythonEnv(lock_file=str(file))):
            return (directory / file).parent.resolve()
        case _:
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


def _packages(prefix: Path) -> list[tuple[str, str]]:
    """Names and versions of what is installed, from the names of the metadata directories."""
    found = [
        path.name.removesuffix(".dist-info") for path in prefix.glob("lib/python*/site-packages/*.dist-info")
    ]
    return sorted((name.rpartition("-")[0], name.rpartition("-")[2]) for name in found)


def _size(prefix: Path) -> int:
    """Bytes of all files, those included which share their room with the package cache."""
    # Half the time of pathlib's: 30 ms for 6,000 files.
    return sum(
        os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118
        for place, _, names in os.walk(prefix)
        for name in names
    )


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = perf_counter()
    yield
    seconds[name] = round(perf_counter() - started, 3)

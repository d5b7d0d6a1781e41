"""Solves and builds conda environments in one directory, and remembers what was said meanwhile."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from runner.environments import Environment, Lock, Wishes, prepare, resolve
from runner.process import capture
from runner.progress import Progress
from runner.project.model import CondaEnv
from runner.settings import Settings
from tests.environments.hearing import into


def asking(*packages: str, **more: Any) -> CondaEnv:
    """A conda file, as it is read."""
    values: dict[str, Any] = {"channels": ("conda-forge",), **more}
    return CondaEnv(file="conda.yaml", text="", packages=packages, conda_packages=packages, **values)


@dataclass
class Bench:
    directory: Path
    said: list[str] = field(default_factory=list)
    detail: str = ""

    @property
    def settings(self) -> Settings:
        return Settings.from_environ(os.environ)

    def lock(self, spec: CondaEnv, **wishes: Any) -> Lock:
        with Progress(into(self.said)).phase("environment") as phase:
            lock = resolve(
                spec,
                directory=self.directory,
                settings=self.settings,
                phase=phase,
                wishes=Wishes(**wishes),
            )
        self.detail = phase.detail
        assert lock is not None
        return lock

    def prepare(self, lock: Lock, spec: CondaEnv) -> Environment:
        with Progress(into(self.said)).phase("environment") as phase:
            return prepare(spec, lock, directory=self.directory, settings=self.settings, phase=phase)

    def build(self, spec: CondaEnv, **wishes: Any) -> Environment:
        return self.prepare(self.lock(spec, **wishes), spec)


def inside(environment: Environment, command: str) -> str:
    """What a command prints in an environment."""
    inherited = {name: text for name, text in os.environ.items() if name not in environment.unset}
    path = ":".join((*environment.path_entries, inherited["PATH"]))
    variables = {**inherited, **environment.variables, "PATH": path}
    return capture(["bash", "-c", command], env=variables).out


def changed(lock: Lock, old: str, new: str) -> Lock:
    """The lock with another text in it."""
    assert old in lock.text
    return replace(lock, text=lock.text.replace(old, new))

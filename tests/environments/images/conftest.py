"""What the tests of images share: a project directory, and the steps of a run as far as the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.environments import Environment, Lock, Wishes, prepare, resolve
from runner.progress import Phase, Progress
from runner.project.model import DockerEnv, EnvironmentSpec
from runner.settings import Settings
from tests.environments.hearing import into
from tests.environments.wheels import index, uv_cache
from tests.services.docker import Daemon


@dataclass
class Yard:
    """Resolves and prepares in one directory, and remembers what was said meanwhile."""

    directory: Path
    said: list[str] = field(default_factory=list)
    phase: Phase = field(default_factory=lambda: Phase("environment"))
    offline: bool = False

    @property
    def settings(self) -> Settings:
        return replace(Settings.from_environ(os.environ), offline=self.offline)

    def write(self, files: Mapping[str, str]) -> None:
        for name, content in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def resolve(self, spec: EnvironmentSpec | str, wishes: Wishes = Wishes()) -> Lock:  # noqa: B008 - frozen
        wanted = DockerEnv(image=spec) if isinstance(spec, str) else spec
        with Progress(into(self.said)).phase("environment") as self.phase:
            lock = resolve(
                wanted, directory=self.directory, settings=self.settings, phase=self.phase, wishes=wishes
            )
        assert lock is not None
        return lock

    def prepare(self, lock: Lock, spec: EnvironmentSpec | None = None) -> Environment:
        with Progress(into(self.said)).phase("environment") as self.phase:
            return prepare(
                spec or DockerEnv(),
                lock,
                directory=self.directory,
                settings=self.settings,
                phase=self.phase,
            )

    def have(self, spec: EnvironmentSpec, wishes: Wishes = Wishes()) -> Environment:  # noqa: B008 - frozen
        return self.prepare(self.resolve(spec, wishes), spec)


@pytest.fixture
def yard(tmp_path: Path, engine: Daemon) -> Yard:  # the engine first
    directory = tmp_path / "project"
    directory.mkdir()
    return Yard(directory)


__all__ = ["index", "uv_cache", "yard"]

"""What a bundle brings along, put where a launch on this machine finds it; so nothing has to be asked of a network.

environment ──► the cache of environments        code ──► a source        inputs ──► paths, for as long as the block
packages ─────► environments/brought.py
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from runner import digests
from runner.bundles.layout import ENVIRONMENT, About, Damaged, KeptInput
from runner.bundles.members import Members
from runner.environments import brought
from runner.errors import EnvironmentFailed
from runner.launch.plan import Plan
from runner.progress import Progress
from runner.settings import Settings
from runner.sources.address import check_subdirectory
from runner.sources.model import Capture, CapturedSource, Source


@dataclass(frozen=True, slots=True)
class Provision:
    """What one bundle brings along."""

    members: Members
    about: About
    plan: Plan

    @contextmanager
    def code(self) -> Iterator[Source]:
        """The tree that ran, as a source, for as long as the block."""
        kept = self.about.code
        assert kept is not None
        with TemporaryDirectory(prefix="runner-bundle-") as scratch:
            yield CapturedSource(
                uri=self.plan.source.uri,
                capture=Capture(archive=self.members.copy(kept.file, Path(scratch, kept.file))),
                digest=f"sha256:{self.members.digests[kept.file]}",
                subdirectory=check_subdirectory(kept.subdirectory),
            )

    @contextmanager
    def provided(self, settings: Settings, progress: Progress) -> Iterator[Mapping[str, Path]]:
        """Put environment and packages into the cache; the data by parameter, for as long as the block.

        Raises:
            Damaged: something is not what the plan or the lock says.
        """
        with TemporaryDirectory(prefix="runner-bundle-") as scratch:
            giving = _Giving(self, Path(scratch), settings, progress)
            with progress.phase("bundle") as phase:
                phase.update(f"reading {self.members.name}")
                giving.environment()
                giving.packages()
                inputs = dict(giving.inputs())
                phase.summary = ", ".join(giving.given)
            yield inputs


@dataclass(slots=True)
class _Giving:
    """`given` says what was put in its place, for people."""

    provision: Provision
    scratch: Path
    settings: Settings
    progress: Progress
    given: list[str] = field(default_factory=list)

    def environment(self) -> None:
        """An environment for another machine is left; its packages may do."""
        if self.provision.about.environment is None:
            return
        file = self.provision.members.copy(ENVIRONMENT, self.scratch / ENVIRONMENT)
        unpack = import_module("runner.environments.moving.unpacking").unpack
        try:
            with Progress().phase("environment") as phase:
                unpack(file, settings=self.settings, phase=phase)
        except EnvironmentFailed as error:
            self.progress.notice(f"the environment in the bundle is of no use here: {error.message}")
        else:
            self.given.append("environment")
        file.unlink()

    def packages(self) -> None:
        for kept in self.provision.about.packages:
            if brought.find(kept.hash, self.settings) is None:
                name = PurePosixPath(kept.file).name
                file = self.provision.members.copy(kept.file, self.scratch / "packages" / name)
                brought.keep(file, kept.hash, self.settings)
                file.unlink()
        if count := len(self.provision.about.packages):
            self.given.append(f"{count} package{'s' * (count > 1)}")

    def inputs(self) -> Iterator[tuple[str, Path]]:
        for name, kept in self.provision.about.inputs.items():
            if kept.file is not None:
                path = self._input(kept.file)
                self._check_input(name, kept, path)
                self.given.append(f"input {name}")
                yield name, path

    def _input(self, place: str) -> Path:
        members = self.provision.members
        if place in members:
            return members.copy(place, self.scratch / place)
        for member in members.below(f"{place}/"):
            members.copy(member, self.scratch / member)
        return self.scratch / place

    def _check_input(self, name: str, kept: KeptInput, path: Path) -> None:
        planned = self.provision.plan.input_digests.get(name, kept.digest)
        if planned is None:
            return
        with Progress().phase("input") as phase:
            found = digests.digest(path, cache=None, phase=phase).digest
        if found != planned:
            raise Damaged(self.provision.members.name, f"input {name} is not the one that its plan names")

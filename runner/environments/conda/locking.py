"""From a conda file to a lock: the project's own, one made before, or one made now.

spec ─► own lock file?   conda-lock.yml, an explicit list, pixi.lock
     └► in the cache? ─► solved, its pip section resolved against what was solved, and kept there
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from runner.environments import building, cache, resolutions
from runner.environments.conda import lockfile, machine, shipped
from runner.environments.conda.packages import CondaLock, PipPackage
from runner.environments.conda.solving import Wanted, for_this_platform, solved, wanted
from runner.environments.model import NO_WISHES, Lock, Wishes
from runner.environments.python.question import sources
from runner.errors import EnvironmentFailed
from runner.files import sha256
from runner.progress import Phase
from runner.project.conda_locks import platform
from runner.project.model import CondaEnv
from runner.settings import Settings


def resolve(
    spec: CondaEnv,
    *,
    directory: Path,
    settings: Settings,
    phase: Phase,
    wishes: Wishes,
    platforms: Iterable[str] = (),
) -> Lock:
    """See `environments.resolve`.

    Args:
        platforms: others for which the lock shall be, too.
    """
    making = _Making(spec, directory, settings, phase, wishes)
    if spec.lock_file and not wishes.anew:
        lock = making.own(spec.lock_file)
    else:
        lock = making.remembered((platform(), *platforms))
    python = f"Python {lock.python}, " if lock.python else ""
    phase.summary = f"{python}{lock.packages} package{'' if lock.packages == 1 else 's'}"
    phase.detail = {"resolved": "locked", "cached": "lock cached"}.get(lock.origin, f"from {lock.origin}")
    if lock.as_of:
        phase.detail += f", as of {lock.as_of}"
    return lock


class _Making:
    """One resolution: what it is for, so that its steps need not hand it round."""

    def __init__(
        self, spec: CondaEnv, directory: Path, settings: Settings, phase: Phase, wishes: Wishes
    ) -> None:
        self.spec = spec
        self.directory = directory
        self.settings = settings
        self.phase = phase
        self.wishes = wishes

    def own(self, name: str) -> Lock:
        """The lock that the project ships. To read and check a long one takes longer than all else in a warm run."""
        wishes = self.wishes
        wished = {
            "--as-of": wishes.as_of,
            "--python": wishes.python,
            "--solver": wishes.solver != NO_WISHES.solver,
        }
        if contradicted := next((option for option, said in wished.items() if said), None):
            raise EnvironmentFailed(
                f"the project ships {name}, which says each version: {contradicted} contradicts it",
                hint=f"leave {contradicted} out, or add --relock to solve without that lock",
            )
        asks = shipped.content_hash(self.spec, directory=self.directory, platform=platform())
        lock = resolutions.remembered(
            ["shipped", name, _digest(self.directory / name), asks, platform()],
            self._shipped,
            settings=self.settings,
            phase=self.phase,
        )
        return structs.replace(lock, origin=name)

    def _shipped(self) -> Lock:
        own = shipped.own(self.spec, self.directory)
        assert own
        text, content, name = own
        return _lock(text, content, origin=name)

    def remembered(self, platforms: tuple[str, ...]) -> Lock:
        if self.wishes.locked:
            raise EnvironmentFailed(
                "the project ships no lock, and --locked resolves none",
                hint=f"make a {lockfile.NAME} with `runner lock`, and keep it with the project",
            )
        if self.spec.file == self.spec.lock_file:
            raise EnvironmentFailed(
                f"{self.spec.file} is a lock itself: there is nothing to solve anew",
                hint="make it anew with the tool that made it",
            )
        if self.spec.pip and (others := [name for name in platforms if name != platform()]):
            raise EnvironmentFailed(
                f"the pip section of {self.spec.file} can be locked for {platform()} only, not for {', '.join(others)}",
                hint="lock on a machine of each kind, or leave its packages to conda",
            )
        asked = wanted(self.spec, directory=self.directory, settings=self.settings, wishes=self.wishes)
        return resolutions.remembered(
            self._question(asked, platforms),
            lambda: self.lock(asked, platforms),
            sources=self._surroundings(),
            settings=self.settings,
            phase=self.phase,
            anew=self.wishes.anew,
        )

    def _surroundings(self) -> str:
        """What else decides. An imported environment need not have been made where it was the same."""
        index = sources(self.directory, self.settings) if self.spec.pip else ""
        return json.dumps([index, machine.facts()])

    def _question(self, asked: Wanted, platforms: tuple[str, ...]) -> list[object]:
        environ = self.settings.environ
        overrides = {name: environ[name] for name in sorted(environ) if name.startswith("CONDA_OVERRIDE_")}
        return [
            "conda",
            asked.fingerprint,
            platforms,
            self.wishes.solver,
            cache.platform_tag(),
            overrides,
        ]

    def lock(self, asked: Wanted, platforms: tuple[str, ...]) -> Lock:
        content = self._solved(asked, platforms)
        if self.spec.pip:
            content = replace(content, pip=self._pip(content))
        return structs.replace(_lock(lockfile.write(content), content), notices=tuple(self._notices()))

    def _notices(self) -> Iterable[str]:
        in_front = (text.rpartition("::")[0] for text in self.spec.packages)
        for channel in dict.fromkeys((*self.spec.channels, *in_front)):
            if channel.startswith("."):
                yield f"the lock names packages of the channel {channel} by where they lie now: it is for this directory only"

    def _solved(self, asked: Wanted, platforms: tuple[str, ...]) -> CondaLock:
        if self.wishes.solver == "conda-lock":
            from runner.environments.conda import other_solver  # noqa: PLC0415 - few people ask for it

            found = other_solver.solved(asked, platforms=platforms, settings=self.settings, phase=self.phase)
        else:
            found = solved(asked, platforms=platforms, settings=self.settings, phase=self.phase)
        content = {
            name: shipped.content_hash(self.spec, directory=self.directory, platform=name)
            for name in found.platforms
        }
        return replace(found, content=content, sources=(self.spec.file,))

    def _pip(self, content: CondaLock) -> tuple[PipPackage, ...]:
        """What pip would add to the conda packages: they have to be there to be asked."""
        from runner.environments.conda import pip_section  # noqa: PLC0415 - a warm run resolves nothing

        bare = structs.replace(self.spec, pip=(), variables={})
        here = content.only(platform())
        environment = building.prepare(
            bare,
            _lock(lockfile.write(here), here),
            directory=self.directory,
            settings=self.settings,
            phase=self.phase,
        )
        assert environment.path is not None
        self.phase.update(f"resolving {len(self.spec.pip)} requirements of the pip section")
        return pip_section.locked(
            self.spec,
            environment.path,
            platform=platform(),
            directory=self.directory,
            settings=self.settings,
            phase=self.phase,
            as_of=self.wishes.as_of,
        )


def _digest(path: Path) -> str:
    try:
        return sha256(path.read_bytes())
    except OSError:  # told by who needs its content
        return ""


def _lock(text: str, content: CondaLock, *, origin: str = "resolved") -> Lock:
    here = for_this_platform(content)
    return Lock(
        kind="conda",
        text=text,
        python=here.python,
        origin=origin,
        packages=len(here.conda) + len(here.pip),
        pinned=here.pinned,
        as_of=content.as_of,
    )

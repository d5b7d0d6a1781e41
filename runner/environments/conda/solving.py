"""From what a conda file asks for to the packages that meet it, for this platform and for others."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.environments.conda import configuration, shipped
from runner.environments.conda.asking import ask
from runner.environments.conda.channels import channels, public
from runner.environments.conda.configuration import Configuration
from runner.environments.conda.packages import CondaLock, CondaPackage, name_of
from runner.environments.model import Wishes
from runner.environments.python.versions import PythonRequest
from runner.errors import EnvironmentFailed
from runner.files import sha256
from runner.progress import Phase
from runner.project.conda_locks import platform as this_platform
from runner.project.model import CondaEnv
from runner.settings import Settings

# What another machine is taken to bring: not newer than what its users may be expected to have.
_GLIBC, _LINUX, _MACOS = "2.28", "4.18", "13.0"
_VIRTUAL: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "linux": (("__unix", "0", "0"), ("__linux", _LINUX, "0"), ("__glibc", _GLIBC, "0")),
    "osx": (("__unix", "0", "0"), ("__osx", _MACOS, "0")),
    "win": (("__win", "0", "0"),),
}
_ARCHITECTURES = {"64": "x86_64", "32": "x86", "arm64": "arm64"}


def for_this_platform(content: CondaLock) -> CondaLock:
    """What of a lock is for a machine like this one.

    Raises:
        EnvironmentFailed: it is for others only.
    """
    here = this_platform()
    if here not in content.platforms:
        raise EnvironmentFailed(
            f"the lock is for {', '.join(content.platforms) or 'no platform'}, not for {here}",
            hint="lock anew with `runner lock`, or leave the lock aside with --relock",
        )
    return content.only(here)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of the solver.

    Attributes:
        channels: URLs, with the logins of the person.
        specs: packages as conda writes them; a channel in front is a URL without login.
        pip: fingerprint of the pip section; empty where there is none.
        priority: see Configuration.
        as_of: see Wishes.
    """

    channels: tuple[str, ...]
    specs: tuple[str, ...]
    pip: str
    priority: str
    as_of: str | None

    @property
    def public_channels(self) -> tuple[str, ...]:
        """The channels without logins."""
        return tuple(dict.fromkeys(public(channel) for channel in self.channels))

    @property
    def fingerprint(self) -> str:
        """Digest of everything that decides the answer, but for the content of the channels."""
        parts = [self.public_channels, self.specs, self.pip, self.priority, self.as_of]
        return sha256(json.dumps(parts))


def wanted(spec: CondaEnv, *, directory: Path, settings: Settings, wishes: Wishes) -> Wanted:
    """What a project asks for, and the person who runs it.

    Raises:
        EnvironmentFailed: a requirements file of the pip section cannot be read, or a wish cannot be met by conda.
    """
    ours = configuration.read(settings)
    listed = addresses(spec.channels, ours, directory=directory, settings=settings)
    packages = _with_python(spec.packages, wishes.python)
    split = [_in_channel(text, ours, directory=directory, settings=settings) for text in packages]
    named = (channel for channel, _ in split if channel)
    return Wanted(
        channels=tuple(dict.fromkeys((*listed, *named))),
        specs=tuple(f"{public(channel)}::{text}" if channel else text for channel, text in split),
        pip=shipped.asked(spec, directory).fingerprint if spec.pip else "",
        priority=ours.priority,
        as_of=wishes.as_of,
    )


def addresses(
    names: Iterable[str], ours: Configuration, *, directory: Path, settings: Settings
) -> tuple[str, ...]:
    """URLs of channels as a file names them, with logins; those of `defaults` in its place."""
    written = [name.strip() for name in names if name.strip() != "nodefaults"] or list(ours.usual)
    spelt = [place for name in written for place in (ours.defaults if name == "defaults" else (name,))]
    known = channels(spelt, settings.environ)
    return tuple(dict.fromkeys(ours.address(name, directory=directory) for name in known))


def solved(wanted: Wanted, *, platforms: Iterable[str], settings: Settings, phase: Phase) -> CondaLock:
    """Have the packages chosen, for each platform by itself.

    Raises:
        EnvironmentFailed: they contradict each other, or a channel cannot be read.
    """
    asked = tuple(dict.fromkeys(platforms))
    phase.update(f"solving for {len(wanted.specs)} conda package{'' if len(wanted.specs) == 1 else 's'}")
    request = {
        "channels": wanted.public_channels,
        "specs": wanted.specs,
        "platforms": asked,
        "virtual": {name: virtual_packages(name) for name in asked},
        "priority": wanted.priority,
        "as_of": wanted.as_of,
        "cache": str(settings.cache / "conda/repodata"),
    }
    answer = ask("solve", request, settings=settings, phase=phase, channels=wanted.channels)
    return CondaLock(
        conda=tuple(
            CondaPackage(platform=name, **{**values, "depends": tuple(values["depends"])})
            for name, found in answer["packages"].items()
            for values in found
        ),
        channels=wanted.public_channels,
        content=dict.fromkeys(asked, ""),
        solver=answer["solver"],
        as_of=wanted.as_of,
    )


def virtual_packages(name: str) -> list[tuple[str, str, str]] | None:
    """Name, version and build of what a machine of a platform brings; None for this one, which is looked at."""
    if name == this_platform():
        return None
    system, _, machine = name.partition("-")
    architecture = ("__archspec", "1", _ARCHITECTURES.get(machine, machine))
    return [*_VIRTUAL.get(system, ()), architecture]


def _with_python(packages: tuple[str, ...], python: str | None) -> tuple[str, ...]:
    """The packages with another Python than the project's."""
    if python is None:
        return packages
    if "/" in python:
        raise EnvironmentFailed(
            f"{python} cannot be the Python of a conda environment: that is a package of conda's",
            hint="give a version: --python 3.11",
        )
    PythonRequest.parse(python)
    asked = f"python={python}" if re.fullmatch(r"[\d.]+", python) else f"python {python}"
    return (asked, *(text for text in packages if name_of(text) != "python"))


def _in_channel(
    text: str, ours: Configuration, *, directory: Path, settings: Settings
) -> tuple[str | None, str]:
    """The channel in front of a package, as URL, and the package."""
    channel, separator, package = text.rpartition("::")
    if not separator:
        return None, text
    (url, *_) = addresses([channel], ours, directory=directory, settings=settings)
    return url, package

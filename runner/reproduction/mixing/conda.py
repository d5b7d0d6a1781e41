"""conda-lock.yml taken apart: what is for this machine, a name having one package of conda, of pip, or of both."""

from collections.abc import Mapping
from dataclasses import replace

from msgspec import structs

from runner.environments.conda import lockfile
from runner.environments.conda.packages import CondaLock, CondaPackage, PipPackage, name_of
from runner.environments.model import Lock
from runner.project.conda_locks import platform
from runner.reproduction.mixing.parts import Part, Parts


def apart(lock: Lock) -> Parts:
    """The packages of this machine's platform."""
    content = _content(lock)
    packages: list[CondaPackage | PipPackage] = [*content.conda, *content.pip]
    found: dict[str, list[CondaPackage | PipPackage]] = {}
    for package in packages:
        found.setdefault(package.name.lower(), []).append(package)
    return Parts(lock=lock, packages={name: _part(same) for name, same in found.items()})


def together(before: Parts, after: Parts, packages: Mapping[str, Part]) -> Lock:
    """The lock with these packages, for this machine only."""
    base, other = _content(before.lock), _content(after.lock)
    all_ = [package for part in packages.values() for package in part.content]
    content = replace(
        base,
        conda=tuple(package for package in all_ if isinstance(package, CondaPackage)),
        pip=tuple(package for package in all_ if isinstance(package, PipPackage)),
        channels=tuple(dict.fromkeys((*base.channels, *other.channels))),
        as_of=None,
    )
    return structs.replace(
        before.lock,
        text=lockfile.write(content),
        python=content.python,
        packages=len(all_),
        pinned=content.pinned,
    )


def _content(lock: Lock) -> CondaLock:
    read = lockfile.read(lock.text, name="the lock")
    return read.only(platform()) if platform() in read.platforms else read


def _part(packages: list[CondaPackage | PipPackage]) -> Part:
    return Part(
        version=packages[0].version,
        identity=[_identity(package) for package in packages],
        content=packages,
        needs=tuple(need for package in packages for need in _needs(package)),
    )


def _identity(package: CondaPackage | PipPackage) -> object:
    """What is installed: the mirror it comes from aside."""
    if isinstance(package, PipPackage):
        return ("pip", package.version, package.sha256 or package.url)
    return ("conda", package.version, package.file_name, package.subdir, package.sha256 or package.md5)


def _needs(package: CondaPackage | PipPackage) -> list[str]:
    if isinstance(package, PipPackage):
        return [name.lower() for name in package.dependencies]
    return [name_of(text) for text in package.depends]

"""The packages of a lock as files: for each the one that a machine like this takes, fetched, and held against its hash."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from runner.bundles.layout import PACKAGES
from runner.environments import brought
from runner.environments.conda import lockfile, wheels
from runner.environments.conda.packages import PipPackage
from runner.environments.conda.solving import for_this_platform
from runner.environments.model import Lock
from runner.environments.python import pylock
from runner.errors import EnvironmentFailed, RunnerError
from runner.progress import Phase
from runner.settings import Settings
from runner.sources.download import Download
from runner.tracking.artifacts import safe

_MD5 = "md5"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """A file that a lock names. `hash` is "sha256:..." or "md5:..."."""

    url: str
    hash: str

    @property
    def name(self) -> str:
        """Its own name, by which installers know what it is."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """The same on this machine, and its name in the bundle."""

    path: Path
    member: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that was found; `missing` says what was not, one sentence each."""

    files: tuple[FoundFile, ...] = ()
    missing: tuple[str, ...] = ()


def gathered(lock: Lock | None, *, settings: Settings, phase: Phase) -> Found:
    """Fetch every package of the lock."""
    if lock is None:
        return Found(missing=("packages are not packed: the run has no lock",))
    files: list[FoundFile] = []
    missing: list[str] = []
    try:
        for listed in _listed(lock):
            try:
                files.append(_fetched(listed, settings, phase))
            except RunnerError as error:
                missing.append(f"package {listed.name} is not packed: {error}")
    except RunnerError as error:
        missing.append(f"packages are not packed: {error}")
    return Found(files=tuple({file.member: file for file in files}.values()), missing=tuple(missing))


def _listed(lock: Lock) -> Iterator[PackageFile]:
    match lock.kind:
        case "pylock":
            read = pylock.parse(lock.text, name="the lock")
            ranks = wheels.fitting(Path("python" + ".".join(lock.python.split(".")[:2])))
            for package in read.packages:
                yield _file(wheels.chosen(package, ranks, platform=""))
        case "conda":
            content = for_this_platform(lockfile.read(lock.text, name="the lock"))
            for conda in content.conda:
                known = f"sha256:{conda.sha256}" if conda.sha256 else f"{_MD5}:{conda.md5}"
                yield PackageFile(url=conda.url, hash=known)
            yield from map(_file, content.pip)
        case "requirements":
            raise EnvironmentFailed(
                "a lock of requirements names hashes, and not where the files are; pack the environment"
            )
        case _:
            raise EnvironmentFailed("the run was in a container; keep its image in a registry")


def _file(package: PipPackage) -> PackageFile:
    if package.sha256 is None:
        return PackageFile(url=package.url, hash="")
    return PackageFile(url=package.url.partition("#")[0], hash=f"sha256:{package.sha256}")


def _fetched(file: PackageFile, settings: Settings, phase: Phase) -> FoundFile:
    if not file.hash:
        raise EnvironmentFailed(f"it is built from {file.url}, which is no file with a hash")
    path = brought.find(file.hash, settings) or _had(file.url, settings, phase)
    algorithm, _, wanted = file.hash.partition(":")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, algorithm).hexdigest()
    if found != wanted:
        raise EnvironmentFailed(f"{file.url} has the {algorithm} {found}, and the lock says {wanted}")
    return FoundFile(path=path, member=f"{PACKAGES}{wanted}/{safe(file.name)}", hash=file.hash)


def _had(url: str, settings: Settings, phase: Phase) -> Path:
    parts = urlsplit(url)
    if parts.scheme in {"", "file"}:
        path = Path(unquote(parts.path))
        if not path.is_absolute() or not path.is_file():
            raise EnvironmentFailed(f"{url} is no file of this machine")
        return path
    path, _ = Download(url=url, settings=settings, phase=phase, failure=EnvironmentFailed).fetch()
    return path

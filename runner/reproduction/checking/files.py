"""Whether what a lock lists can still be had: from the caches of this machine, else by asking for its address.

Nothing is downloaded. Who does not answer in time is told as such, for that is no proof of anything.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from packaging import tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from runner.containers import images
from runner.containers.engine import connect
from runner.containers.references import Reference
from runner.environments import brought, cache
from runner.environments.conda import lockfile
from runner.environments.conda.solving import for_this_platform
from runner.environments.images.document import Document, Pinned
from runner.environments.model import Lock
from runner.environments.python import pylock, uv
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.reproduction.checking.model import Check, State
from runner.settings import Settings

AT_ONCE = 16
EACH = 5.0  # seconds for one answer
TOGETHER = 15.0  # seconds for all of them
SLICE = 0.5  # seconds of one wait: a signal that arrives just before a wait is handled only after it
NAMED = 5  # packages in a sentence
GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


@dataclass(frozen=True, slots=True)
class File:
    """A package of a lock, by name; one of `places` will do. `kept`: it is in a cache of this machine."""

    name: str
    places: tuple[str, ...]
    kept: bool = False


def packages(lock: Lock, *, settings: Settings, phase: Phase) -> Check:
    """The packages of a lock."""
    listed = list(_files(lock, settings))
    asked = [] if settings.offline else [file for file in listed if not file.kept and file.places]
    phase.update(f"asking for {len(asked)} packages")
    answers = _asked(asked)
    gone = [file.name for file in asked if answers.get(file.name) is False]
    unknown = [file.name for file in asked if answers.get(file.name) is None]
    away = [file.name for file in listed if settings.offline and not file.kept and file.places]
    if gone or away:
        why = "are not to be had any more" if gone else "are not in the cache, and RUNNER_OFFLINE is set"
        return Check(
            what="packages",
            state=State.MISSING,
            said=f"{_named(gone or away)} {why}",
            hint="take a bundle that holds them, or others instead: runner rerun RUN --env latest",
        )
    if unknown:
        said = f"nobody answers for {_named(unknown)}; whether they can be had will be seen"
        return Check(what="packages", state=State.WARNING, said=said)
    if not listed and lock.packages:  # lines with hashes name no addresses
        said = f"whether {lock.packages} can be had from the index that the project names will be seen"
        return Check(what="packages", state=State.WARNING, said=said)
    if not asked:
        return Check(what="packages", said="in the cache of this machine" if listed else "none")
    return Check(
        what="packages", said=f"{len(asked)} of {len(listed)} to be had, the others are in the cache"
    )


def image(lock: Lock, *, settings: Settings, phase: Phase) -> Iterator[Check]:
    """The images of a lock, and what is laid on top of them."""
    document = Document.parse(lock.text)
    pinned = [document.image] if document.image else list(document.build.bases if document.build else ())
    phase.update("asking for the image")
    try:
        with connect(settings.environ) as engine:
            for one in pinned:
                yield _image(engine, one, settings)
    except EnvironmentFailed as error:
        yield Check(what="image", state=State.MISSING, said=str(error), hint=error.hint)


def other_platform(lock: Lock) -> str | None:
    """For which machines a conda lock is, where that is no such one."""
    try:
        for_this_platform(lockfile.read(lock.text, name="the lock"))
    except EnvironmentFailed as error:
        return error.message
    return None


# images ----------------------------------------------------------------------------------------------------------
def _image(engine: Any, pinned: Pinned, settings: Settings) -> Check:
    for name in (pinned.id, pinned.digest):
        if name and images.find(engine, name):
            return Check(what="image", said=f"{pinned.reference}, which the engine has")
    if pinned.digest is None or settings.offline:
        where = "RUNNER_OFFLINE is set" if pinned.digest else "no registry knew it"
        return Check(
            what="image",
            state=State.MISSING,
            said=f"{pinned.reference} ({pinned.id[:19]}) is not on this machine, and {where}",
            hint="bring it from where it was built: docker save, docker load",
        )
    match images.offered(engine, Reference.parse(pinned.digest), environ=settings.environ):
        case True:
            return Check(what="image", said=f"{pinned.digest}, which its registry has")
        case False:
            return Check(
                what="image",
                state=State.MISSING,
                said=f"its registry does not have {pinned.digest} any more",
                hint="bring it from a machine that has it: docker save, docker load",
            )
        case None:
            return Check(
                what="image", state=State.WARNING, said=f"whether a registry has {pinned.digest} will be seen"
            )


# packages --------------------------------------------------------------------------------------------------------
def _files(lock: Lock, settings: Settings) -> Iterator[File]:
    match lock.kind:
        case "pylock":
            yield from _of_pylock(lock, settings)
        case "conda":
            yield from _of_conda(lock, settings)


def _of_pylock(lock: Lock, settings: Settings) -> Iterator[File]:
    fitting, kept = _tags(lock.python), uv_cache(settings)
    for package in pylock.parse(lock.text, name="the lock").packages:
        name, version = str(package["name"]), str(package.get("version", ""))
        entries = list(_installable(package, fitting))
        places = tuple(
            entry["url"] for entry in entries if isinstance(entry.get("url"), str) and "vcs" not in package
        )
        there = any(_is_brought(entry, settings) for entry in entries) or _in_cache(kept, name, version)
        yield File(f"{name} {version}".strip(), places, there)


def _installable(package: Mapping[str, Any], fitting: frozenset[tags.Tag]) -> Iterator[Mapping[str, Any]]:
    """Its files that can be installed here: wheels for this Python and machine, and what is built from source."""
    for wheel in package.get("wheels", ()):
        file = wheel.get("name") or unquote(urlsplit(str(wheel.get("url", ""))).path.rpartition("/")[2])
        try:
            if fitting & parse_wheel_filename(str(file))[3]:
                yield wheel
        except InvalidWheelFilename:
            continue
    for key in ("sdist", "archive"):
        if key in package:
            yield package[key]


def _is_brought(entry: Mapping[str, Any], settings: Settings) -> bool:
    hashes = entry.get("hashes")
    known = hashes.get("sha256") if isinstance(hashes, Mapping) else None
    return brought.find(f"sha256:{known}", settings) is not None


def _tags(python: str) -> frozenset[tags.Tag]:
    numbers = re.match(r"(\d+)\.(\d+)", python)
    if numbers is None:
        return frozenset(tags.sys_tags())
    version = int(numbers[1]), int(numbers[2])
    name = f"cp{version[0]}{version[1]}"
    return frozenset((*tags.cpython_tags(version), *tags.compatible_tags(version, interpreter=name)))


def _of_conda(lock: Lock, settings: Settings) -> Iterator[File]:
    content, kept = (
        for_this_platform(lockfile.read(lock.text, name="the lock")),
        cache.conda_packages(settings),
    )
    for package in content.conda:
        known = f"sha256:{package.sha256}" if package.sha256 else f"md5:{package.md5}"
        there = (
            brought.find(known, settings) is not None
            or (kept / package.file_name).exists()
            or (kept / _stem(package.file_name)).exists()
        )
        yield File(f"{package.name} {package.version}", (package.url,), there)
    for one in content.pip:
        if not one.local and not one.url.startswith("git+"):
            there = _in_cache(uv_cache(settings), one.name, one.version)
            there = there or brought.find(f"sha256:{one.sha256}", settings) is not None
            yield File(f"{one.name} {one.version}", (one.url,), there)


def _stem(name: str) -> str:
    return name.removesuffix(".conda").removesuffix(".tar.bz2")


def uv_cache(settings: Settings) -> Path:
    """Where uv keeps what it has downloaded."""
    environ = uv.environment(settings)
    if "UV_CACHE_DIR" in environ:
        return Path(environ["UV_CACHE_DIR"])
    home = Path(environ.get("HOME") or Path.home())
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "uv"


def _in_cache(kept: Path, name: str, version: str) -> bool:
    """Wheels lie at wheels-v5/pypi/<name>/<version>-<tags>..., those of other indexes one directory deeper."""
    if not version or re.search(r"[*?\[/]", name + version):
        return False
    patterns = (f"wheels-v*/*/{name}/{version}-*", f"wheels-v*/*/*/{name}/{version}-*")
    found = (path for pattern in patterns for path in kept.glob(pattern))
    return any(path.suffix != ".lock" for path in found)  # a lock is left by a download that failed, too


# asking ----------------------------------------------------------------------------------------------------------
def _asked(files: Sequence[File]) -> dict[str, bool | None]:
    """Which can be had, by name; None and nothing at all both mean that nobody knows."""
    pool, answers = ThreadPoolExecutor(max_workers=AT_ONCE), dict[str, bool | None]()
    try:
        waiting: dict[Future[bool | None], str] = {
            pool.submit(_had, file.places): file.name for file in files
        }
        end = time.monotonic() + TOGETHER
        while waiting and time.monotonic() < end:
            done, _ = wait(waiting, timeout=SLICE, return_when=FIRST_COMPLETED)
            answers |= {waiting.pop(future): future.result() for future in done}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return answers


def _had(places: Iterable[str]) -> bool | None:
    """Whether one of the addresses has something; None if somebody did not say."""
    answers = []
    for place in places:
        answer = _there(place)
        if answer:
            return True
        answers.append(answer)
    return None if None in answers or not answers else False


def _there(place: str) -> bool | None:
    parts = urlsplit(place)
    if parts.scheme == "file":
        return os.path.exists(unquote(parts.path))  # noqa: PTH110 - a name with NUL raises nothing
    if parts.scheme not in {"http", "https"}:
        return None
    try:
        with urlopen(Request(place, method="HEAD"), timeout=EACH):  # noqa: S310 - http(s), see above
            return True
    except HTTPError as error:
        error.close()
        return False if error.code in GONE else None
    except (OSError, HTTPException, ValueError):
        return None


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")

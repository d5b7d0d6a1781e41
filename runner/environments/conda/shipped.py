"""Locks that a project ships beside its conda file: whether they are for this machine, and for what the file asks now."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from runner.environments.conda import explicit, lockfile, pixi, untrusted
from runner.environments.conda.channels import public
from runner.environments.conda.packages import CondaLock, PipPackage, name_of
from runner.environments.model import Lock
from runner.environments.python import requirements
from runner.environments.python.requirements import Requirements
from runner.errors import EnvironmentFailed
from runner.files import sha256
from runner.project.conda_locks import platform
from runner.project.model import CondaEnv, PythonEnv

_VIRTUAL = "__"  # in front of what a machine has without being a package
_NAMED = 3
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*(?=\s*(?:[\[=<>!~;@]|$))", re.ASCII)


def own(spec: CondaEnv, directory: Path) -> tuple[str, CondaLock, str] | None:
    """The lock that the project ships, as text of a conda-lock.yml, and its name; None where it ships none.

    Local paths in it count from the project directory.

    Raises:
        EnvironmentFailed: it cannot be read, is for other platforms, or is out of date.
    """
    if spec.lock_file is None:
        return None
    name, here = spec.lock_file, platform()
    text = _text(directory / name, name)
    lock = parse(text, name=name, platform=here)
    _refuse_doubles(lock, name)
    _check(lock, spec, directory=directory, platform=here, name=name)
    return lockfile.write(rebased(lock, before=(directory / name).parent, after=directory)), lock, name


def check(spec: CondaEnv, *, directory: Path, file: Path, platforms: Iterable[str] = ()) -> None:
    """See that a conda-lock.yml of ours is there, has the platforms, and is not older than the conda file.

    Raises:
        EnvironmentFailed: it is not.
    """
    lock = lockfile.read(_text(file, str(file)), name=file.name)
    if not lock.made_here:
        raise EnvironmentFailed(
            f"{file.name} was not made by `runner lock`: whether it is up to date cannot be told",
            hint="make it anew with `runner lock`",
        )
    for one in dict.fromkeys((*(platforms or [platform()]), *lock.platforms)):
        _check(lock, spec, directory=directory, platform=one, name=file.name)


def document(spec: CondaEnv, lock: Lock, *, directory: Path, file: Path) -> str:
    """The content of a conda-lock.yml to be written beside a project; tells later whether it is out of date."""
    content = lockfile.read(lock.text, name="the lock")
    place = file.resolve().parent
    return lockfile.write(
        replace(
            rebased(content, before=directory, after=place),
            content={one: content_hash(spec, directory=directory, platform=one) for one in content.platforms},
            sources=(PurePosixPath(os.path.relpath(directory.resolve() / spec.file, place)).as_posix(),),
            made_here=True,
        )
    )


def parse(text: str, *, name: str, platform: str) -> CondaLock:
    """Read a lock of any kind that there is; `platform` is the one of an explicit list that names none.

    Raises:
        EnvironmentFailed: it is not understood.
    """
    if PurePosixPath(name).name == "pixi.lock":
        return pixi.read(text, name=name)
    if explicit.MARK in text.split():
        return explicit.read(text, name=name, platform=platform)
    return lockfile.read(text, name=name)


def _refuse_doubles(lock: CondaLock, name: str) -> None:
    """Two versions of one package cannot both be installed."""
    listed = Counter((package.name, package.platform) for package in lock.conda)
    listed.update((f"{_normal(package.name)} (pip)", package.platform) for package in lock.pip)
    if doubles := [f"{package} for {platform}" for (package, platform), times in listed.items() if times > 1]:
        raise EnvironmentFailed(
            f"{name} lists {', '.join(doubles[:_NAMED])} more than once",
            hint="restore the file, or make it anew with the tool that made it",
        )


def asked(spec: CondaEnv, directory: Path) -> Requirements:
    """The lines of the pip section, those of files that it names in their place.

    Raises:
        EnvironmentFailed: such a file is missing, or outside the project.
    """
    return requirements.read(PythonEnv(file=spec.file, requirements=spec.pip), directory)


def content_hash(spec: CondaEnv, *, directory: Path, platform: str) -> str:
    """Digest of everything in a conda file that decides what is installed; logins and variables do not."""
    question = {
        "channels": [public(channel) for channel in spec.channels],
        "packages": sorted(public(package) for package in spec.packages),
        "pip": asked(spec, directory).fingerprint if spec.pip else "",
        "platform": platform,
    }
    return sha256(json.dumps(question, sort_keys=True))


def rebased(lock: CondaLock, *, before: Path, after: Path) -> CondaLock:
    """The lock with paths that counted from one directory counting from another."""
    return replace(lock, pip=tuple(_moved(package, before, after) for package in lock.pip))


def _moved(package: PipPackage, before: Path, after: Path) -> PipPackage:
    path, mark, editable = package.url.partition("#")
    if not package.local or path.startswith("/"):
        return package
    moved = PurePosixPath(os.path.relpath(before.resolve() / path, after.resolve())).as_posix()
    return replace(package, url=f"{moved if moved.startswith('..') else f'./{moved}'}{mark}{editable}")


def _text(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(untrusted.LARGEST + 1)
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFailed(
            f"{name} cannot be read: {error}", hint="make it with `runner lock`"
        ) from error


def _check(lock: CondaLock, spec: CondaEnv, *, directory: Path, platform: str, name: str) -> None:
    if platform not in lock.platforms:
        made_for = ", ".join(lock.platforms) or "no platform"
        also = " ".join(f"--platform {one}" for one in (*lock.platforms, platform))
        raise EnvironmentFailed(
            f"{name} is for {made_for}, not for {platform}",
            hint=f"lock for all of them with `runner lock {also}`",
        )
    if lock.made_here and lock.seal != lockfile.seal(lock):
        raise EnvironmentFailed(
            f"{name} has been changed since `runner lock` made it: its packages are not those that were locked",
            hint="restore it, or make it anew with `runner lock`",
        )
    if spec.file == spec.lock_file:
        return
    if lock.made_here:
        if lock.content[platform] != content_hash(spec, directory=directory, platform=platform):
            raise _out_of_date(name, f"{spec.file} has changed since it was made")
    elif missing := _missing(lock.only(platform), spec, directory):
        raise _out_of_date(name, f"{', '.join(missing[:_NAMED])} of {spec.file} is not in it")


def _missing(lock: CondaLock, spec: CondaEnv, directory: Path) -> list[str]:
    """What a lock of another tool lacks; of that all that can be told is which names it has."""
    there = {_normal(package.name) for packages in (lock.conda, lock.pip) for package in packages}
    names = [name_of(package) for package in spec.packages if package != "pip"]
    found = [_REQUIREMENT.match(line) for line in (asked(spec, directory).lines if spec.pip else ())]
    names += [hit[0] for hit in found if hit]
    return [name for name in names if _normal(name) not in there and not name.startswith(_VIRTUAL)]


def _normal(name: str) -> str:
    """A package's name as it is compared: https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return re.sub(r"[-_.]+", "-", name).lower()


def _out_of_date(name: str, why: str) -> EnvironmentFailed:
    return EnvironmentFailed(
        f"{name} is out of date: {why}", hint="lock anew with `runner lock`, or remove the file"
    )

"""A finished environment to one file, for a machine that cannot build it. The format is in packed.py."""

import hashlib
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec

from runner import __version__
from runner.environments import building, cache, resolutions
from runner.environments.buildlog import LOG
from runner.environments.kept import contents
from runner.environments.kept.listing import Entry
from runner.environments.kept.notes import NOTES
from runner.environments.kept.verifying import verify
from runner.environments.model import Lock
from runner.environments.moving import packed, relocating
from runner.environments.moving.marker import Marker
from runner.environments.moving.packed import File, KeptLock, Manifest
from runner.errors import EnvironmentFailed, UsageError
from runner.files import is_special
from runner.progress import Phase
from runner.settings import Settings

_LEVEL = 3  # twice as fast as 6, and 4 % larger
_LEFT_OUT = {cache.MARKER, NOTES, LOG, ".lock"}
_PIECE = 1 << 20
_EVERY = 100  # files between two words to the person


def pack(entry: Entry, lock: Lock | None, file: Path, *, settings: Settings, phase: Phase) -> Manifest:
    """Write an environment to `file`, whole or not at all.

    Args:
        lock: what it was made of; None to look for that among the resolutions in the cache.

    Raises:
        UsageError: `file` is a directory or a device.
        EnvironmentFailed: it was changed in place, it depends on other directories of this machine, or the file cannot
            be written.
    """
    if is_special(file):
        raise UsageError(f"{file} is no regular file", hint="name a new file, or one to replace")
    _refuse_dependent(entry)
    if not verify(entry, settings=settings, phase=phase).sound:
        raise EnvironmentFailed(
            f"environment {entry.key[:12]} is not as it was built",
            hint=f"see `runner env verify {entry.key[:12]}`; with --repair the next run builds it anew",
        )
    links = {path: _target(entry.path, path) for path in contents.files(entry.path) if _is_link(entry, path)}
    try:
        with _aside(file) as stream, ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            files = _files(archive, entry, links.keys(), phase)
            manifest = _manifest(entry, _kept(entry, lock, settings), files, links)
            archive.writestr(packed.MANIFEST, msgspec.json.encode(manifest))
    except OSError as error:
        raise EnvironmentFailed(
            f"{file} cannot be written: {error.strerror or error}",
            hint="name a file on a disk with room for it",
        ) from error
    return manifest


def _refuse_dependent(entry: Entry) -> None:
    if building.address(entry.facts.get("inputs", {})) != entry.key:
        raise EnvironmentFailed(
            f"environment {entry.key[:12]} was built by another version of runner, which keyed environments in another way",
            hint="remove it with `runner env remove`, and export the project: that builds it anew",
        )
    editable = [
        contents.name_of(path) for path in contents.distributions(entry.path) if contents.is_editable(path)
    ]
    local = entry.facts.get("inputs", {}).get("local")
    if editable or local:
        named = ", ".join(editable) or "packages"
        raise EnvironmentFailed(
            f"environment {entry.key[:12]} has {named} from a directory of this machine: it is of no use elsewhere",
            hint="build a wheel of it, or name its Git repository, and depend on that",
        )


def _is_link(entry: Entry, path: str) -> bool:
    return (entry.path / path).is_symlink()


def _target(prefix: Path, path: str) -> str:
    """Where a link leads, from where it lies.

    Raises:
        EnvironmentFailed: out of the environment.
    """
    target = os.readlink(prefix / path)  # noqa: PTH115 - as it is written
    if Path(target).is_relative_to(prefix):
        target = os.path.relpath(target, (prefix / path).parent)
    if Path(target).is_absolute() and packed.leads_inside(path, packed.INTERPRETER):
        return packed.INTERPRETER
    if not packed.leads_inside(path, target):
        raise EnvironmentFailed(
            f"{prefix / path} leads to {target}, out of the environment: it is of no use elsewhere",
            hint="remove the link, or what made it",
        )
    return target


def _files(archive: ZipFile, entry: Entry, links: Collection[str], phase: Phase) -> dict[str, File]:
    paths = sorted({*contents.files(entry.path)} - {*links} - _LEFT_OUT)
    rooms = _rooms(entry.path)
    described = {}
    for number, path in enumerate(paths):
        if number % _EVERY == 0:
            phase.update(f"packing {number} of {len(paths)} files")
        described[path] = _added(archive, entry.path, path, rooms.get(path))
    return described


def _rooms(prefix: Path) -> dict[str, int]:
    """How long a prefix may become in the compiled files of conda packages: as long as the one that it replaced."""
    return {
        item["_path"]: len(item["prefix_placeholder"])
        for _, package in contents.conda_packages(prefix)
        for item in contents.conda_paths(package)
        if item.get("prefix_placeholder")
    }


def _added(archive: ZipFile, prefix: Path, path: str, room: int | None) -> File:
    source = prefix / path
    status = source.stat()
    digest = hashlib.sha256()
    with source.open("rb") as reading, archive.open(f"files/{path}", "w", force_zip64=True) as writing:
        while piece := reading.read(_PIECE):
            digest.update(piece)
            writing.write(piece)
    prefixed = relocating.kind(source, str(prefix))
    return File(
        size=status.st_size,
        sha256=digest.hexdigest(),
        executable=bool(status.st_mode & 0o100),
        prefixed=prefixed,
        room=(room or len(str(prefix))) if prefixed == "binary" else 0,
    )


def _kept(entry: Entry, lock: Lock | None, settings: Settings) -> KeptLock | None:
    answers = resolutions.answers(str(entry.facts.get("lock")), settings)
    found = lock or next(iter(answers.values()), None)
    if found is None or found.digest != entry.facts.get("lock"):
        return None
    return KeptLock(
        kind=found.kind,
        text=found.text,
        python=found.python,
        packages=found.packages,
        pinned=found.pinned,
        as_of=found.as_of,
        notices=list(found.notices),
        questions=sorted(answers),
    )


def _manifest(entry: Entry, lock: KeptLock | None, files: dict[str, File], links: dict[str, str]) -> Manifest:
    marker = _marker(entry)
    return Manifest(
        format=packed.FORMAT,
        runner=__version__,
        schema=cache.SCHEMA,
        key=entry.key,
        kind="conda" if entry.kind == "conda" else "virtualenv",
        python=entry.python,
        platform=str(entry.facts.get("platform")),
        prefix=str(entry.path),
        inputs=marker.inputs,
        marker=marker,
        lock=lock,
        files=files,
        links=links,
    )


def _marker(entry: Entry) -> Marker:
    """What the environment says of itself, as long as another machine would believe it.

    Raises:
        EnvironmentFailed: it would not.
    """
    try:
        return msgspec.convert(dict(entry.facts), Marker)
    except msgspec.ValidationError as error:
        raise EnvironmentFailed(
            f"what environment {entry.key[:12]} says of itself is damaged: {error}",
            hint=f"remove it with `runner env remove {entry.key[:12]}`; the next run builds it anew",
        ) from error


@contextmanager
def _aside(file: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name when it is whole."""
    aside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with aside.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(file)
    except BaseException:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise

"""An exported environment (packed.py) into the cache of this machine: checked, whole, at its own path."""

import hashlib
import json
import os
import shutil
import time
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import msgspec

from runner.environments import building, cache, resolutions
from runner.environments.kept import listing, notes
from runner.environments.kept.listing import Entry
from runner.environments.model import Interpreter
from runner.environments.moving import packed, relocating
from runner.environments.moving.packed import INTERPRETER, Damaged, File, Manifest
from runner.environments.python import interpreters
from runner.errors import EnvironmentFailed, UsageError
from runner.files import is_special, write_atomically
from runner.progress import Phase
from runner.settings import Settings

_PIECE = 1 << 20
_EVERY = 100  # files between two words to the person
_SPARE = 1 << 20  # bytes, for the marker and what grows with a longer path


def unpack(file: Path, *, settings: Settings, phase: Phase) -> tuple[Entry, bool]:
    """Bring an environment into the cache, whole or not at all; and whether it is new there.

    Raises:
        UsageError: there is no such file.
        EnvironmentFailed: it is damaged, for another platform, too large, or its Python is missing here.
    """
    with _opened(file) as archive:
        manifest = _manifest(archive, file.name)
        _refuse_other_platform(manifest, file.name)
        interpreter = _interpreter(manifest, settings, phase)
        prefix = cache.environments(settings) / manifest.key
        new = cache.facts(prefix) is None
        if new:
            _refuse_too_large(manifest, file.name, settings)
            with cache.turn(prefix.with_name(f"{prefix.name}.lock"), settings=settings, phase=phase):
                new = cache.facts(prefix) is None
                if new:
                    _made(archive, manifest, prefix, interpreter, settings=settings, phase=phase)
    if manifest.lock:
        for question in manifest.lock.questions:
            resolutions.bring(question, manifest.lock.lock(), settings)
    return listing.entry(settings, manifest.key), new


def _opened(file: Path) -> ZipFile:
    try:
        if is_special(file):
            raise UsageError(f"{file} is no regular file", hint="name what `runner env export` has written")
        with packed.damages(file.name):
            return ZipFile(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def _manifest(archive: ZipFile, name: str) -> Manifest:
    with packed.damages(name), archive.open(packed.MANIFEST) as stream:
        content = stream.read(packed.LARGEST + 1)
    if len(content) > packed.LARGEST:
        raise Damaged(name, "its description is too long")
    return packed.read(content, name=name)


def _refuse_other_platform(manifest: Manifest, name: str) -> None:
    here = cache.platform_tag()
    if manifest.kind == "conda":
        here = import_module("runner.environments.conda.solving").this_platform()
    if manifest.platform != here:
        raise EnvironmentFailed(
            f"{name} is for {manifest.platform}, and this machine is {here}",
            hint="export the environment on a machine with the same system, processor and C library",
        )


def _interpreter(manifest: Manifest, settings: Settings, phase: Phase) -> Interpreter | None:
    """The Python that the environment links to; None where it brings its own."""
    if INTERPRETER not in manifest.links.values():
        return None
    found = interpreters.find(f"=={manifest.python}", settings=settings, phase=phase)
    wanted = manifest.inputs.get("implementation")
    if found.implementation != wanted:
        raise EnvironmentFailed(
            f"the environment needs {wanted} {manifest.python}, and here is {found.implementation}",
            hint="install that Python on this machine",
        )
    return found


def _refuse_too_large(manifest: Manifest, name: str, settings: Settings) -> None:
    place = next(path for path in (settings.cache, *settings.cache.parents) if path.exists())
    free = shutil.disk_usage(place).free
    if manifest.bytes + _SPARE > free:
        raise EnvironmentFailed(
            f"{name} takes {manifest.bytes:,} bytes, and {free:,} are free in {settings.cache}",
            hint="free space, for example with `runner env gc`, or set RUNNER_CACHE to a directory on another disk",
        )


def _made(
    archive: ZipFile,
    manifest: Manifest,
    prefix: Path,
    interpreter: Interpreter | None,
    *,
    settings: Settings,
    phase: Phase,
) -> None:
    name = Path(str(archive.filename)).name
    with building.all_or_nothing(prefix, settings):
        for number, (path, file) in enumerate(manifest.files.items()):
            if number % _EVERY == 0:
                phase.update(f"unpacking {number} of {len(manifest.files)} files")
            _write(archive, path, file, prefix)
        _link(manifest, prefix, interpreter, name)
        _relocate(manifest, prefix, interpreter)
        notes.note(prefix)
        marker = _marker(manifest, prefix, interpreter)
        write_atomically(prefix / cache.MARKER, json.dumps(marker, indent=1))
        if cache.facts(prefix) is None or prefix not in {item.path for item in listing.entries(settings)}:
            raise Damaged(name, "it has no whole marker, or no Python")


def _write(archive: ZipFile, path: str, file: File, prefix: Path) -> None:
    target, name = prefix / path, Path(str(archive.filename)).name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), file.size
    with packed.damages(name), archive.open(f"files/{path}") as reading, target.open("xb") as writing:
        while left >= 0 and (piece := reading.read(min(_PIECE, left + 1))):
            left -= len(piece)
            digest.update(piece)
            writing.write(piece)
    if left or digest.hexdigest() != file.sha256:
        raise Damaged(name, f"{path} is not what its hash says")
    target.chmod(0o755 if file.executable else 0o644)


def _link(manifest: Manifest, prefix: Path, interpreter: Interpreter | None, name: str) -> None:
    """Make the links, after the files: nothing is written through one."""
    base = interpreter.path if interpreter else Path(INTERPRETER)
    for path, target in manifest.links.items():
        link = prefix / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(base if target == INTERPRETER else target)
    inside, allowed = prefix.resolve(), base.resolve()
    for path in manifest.links:
        # what is true of each link by itself may become untrue by the others
        leads_to = (prefix / path).resolve()
        if leads_to != allowed and not leads_to.is_relative_to(inside):
            raise Damaged(name, f"{path!r} leads out of it")


def _relocate(manifest: Manifest, prefix: Path, interpreter: Interpreter | None) -> None:
    old, new = manifest.prefix, str(prefix)
    changed = {path: file for path, file in manifest.files.items() if file.prefixed and old != new}
    for path, file in changed.items():
        _rewrite(prefix / path, file, old, new)
    relocating.listed_anew(prefix, changed.keys())
    if interpreter:
        _base(prefix / "pyvenv.cfg", interpreter)


def _rewrite(path: Path, file: File, old: str, new: str) -> None:
    content = path.read_bytes()
    if file.prefixed == "text":
        path.write_bytes(relocating.in_text(content, old, new))
        return
    moved = relocating.in_place(content, old, new) if len(os.fsencode(new)) <= file.room else None
    if moved is None:
        raise EnvironmentFailed(
            f"the cache's path is too long: {path.name} is compiled, and has room for {file.room} characters of {new}",
            hint="set RUNNER_CACHE to a directory with a shorter path",
        )
    path.write_bytes(moved)


def _base(path: Path, interpreter: Interpreter) -> None:
    """Write where the environment's Python is into its configuration."""
    here = {
        "home": interpreter.path.parent,
        "base-executable": interpreter.path,
        "executable": interpreter.path,
        "base-prefix": interpreter.path.parent.parent,
        "base-exec-prefix": interpreter.path.parent.parent,
    }
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        name = line.partition("=")[0].strip().lower()
        if name != "command":
            lines.append(f"{name} = {here[name]}" if name in here else line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _marker(manifest: Manifest, prefix: Path, interpreter: Interpreter | None) -> dict[str, Any]:
    facts: dict[str, Any] = _moved(msgspec.to_builtins(manifest.marker), manifest.prefix, str(prefix))
    if interpreter:
        facts["interpreter"] = str(interpreter.path)
    return {**facts, "key": manifest.key, "inputs": manifest.inputs, "imported": int(time.time())}


def _moved(value: Any, old: str, new: str) -> Any:
    match value:
        case str():
            return value.replace(old, new)
        case list() | tuple():
            return [_moved(item, old, new) for item in value]
        case dict():
            return {name: _moved(item, old, new) for name, item in value.items()}
        case _:
            return value

"""The file format of exported environments: what is in one, and what a strange one must not be.

environment.json     what it is: key, inputs, marker, lock; each file with hash and size, and how the prefix stands in it
files/...            the files as they lay in the environment

A zip file. Bytecode is left out, and so is the interpreter of a virtual environment: it belongs to another machine.
"""

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Literal
from zipfile import BadZipFile

import msgspec

from runner.environments import cache
from runner.environments.building import address
from runner.environments.buildlog import LOG
from runner.environments.kept.notes import NOTES
from runner.environments.model import Lock
from runner.environments.moving.marker import Inputs, Marker
from runner.environments.moving.relocating import Kind
from runner.errors import EnvironmentFailed

FORMAT = 1
MANIFEST = "environment.json"
INTERPRETER = ""  # target of a link to the interpreter, which is elsewhere on each machine

LARGEST = 256 << 20  # bytes of environment.json: a million files
KINDS = Literal["virtualenv", "conda"]

_KEY = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class File(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A file. `prefixed` says how the environment's path stands in it, `room` how long a path a compiled one can take."""

    size: int
    sha256: str
    executable: bool = False
    prefixed: Kind | None = None
    room: int = 0


class KeptLock(msgspec.Struct, kw_only=True, frozen=True):
    """The lock that the environment was made of. `questions` are those of resolutions.py to which it is the answer."""

    kind: str
    text: str
    python: str
    packages: int
    pinned: bool
    as_of: str | None
    notices: list[str]
    questions: list[str]

    def lock(self) -> Lock:
        return Lock(
            kind=self.kind,
            text=self.text,
            python=self.python,
            packages=self.packages,
            pinned=self.pinned,
            as_of=self.as_of,
            notices=tuple(self.notices),
        )


class Manifest(msgspec.Struct, kw_only=True, frozen=True):
    """What an exported environment says of itself.

    Attributes:
        schema: of keys and markers; another one makes other keys.
        prefix: where it lay.
        inputs: what decided its key.
        marker: of the environment, see building.py.
        links: path -> target, relative; INTERPRETER for that.
    """

    format: int
    runner: str
    schema: int
    key: str
    kind: KINDS
    python: str
    platform: str
    prefix: str
    inputs: Inputs
    marker: Marker
    lock: KeptLock | None
    files: dict[str, File]
    links: dict[str, str]

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files.values())


class Damaged(EnvironmentFailed):
    """The file is no exported environment, or not as it was written."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"{name} is no exported environment, or damaged: {reason}",
            hint="export it anew, and copy it again",
        )


@contextmanager
def damages(name: str) -> Iterator[None]:
    """Whatever zipfile says of a broken archive, as ours."""
    try:
        yield
    except (BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise Damaged(name, str(error) or type(error).__name__) from error


def read(content: bytes, *, name: str) -> Manifest:
    """The manifest in `content`, checked; nothing of it points out of the environment.

    Raises:
        EnvironmentFailed: it is none, or of another version.
    """
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Damaged(name, str(error)) from error
    if (manifest.format, manifest.schema) != (FORMAT, cache.SCHEMA):
        raise EnvironmentFailed(
            f"{name} was made by runner {manifest.runner}, which keys environments in another way",
            hint="use the same version of runner on both machines",
        )
    for reason in (*_wrong_in_itself(manifest), *_wrong_places(manifest)):
        raise Damaged(name, reason)
    return manifest


def _wrong_in_itself(manifest: Manifest) -> Iterator[str]:
    if not _KEY.fullmatch(manifest.key) or address(manifest.inputs) != manifest.key:
        yield "its key is not that of its inputs"
    if PurePosixPath(manifest.prefix).name != manifest.key:
        yield "it was not in a cache"
    if manifest.lock and manifest.lock.lock().digest != manifest.marker.lock:
        yield "its lock is another one than that of the environment"
    if manifest.lock and not all(map(_KEY.fullmatch, manifest.lock.questions)):
        yield "its lock answers no question"
    marker = manifest.marker
    if (marker.kind, marker.python) != (manifest.kind, manifest.python):
        yield "its marker is that of another environment"
    if manifest.kind == "virtualenv" and not manifest.python:
        yield "it has no Python"
    if (manifest.kind == "conda") != (marker.activation is not None):
        yield "its marker does not say how it is activated"
    for path, file in manifest.files.items():
        if file.size < 0 or not _DIGEST.fullmatch(file.sha256):
            yield f"{path!r} has no size or no hash"


def _wrong_places(manifest: Manifest) -> Iterator[str]:
    paths = {*manifest.files, *manifest.links}
    parents = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    if manifest.files.keys() & manifest.links.keys():
        yield "a file is a link"
    for path in paths:
        if not is_inside(path) or path in parents or path in {cache.MARKER, NOTES, LOG}:
            yield f"{path!r} is no place for a file"
    for path, target in manifest.links.items():
        if not leads_inside(path, target):
            yield f"{path!r} leads out of it"


def is_inside(path: str) -> bool:
    """Whether that is a plain path below the environment."""
    plain = path == os.path.normpath(path) and "\0" not in path
    return plain and path not in {".", ".."} and not path.startswith(("/", "../"))


def leads_inside(path: str, target: str) -> bool:
    """Whether a link stays in the environment, or is one to the interpreter."""
    if target == INTERPRETER:
        return path.startswith("bin/py") and path.count("/") == 1
    place = os.path.normpath(PurePosixPath(path).parent / target)
    return not target.startswith("/") and is_inside(place)

"""A zip file that tells whether one bit of it was altered: written the same way each time, sealed at its end.

The seal stands in the file's comment, its last bytes: the SHA-256 of everything before them. So it covers what no reader of zip
files looks at, too: names, times, and gaps between members.
"""

import hashlib
import os
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from runner.bundles.layout import MANIFEST, SEAL, SEAL_LENGTH, Damaged
from runner.progress import Phase

PIECE = 1 << 20
LEVEL = 3  # twice as fast as 6, and hardly larger
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a bundle; `digest` is "sha256:..."."""

    name: str
    size: int
    digest: str


@dataclass(slots=True)
class Sealed:
    """A bundle that is being written."""

    archive: ZipFile
    phase: Phase
    compression: int = ZIP_DEFLATED
    members: dict[str, Member] = field(default_factory=dict)

    def add(self, name: str, pieces: Iterable[bytes]) -> Member:
        """Write one file."""
        assert name not in self.members, name
        self.phase.update(f"writing {name}")
        digest, size = hashlib.sha256(), 0
        rest = iter(pieces)
        first = next(rest, b"")
        with self.archive.open(self._entry(name, first), "w", force_zip64=True) as writing:
            for piece in chain([first], rest):
                digest.update(piece)
                size += len(piece)
                writing.write(piece)
        self.members[name] = Member(name, size, f"sha256:{digest.hexdigest()}")
        return self.members[name]

    def add_file(self, name: str, path: Path) -> Member:
        """Write a file of this machine, piece by piece."""
        with path.open("rb") as reading:
            return self.add(name, iter(lambda: reading.read(PIECE), b""))

    def add_manifest(self) -> None:
        """List what was written so far; the last member."""
        lines = (
            f"{member.digest.removeprefix('sha256:')}  {name}\n"
            for name, member in sorted(self.members.items())
        )
        self.add(MANIFEST, ["".join(lines).encode()])

    def _entry(self, name: str, first: bytes) -> ZipInfo:
        entry = ZipInfo(name)  # 1980: the time of writing would make each bundle another one
        entry.compress_type = self.compression if _shrinks(first) else ZIP_STORED
        entry.create_system, entry.external_attr = _UNIX, _PLAIN_FILE
        return entry


def _shrinks(first: bytes) -> bool:
    """Whether compressing is worth its time, as far as the beginning tells: models and pictures are packed already."""
    return len(zlib.compress(first, 1)) < len(first) * 0.95


@contextmanager
def sealed(file: Path, phase: Phase, *, compression: int = ZIP_DEFLATED) -> Iterator[Sealed]:
    """Write a bundle to `file` in the block; when it ends well, the seal is put on."""
    with file.open("w+b") as stream:
        with ZipFile(stream, "w", compression, compresslevel=LEVEL) as archive:
            archive.comment = b"sha256:" + b"0" * 64
            yield Sealed(archive, phase, compression)
        length = stream.tell() - SEAL_LENGTH
        seal = digest_of(stream, length, phase.update, "sealing").encode()
        stream.seek(length)
        stream.write(seal)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def aside(file: Path) -> Iterator[Path]:
    """A name beside `file`, which takes its place when the block ends well."""
    place = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        yield place
        place.replace(file)
    except BaseException:
        with suppress(OSError):
            place.unlink(missing_ok=True)
        raise


def check_seal(stream: IO[bytes], name: str, phase: Phase | None = None) -> str:
    """See that no bit was altered; the seal.

    Raises:
        Damaged: one was, or there is no seal.
    """
    length = stream.seek(0, os.SEEK_END) - SEAL_LENGTH
    stream.seek(max(length, 0))
    seal = stream.read()
    if not SEAL.fullmatch(seal):
        raise Damaged(name, "it has no seal at its end")
    if digest_of(stream, length, phase.update if phase else None, "checking").encode() != seal:
        raise Damaged(name, "its bytes are not those that were sealed")
    return seal.decode()


def digest_of(stream: IO[bytes], length: int, tell: Callable[[str], None] | None, verb: str) -> str:
    """SHA-256 of the first `length` bytes, "sha256:..."."""
    stream.seek(0)
    digest, left = hashlib.sha256(), length
    while left > 0 and (piece := stream.read(min(PIECE, left))):
        digest.update(piece)
        left -= len(piece)
        if tell and length > 64 * PIECE:
            tell(f"{verb}, {(length - left) * 100 // length}%")
    return f"sha256:{digest.hexdigest()}"

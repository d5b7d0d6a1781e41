"""The files in a bundle that may come from anybody: looked at before one of them is read, read no further than they say."""

import hashlib
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from runner.bundles.layout import ARTIFACTS, MANIFEST, Damaged
from runner.bundles.sealing import PIECE
from runner.errors import TrackingError
from runner.tracking.artifacts import safe

MOST = 1_000_000  # members
RATIO = 200  # of sizes, from FROM bytes on: small files may shrink a lot
FROM = 256 << 20
LARGEST_DOCUMENT = 256 << 20  # bytes of what is held in memory: run.json, a plan, a lock, the manifest
_ENCRYPTED = 0x1 | 0x40 | 0x2000


class Members:
    """The members of an open zip file, each checked against the manifest as it is read.

    Raises:
        Damaged: they are not what we write, or lead out of where they belong.
    """

    def __init__(self, archive: ZipFile, name: str) -> None:
        self.name = name
        self._archive = archive
        entries = archive.infolist()
        check(entries, name)
        self.entries = {entry.filename: entry for entry in entries}
        if MANIFEST not in self.entries:
            raise Damaged(name, f"it has no {MANIFEST}")
        self.digests = _listed(self._whole(MANIFEST), name)
        if self.digests.keys() != self.entries.keys() - {MANIFEST}:
            differing = sorted(self.digests.keys() ^ (self.entries.keys() - {MANIFEST}))
            raise Damaged(name, f"{MANIFEST} does not list {differing[0]!r}, or lists what is not there")

    def __contains__(self, member: str) -> bool:
        return member in self.digests

    def size(self, member: str) -> int:
        """In bytes, as declared; reading sees that it is true."""
        return self.entries[self._known(member)].file_size

    def below(self, prefix: str) -> list[str]:
        """Members whose names begin so, sorted."""
        return sorted(name for name in self.digests if name.startswith(prefix))

    def read(self, member: str) -> bytes:
        """A member that fits into memory; its digest is that of the manifest.

        Raises:
            Damaged: it is larger than any document of ours, or altered.
        """
        content = self._whole(self._known(member))
        if hashlib.sha256(content).hexdigest() != self.digests[member]:
            raise self._altered(member)
        return content

    def pieces(self, member: str) -> Iterator[bytes]:
        """A member of any size, piece by piece; whoever takes all of them knows that it is as it was written.

        Raises:
            Damaged: it is not.
        """
        digest = hashlib.sha256()
        for piece in self._raw(self._known(member)):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != self.digests[member]:
            raise self._altered(member)

    def lines(self, member: str) -> Iterator[bytes]:
        """The lines of a member of any size, one by one.

        Raises:
            Damaged: it was altered, or a line is longer than any of ours.
        """
        rest = b""
        for piece in self.pieces(member):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > PIECE:
                raise Damaged(self.name, f"{member} has a line of more than {PIECE} bytes")
        if rest:
            raise Damaged(self.name, f"{member} does not end with a line")

    def copy(self, member: str, target: Path) -> Path:
        """Write a member to a file that is not there yet; `target`."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as writing:
            for piece in self.pieces(member):
                writing.write(piece)
        return target

    def altered(self) -> list[str]:
        """All members that are not as they were written."""
        return [member for member in sorted(self.digests) if not self._sound(member)]

    def _sound(self, member: str) -> bool:
        try:
            return sum(map(len, self.pieces(member))) == self.size(member)
        except Damaged:
            return False

    def _known(self, member: str) -> str:
        if member not in self.digests:
            raise Damaged(self.name, f"it has no {member!r}")
        return member

    def _altered(self, member: str) -> Damaged:
        return Damaged(self.name, f"{member} is not what its digest says", members=(member,))

    def _whole(self, member: str) -> bytes:
        if self.entries[member].file_size > LARGEST_DOCUMENT:
            raise Damaged(self.name, f"{member} is too long")
        return b"".join(self._raw(member))

    def _raw(self, member: str) -> Iterator[bytes]:
        left = self.entries[member].file_size
        with self._translated(member), self._archive.open(self.entries[member]) as reading:
            while left >= 0 and (piece := _read(reading, left)):
                left -= len(piece)
                yield piece
        if left:
            raise Damaged(self.name, f"{member} has not the size that it declares", members=(member,))

    @contextmanager
    def _translated(self, member: str) -> Iterator[None]:
        with damages(self.name, member):
            yield


def _read(reading: IO[bytes], left: int) -> bytes:
    return reading.read(min(PIECE, left + 1))


@contextmanager
def damages(name: str, member: str = "") -> Iterator[None]:
    """Whatever zipfile says of a broken archive, as ours."""
    try:
        yield
    except (
        BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        reason = str(error) or type(error).__name__
        raise Damaged(name, reason, members=(member,) if member else ()) from error


def check(entries: Sequence[ZipInfo], name: str) -> None:
    """See that these are members as we write them.

    Raises:
        Damaged: one leads out, is no plain file, is there twice, or they would become larger than any honest files do.
    """
    seen: set[str] = set()
    for entry in entries:
        reason = _wrong(entry)
        # among artifacts names may differ in nothing but case, for so they do where they come from
        same = entry.filename if entry.filename.startswith(ARTIFACTS) else entry.filename.casefold()
        if same in seen:
            reason = "is there twice"
        if reason:
            raise Damaged(name, f"{entry.filename!r} {reason}")
        seen.add(same)
    parents = {
        "/".join(parts[:count])
        for parts in (one.split("/") for one in seen)
        for count in range(1, len(parts))
    }
    for both in seen & parents:
        raise Damaged(name, f"{both!r} is a file and a directory")
    _check_sizes(entries, name)


def _wrong(entry: ZipInfo) -> str | None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.filename != entry.orig_filename or not _is_safe(entry.filename):
        return "is no path in it"
    if kind not in {0, stat.S_IFREG}:
        return "is no plain file"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        return "is packed in a way that we do not write"
    return None


def _is_safe(path: str) -> bool:
    try:
        safe(path)
    except TrackingError:
        return False
    return True


def _check_sizes(entries: Sequence[ZipInfo], name: str) -> None:
    if len(entries) > MOST:
        raise Damaged(name, f"it has more than {MOST} files")
    size, packed = sum(one.file_size for one in entries), sum(one.compress_size for one in entries)
    if size > FROM and size > packed * RATIO:
        raise Damaged(name, f"it would become {size >> 20} MB from {packed >> 20} MB")
    end = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < end:
            raise Damaged(name, f"{entry.filename!r} lies within another file")
        end = entry.header_offset + entry.compress_size


def _listed(manifest: bytes, name: str) -> dict[str, str]:
    digests = {}
    try:
        lines = manifest.decode().split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise Damaged(name, f"{MANIFEST} is no text") from error
    for line in lines:
        digest, _, member = line.partition("  ")
        if len(digest) != 64 or member in digests:  # noqa: PLR2004 - hexadecimal digits of SHA-256
            raise Damaged(name, f"{MANIFEST} has the line {line!r}", members=(MANIFEST,))
        digests[member] = digest
    return digests

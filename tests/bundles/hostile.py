"""Bundles as a stranger might make them: sealed like ours, with something wrong in them."""

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from runner.bundles.layout import MANIFEST, SEAL_LENGTH


def resealed(content: bytes) -> bytes:
    """With the seal that belongs to it."""
    body = content[:-SEAL_LENGTH]
    return body + b"sha256:" + hashlib.sha256(body).hexdigest().encode()


def rewritten(
    source: Path,
    target: Path,
    *,
    changes: Mapping[str, bytes | None] = {},
    more: Sequence[tuple[ZipInfo, bytes]] = (),
    named: Callable[[str], str] = lambda name: name,
) -> Path:
    """The same bundle with other, fewer or more members, a manifest that fits, and a seal that fits."""
    with ZipFile(source) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    members |= {name: content for name, content in changes.items() if content is not None}
    entries = [
        (ZipInfo(named(name)), content)
        for name, content in members.items()
        if name != MANIFEST and changes.get(name, b"") is not None
    ]
    entries += more
    lines = {f"{hashlib.sha256(content).hexdigest()}  {entry.filename}\n" for entry, content in entries}
    entries.append((ZipInfo(MANIFEST), "".join(sorted(lines)).encode()))
    with warnings.catch_warnings(), ZipFile(target, "w", ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for entry, content in entries:
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, content)
        archive.comment = b"sha256:" + b"0" * 64
    target.write_bytes(resealed(target.read_bytes()))
    return target

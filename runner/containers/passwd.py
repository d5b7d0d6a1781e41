"""The user of a container, for images that do not know it: not all programs do without a name."""

import getpass
import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module

from runner.containers.running import Container

LARGEST = 1024 * 1024  # bytes of /etc/passwd
NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


def introduce(container: Container, uid: int, gid: int, *, home: str) -> None:
    """Tell its programs who they are, if the image does not know this user; not all programs do without."""
    api = container.engine.client.api
    errors = import_module("docker.errors")
    with suppress(errors.APIError):  # no such file, or a file system that is only read
        known = _text(api.get_archive(container.id, "/etc/passwd")[0])
        if not any(line.split(":")[2:3] == [str(uid)] for line in known.splitlines()):
            line = f"{_name()}:x:{uid}:{gid}::{home}:/bin/sh\n"
            api.put_archive(container.id, "/etc", _archive("passwd", f"{known.rstrip()}\n{line}".lstrip()))


def _name() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return "user"
    return name if NAME.fullmatch(name) else "user"


def _text(pieces: Iterator[bytes]) -> str:
    """The only file of an archive."""
    data = b""
    for piece in pieces:
        data += piece
        if len(data) > LARGEST:
            return ""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        file = archive.extractfile(archive.getmembers()[0])
        return file.read().decode(errors="replace") if file else ""


def _archive(name: str, text: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(text.encode()), 0o644
        archive.addfile(member, io.BytesIO(text.encode()))
    return data.getvalue()

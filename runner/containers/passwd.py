"""The user of a container, for images that do not know it: not all programs do without a name."""

import getpass
import io
import re
import tarfile
from contextlib import suppress

from runner.containers.running import Container
from runner.containers.wire import Refused, TooLarge

LARGEST = 1024 * 1024  # bytes of an archive of /etc/passwd
NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


def introduce(container: Container, uid: int, gid: int, *, home: str) -> None:
    """Tell its programs who they are, if the image does not know this user; a list that is odd is left as it is."""
    place = "/containers/{}/archive"
    with suppress(Refused, TooLarge):  # no such file, or a file system that is only read
        answer = container.engine.transfer("GET", place, container.id, path="/etc/passwd", most=LARGEST)
        known = _content(answer.body)
        if known is None or any(line.split(b":")[2:3] == [b"%d" % uid] for line in known.splitlines()):
            return
        line = f"{_name()}:x:{uid}:{gid}::{home}:/bin/sh\n".encode()
        content = _archive("passwd", b"%b\n%b" % (known.rstrip(), line))
        container.engine.transfer("PUT", place, container.id, path="/etc", body=content)


def _name() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return "user"
    return name if NAME.fullmatch(name) else "user"


def _content(data: bytes) -> bytes | None:
    """The only file of an archive; None where it is none."""
    with suppress(tarfile.TarError), tarfile.open(fileobj=io.BytesIO(data)) as archive:
        member = archive.next()
        file = archive.extractfile(member) if member is not None and member.isreg() else None
        return file.read() if file else None
    return None


def _archive(name: str, content: bytes) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o644
        archive.addfile(member, io.BytesIO(content))
    return data.getvalue()

"""A user without a name in the image gets one, and a list of users that is odd is left as it is."""

import io
import os
import tarfile
from collections.abc import Callable

import pytest

from runner.containers import passwd
from runner.containers.engine import connect
from runner.containers.running import Container
from tests.services.docker import Daemon

UNREADABLE = b"caf\xe9:x:7:7::/:/bin/sh\n"
LONG = b"".join(b"user%d:x:%d:1::/:/bin/sh\n" % (number, number) for number in range(10_000, 60_000))


def file(content: bytes) -> Callable[[tarfile.TarFile], None]:
    def write(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo("etc/passwd")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))

    return write


def link(archive: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("etc/passwd")
    member.type, member.linkname = tarfile.SYMTYPE, "../usr/lib/passwd"
    archive.addfile(member)


@pytest.mark.parametrize(
    ("write", "after"),
    [
        (file(UNREADABLE), UNREADABLE + b"ada:x:1234:100::/home:/bin/sh\n"),
        (file(b"eve:x:1234:1::/:/bin/sh\n"), b"eve:x:1234:1::/:/bin/sh\n"),
        (file(LONG), LONG),
        (link, None),
    ],
    ids=["unreadable", "known", "long", "link"],
)
def test_a_user_is_added_to_a_list_of_users_and_nothing_else_is_changed(
    engine: Daemon,
    write: Callable[[tarfile.TarFile], None],
    after: bytes | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    made = engine.client.containers.create(engine.image)
    made.put_archive("/", packed(write))

    with connect(os.environ) as found:
        passwd.introduce(Container(found, made.id), 1234, 100, home="/home")

    assert content(b"".join(made.get_archive("/etc/passwd")[0])) == after


def packed(write: Callable[[tarfile.TarFile], None]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        write(archive)
    return stream.getvalue()


def content(data: bytes) -> bytes | None:
    """Of the only member; None where it is no file."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        (member,) = archive.getmembers()
        opened = archive.extractfile(member) if member.isreg() else None
        return opened.read() if opened else None

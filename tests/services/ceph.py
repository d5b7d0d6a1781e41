"""A real S3 of our own: Ceph's gateway over one monitor and one store in a sparse file, on loopback. It is there after some seconds."""

import hashlib
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.services.programs import needed

PATIENCE = 60.0  # seconds in which the gateway has to be there
KEY, SECRET = "runner-tests", "secret-of-the-tests"
CONFIGURATION = """\
[global]
fsid={fsid}
mon host=[v2:127.0.0.1:{monitor}/0]
public addr=127.0.0.1
cluster addr=127.0.0.1
ms bind ipv6=false
keyring={place}/keyring
run dir={place}
admin socket={place}/$name.asok
log file={place}/$name.log
osd pool default size=1
osd pool default min size=1
osd pool default pg num=4
osd pool default pgp num=4
osd crush chooseleaf type=0
mon allow pool size one=true
mon max pg per osd=1000
osd max object name len=256
osd max object namespace len=64
osd objectstore=bluestore
bluestore block size=10737418240
bluestore fsck on mount=false
osd memory target=1000000000
[mon.a]
mon data={place}/mon
[osd.0]
osd data={place}/osd
[client.rgw]
rgw frontends=beast endpoint=127.0.0.1:{gateway} tcp_nodelay=1
rgw dns name=localhost
"""
KEYS = {
    "mon.": ("mon", "allow *"),
    "client.admin": ("mon", "allow *", "osd", "allow *", "mgr", "allow *"),
    "osd.0": ("mon", "allow profile osd", "osd", "allow *"),
    "client.rgw": ("mon", "allow rwx", "osd", "allow rwx"),
}
NUMBERS = count()
NOTHING = hashlib.sha256().hexdigest()


@dataclass(frozen=True)
class ObjectStore:
    """`environ` is what programs need to reach it, as all programs for S3 read it."""

    endpoint: str
    environ: Mapping[str, str]

    def new_bucket(self) -> str:
        """The URI of an empty bucket."""
        name = f"artifacts{next(NUMBERS)}"
        self._bucket(name)
        return f"s3://{name}"

    def wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._bucket("first")
            except (OSError, AssertionError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def _bucket(self, name: str) -> None:
        command = [
            "curl",
            "--fail",
            "--silent",
            "--show-error",
            "--request",
            "PUT",
            "--user",
            f"{KEY}:{SECRET}",
        ]
        signed = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--header", f"x-amz-content-sha256: {NOTHING}"]
        done = subprocess.run(
            [*command, *signed, f"{self.endpoint}/{name}"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Started, and ended with all its data."""
    place = Path(tempfile.mkdtemp(prefix="runner-s3-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        gateway = _free_port()
        text = CONFIGURATION.format(fsid=uuid.uuid4(), monitor=_free_port(), gateway=gateway, place=place)
        (place / "ceph.conf").write_text(text)
        _make_keys(place)
        _start_monitor(stack, place)
        _start_disk(stack, place)
        stack.enter_context(_running(place, "radosgw", "-n", "client.rgw"))
        _done(
            place,
            "radosgw-admin",
            "user",
            "create",
            "--uid=tests",
            "--display-name=tests",
            f"--access-key={KEY}",
            f"--secret-key={SECRET}",
        )
        endpoint = f"http://127.0.0.1:{gateway}"
        variables = {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": "us-east-1",
        }
        store = ObjectStore(endpoint, variables)
        store.wait()
        yield store


def _make_keys(place: Path) -> None:
    for number, (name, permissions) in enumerate(KEYS.items()):
        capabilities = [
            word
            for pair in zip(permissions[::2], permissions[1::2], strict=True)
            for word in ("--cap", *pair)
        ]
        make = ["--create-keyring"] if number == 0 else []
        _program(place, "ceph-authtool", *make, f"{place}/keyring", "--gen-key", "-n", name, *capabilities)


def _start_monitor(stack: ExitStack, place: Path) -> None:
    (place / "mon").mkdir()
    fsid, host = (_setting(place, name) for name in ("fsid", "mon host"))
    _program(place, "monmaptool", "--create", "--fsid", fsid, "--addv", "a", host, f"{place}/monmap")
    _done(
        place, "ceph-mon", "--mkfs", "-i", "a", "--monmap", f"{place}/monmap", "--keyring", f"{place}/keyring"
    )
    stack.enter_context(_running(place, "ceph-mon", "-i", "a"))


def _start_disk(stack: ExitStack, place: Path) -> None:
    (place / "osd").mkdir()
    number = str(uuid.uuid4())
    _done(place, "ceph", "osd", "new", number, "0")
    _done(place, "ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", number)
    stack.enter_context(_running(place, "ceph-osd", "-i", "0"))
    _done(place, "ceph", "osd", "crush", "add", "osd.0", "1.0", "host=h", "root=default")


def _setting(place: Path, name: str) -> str:
    lines = (place / "ceph.conf").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))


def _done(place: Path, program: str, *arguments: str) -> None:
    _program(place, program, "-c", f"{place}/ceph.conf", *arguments)


def _program(place: Path, program: str, *arguments: str) -> None:
    done = subprocess.run(
        [needed(program), *arguments],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, f"{program} {arguments}: {done.stdout}{done.stderr}"


@contextmanager
def _running(place: Path, program: str, *arguments: str) -> Iterator[None]:
    with (place / f"{program}.out").open("ab") as out:
        process = subprocess.Popen(
            [needed(program), "-c", f"{place}/ceph.conf", "-f", *arguments], cwd=place, stdout=out, stderr=out
        )
    try:
        yield
    finally:
        process.kill()  # its data are not needed
        process.wait()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""A container engine of our own: dockerd on a socket in a temporary directory, with a bridge of its own, gone afterwards.

Its image is made of what this machine has: bash, some programs, and the Python that runs the tests.
"""

import fcntl
import io
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import docker
import pytest
from platformdirs import user_cache_path

from tests.services.programs import needed

PATIENCE = 60.0  # seconds in which the daemon has to be there
IMAGE = "tests/python:1"
PROGRAMS = "bash cat chmod cp date dirname env grep head id ln ls mkdir mv pwd rm sed sleep sort stat tail touch tr true uname wc".split()
PLACE = "/usr/local"  # of Python in the image
# Of the standard library, what takes room and no test needs.
LEFT_OUT = ("site-packages", "test", "tests", "idlelib", "ensurepip", "lib2to3", "turtledemo", "__pycache__")
LEFT_OUT_PREFIXES = ("config-", "_tkinter")
_ADD_BRIDGE, _REMOVE_BRIDGE, _SET_ADDRESS, _SET_MASK, _SET_FLAGS = 0x89A0, 0x89A1, 0x8916, 0x891C, 0x8914


@dataclass(frozen=True)
class Daemon:
    """`host` is what DOCKER_HOST takes, `image` the image that is always there, `gateway` this machine on the bridge."""

    host: str
    gateway: str
    log: Path
    client: Any = field(repr=False)
    image: str = IMAGE

    def tiny(self, name: str, content: str = "") -> str:
        """Make an image of one file, in which nothing can run, under this name; gives its id."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            info = tarfile.TarInfo("content")
            info.size = len(content.encode())
            tar.addfile(info, io.BytesIO(content.encode()))
        repository, _, tag = name.rpartition(":")
        self.client.api.import_image_from_data(stream.getvalue(), repository=repository, tag=tag)
        return str(self.client.images.get(name).id)

    def containers(self) -> list[str]:
        """Names of all containers, running or not."""
        return [str(item["Names"][0][1:]) for item in self.client.api.containers(all=True)]

    def clear(self) -> None:
        """Remove all containers, and all images but ours."""
        for name in self.containers():
            with suppress(docker.errors.NotFound):
                self.client.api.remove_container(name, force=True)
        kept = self.client.images.get(IMAGE).id
        # An image goes before those that it was made of, which have no name and go with it.
        while others := [image for image in self.client.images.list() if image.id != kept]:
            for image in others:
                with suppress(docker.errors.APIError):
                    self.client.api.remove_image(image.id, force=True)
        for tag in self.client.images.get(IMAGE).tags:
            if tag != IMAGE:
                self.client.api.remove_image(tag)


@contextmanager
def daemon() -> Iterator[Daemon]:
    """Each process of the tests has its own: it is there in about a second."""
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("only root starts a dockerd")
    dockerd = needed("dockerd")
    number = os.getpid() % 2**14
    gateway = f"10.{192 + number // 256}.{number % 256}.1"
    place = Path(tempfile.mkdtemp(prefix="runner-docker-"))
    try:
        with _bridge(f"rt{number}", gateway) as bridge, _serving(dockerd, place, bridge) as host:
            client = docker.DockerClient(base_url=host)
            try:
                _import(client)
                yield Daemon(host, gateway, place / "log", client)
            finally:
                client.close()
    finally:
        _unmount(place)
        shutil.rmtree(place, ignore_errors=True)


def _unmount(place: Path) -> None:
    """What the daemon has left mounted below its directory: its data, and the network of this machine."""
    words = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    for path in reversed([word[1] for word in words if word[1].startswith(f"{place}/")]):
        subprocess.run(["umount", "--lazy", path], check=False, capture_output=True)


@contextmanager
def _serving(dockerd: str, place: Path, bridge: str) -> Iterator[str]:
    host = f"unix://{place}/docker.sock"
    options = f"--host={host} --data-root={place}/data --exec-root={place}/exec --pidfile={place}/pid --bridge={bridge}"
    # Nothing of this machine is changed: no rules of its firewall, no forwarding.
    options += " --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --userland-proxy=false"
    with (place / "log").open("ab") as log:
        process = subprocess.Popen(
            [dockerd, *options.split()], stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(process, place / "docker.sock", place / "log")
        yield host
    finally:
        _end(process)


def _wait(process: "subprocess.Popen[bytes]", path: Path, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(path))
            return
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text().splitlines()[-20:])
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"dockerd does not start:\n{tail}")
        time.sleep(0.05)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """It ends its containers and its containerd; if not, they are in its session."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
            return


@contextmanager
def _bridge(name: str, address: str) -> Iterator[str]:
    """A network bridge; dockerd makes none but `docker0`, which may be another one's."""
    label = name.encode().ljust(16, b"\0")
    up = 1
    with socket.socket() as control:

        def ask(what: int, rest: bytes) -> None:
            fcntl.ioctl(control, what, label + rest.ljust(24, b"\0"))

        def ipv4(text: str) -> bytes:
            return struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(text))

        with suppress(OSError):  # of an earlier process with our number, which was killed
            fcntl.ioctl(control, _REMOVE_BRIDGE, label)
        fcntl.ioctl(control, _ADD_BRIDGE, label)
        try:
            ask(_SET_ADDRESS, ipv4(address))
            ask(_SET_MASK, ipv4("255.255.255.0"))
            ask(_SET_FLAGS, struct.pack("=H", up))
            yield name
        finally:
            ask(_SET_FLAGS, struct.pack("=H", 0))
            fcntl.ioctl(control, _REMOVE_BRIDGE, label)


def _import(client: Any) -> None:
    environment = f"ENV PATH={PLACE}/bin:/usr/bin:/bin"
    archive = root_file_system()
    client.api.import_image_from_file(
        str(archive), repository="tests/python", tag="1", changes=[environment, 'CMD ["bash"]']
    )


def root_file_system() -> Path:
    """The tarball of the image, made once for each Python."""
    stamp = Path(sys.executable).resolve().stat().st_mtime_ns
    key = sha256(f"2 {sys.version} {sys.base_prefix} {stamp} {PROGRAMS}".encode()).hexdigest()[:16]
    archive = user_cache_path("runner-tests") / f"python-{key}.tar"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.NamedTemporaryFile(dir=archive.parent, delete=False) as file,
            tarfile.open(fileobj=file, mode="w") as tar,
        ):
            _fill(tar)
        Path(file.name).replace(archive)
    return archive


def _fill(tar: tarfile.TarFile) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        (base / "etc").mkdir()
        (base / "etc/passwd").write_text(
            "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/bin/false\n"
        )
        (base / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
        (base / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
        for name in ("root", "usr/bin", "proc", "sys", "dev"):
            (base / name).mkdir(parents=True)
        (base / "tmp").mkdir()
        (base / "tmp").chmod(0o1777)
        (base / "bin").symlink_to("usr/bin")
        (base / "usr/bin/sh").symlink_to("bash")
        for path in sorted(base.iterdir()):
            tar.add(path, path.name, filter=_of_root)
    library = Path(sysconfig.get_path("stdlib"))
    programs = [Path(needed(name)).resolve() for name in PROGRAMS]
    python = Path(sys.executable).resolve()
    extensions = sorted(library.glob("lib-dynload/*.so"))
    for name, program in zip(PROGRAMS, programs, strict=True):
        tar.add(program, f"usr/bin/{name}", filter=_of_root)
    version = f"python3.{sys.version_info.minor}"
    tar.add(python, f"{PLACE[1:]}/bin/{version}", filter=_of_root)
    for name in ("python3", "python"):
        link = tarfile.TarInfo(f"{PLACE[1:]}/bin/{name}")
        link.type, link.linkname = tarfile.SYMTYPE, version
        tar.addfile(link)
    tar.add(library, f"{PLACE[1:]}/lib/{version}", filter=_needed)
    for path in _libraries([*programs, python, *extensions]):
        tar.add(path.resolve(), str(path)[1:], filter=_of_root)


def _libraries(files: Sequence[Path]) -> list[Path]:
    """What the dynamic loader loads for these, itself included; and what compiled wheels expect everywhere."""
    listed = subprocess.run(["ldd", *files], capture_output=True, text=True, check=True).stdout
    words = {word for line in listed.splitlines() for word in line.split() if not line.endswith(":")}
    found = {Path(word) for word in words if word.startswith("/")}
    beside = next(path.parent for path in found if path.name.startswith("libc.so"))
    usual = ("libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "librt.so.1", "libdl.so.2", "libpthread.so.0")
    return sorted(found | {beside / name for name in usual if (beside / name).exists()})


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _needed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = Path(member.name).name
    if name in LEFT_OUT or name.startswith(LEFT_OUT_PREFIXES) or name.endswith((".pyc", ".a")):
        return None
    return _of_root(member)

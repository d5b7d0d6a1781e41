"""A real conda channel of our own: CPython as the one that runs the tests, libraries, tools; served on loopback.

Built once on a machine, and found again by what it is made of.

<cache>/conda-<digest>/conda-forge      the channel          <cache>/conda-<digest>/other     a second one
"""

import base64
import importlib.metadata
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import platformdirs

from runner.files import locked, remove_tree, sha256
from tests.services import packing
from tests.services.measuring import unmeasured
from tests.services.packing import PLACEHOLDER, Member, Package

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHON = f"{MINOR}.{sys.version_info.micro}"
LIBRARY = f"lib/python{MINOR}"
YEAR = {year: 1000 * (year - 1970) * 31_556_952 for year in (2015, 2020, 2025)}  # milliseconds
COMPILED = ("msgspec", "numpy")  # which come with runner and with MLflow
LOGIN = ("me", "secret-of-the-channel")
TOKEN = "tk-secret-of-the-channel"

# rattler may crash at the end of a Python that used it
INDEX = """
import asyncio, os, sys
from pathlib import Path
from rattler.index import index_fs
async def index():
    for channel in sys.argv[1:]:
        await index_fs(Path(channel), write_zst=True, write_shards=True)
asyncio.run(index())
os._exit(0)
"""


@dataclass
class Channel:
    """Where it is, and what was asked of it: `asked` holds paths, `logins` what came as authorization."""

    path: Path
    address: str = ""
    asked: list[str] = field(default_factory=list)
    logins: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"{self.address}/conda-forge"

    @property
    def directory(self) -> Path:
        return self.path / "conda-forge"

    def archive(self, name: str, version: str = "1.0") -> Path:
        (found,) = self.directory.glob(f"*/{name}-{version}-*.conda")
        return found


def built() -> Path:
    """The directory that holds both channels."""
    sources = [Path(__file__), Path(packing.__file__)]
    made_of = [*(path.read_text() for path in sources), sys.version, sys.base_prefix, *_versions()]
    place = platformdirs.user_cache_path("runner-tests") / f"conda-{sha256(chr(0).join(made_of))[:12]}"
    complete = place / "complete"
    with locked(place.with_name(f"{place.name}.lock")):
        if not complete.exists():
            remove_tree(place)
            for package in _packages():
                packing.write(package, place / "conda-forge")
            for package in _others():
                packing.write(package, place / "other")
            published(place / "conda-forge", place / "other")
            complete.touch()
    return place


def published(*channels: Path) -> None:
    """Index channels, each package as if it had come into its channel when it was built."""
    index(*channels)
    for repodata in (path for channel in channels for path in channel.glob("*/repodata.json")):
        content = json.loads(repodata.read_text())
        for record in content["packages.conda"].values():
            record["indexed_timestamp"] = record["timestamp"]
        repodata.write_text(json.dumps(content))
    index(*channels)  # which keeps what it finds there


def index(*channels: Path) -> None:
    """Write what a channel tells of its packages."""
    for channel in channels:
        for subdir in ("linux-64", "noarch"):
            (channel / subdir).mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-c", INDEX, *channels], check=True, timeout=120, env=unmeasured())


@contextmanager
def channel(*, private: bool = False) -> Iterator[Channel]:
    """The channels that all tests share."""
    with serving(built(), private=private) as served:
        yield served


@contextmanager
def serving(path: Path, *, private: bool = False) -> Iterator[Channel]:
    """The channels over HTTP; a private one asks for LOGIN, or for TOKEN in the path."""
    channel = Channel(path)
    handler = partial(_Handler, channel, private=private)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        channel.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield channel
        server.shutdown()
        thread.join()


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, channel: Channel, *arguments: object, private: bool) -> None:
        self.channel = channel
        self.private = private
        super().__init__(*arguments, directory=str(channel.path))  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        self.channel.asked.append(self.path)
        self.channel.logins.add(self.headers.get("Authorization", ""))
        path, allowed = self._allowed()
        file = self.channel.path / unquote(path).lstrip("/")
        if not allowed:
            self._send(HTTPStatus.UNAUTHORIZED, b"", body=body)
        elif not file.is_file():
            self._send(HTTPStatus.NOT_FOUND, b"", body=body)
        else:
            self._part(file.read_bytes(), body=body)

    def _allowed(self) -> tuple[str, bool]:
        """The path without a token, and whether the caller may have what is there."""
        token = re.match(r"/t/([^/]+)(/.*)", self.path)
        path = token[2] if token else self.path
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        login = base64.b64encode(":".join(LOGIN).encode()).decode()
        return path, not self.private or given == login or (token is not None and token[1] == TOKEN)

    def _part(self, content: bytes, *, body: bool) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted:
            self._send(HTTPStatus.OK, content, body=body)
            return
        first, last = int(wanted[1]), int(wanted[2] or len(content) - 1)
        place = f"bytes {first}-{last}/{len(content)}"
        self._send(HTTPStatus.PARTIAL_CONTENT, content[first : last + 1], body=body, place=place)

    def _send(self, status: HTTPStatus, content: bytes, *, body: bool, place: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Accept-Ranges", "bytes")
        if place:
            self.send_header("Content-Range", place)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="tests"')
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _packages() -> Iterator[Package]:
    yield _python()
    yield _pip()
    yield from map(_compiled, COMPILED)
    yield library("greet", code="def main(): print('greetings')\n", entry_points=["greet = greet:main"])
    yield library("polite", depends=["python", "greet >=1.0"])
    yield library("clock", "1.0", timestamp=YEAR[2015])
    yield library("clock", "2.0", timestamp=YEAR[2020])
    yield library("clock", "3.0", timestamp=YEAR[2025])
    yield library("antique", depends=["python", "clock <2"])
    yield _placed()
    yield _tuned()


def _others() -> Iterator[Package]:
    yield library("clock", "9.0", timestamp=YEAR[2020])
    yield library("elsewhere", depends=["python", "clock >=9"])


def library(
    name: str,
    version: str = "1.0",
    *,
    depends: tuple[str, ...] | list[str] = ("python",),
    timestamp: int = YEAR[2020],
    code: str = "",
    entry_points: tuple[str, ...] | list[str] = (),
) -> Package:
    """A module of the same name, which knows its version."""
    facts = f"site-packages/{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return Package(
        name=name,
        version=version,
        build="pyh0_0",
        depends=depends,
        python=True,
        timestamp=timestamp,
        entry_points=entry_points,
        members={
            f"site-packages/{name}/__init__.py": Member(f"version = {version!r}\n{code}".encode()),
            f"{facts}/METADATA": Member(metadata.encode()),
            f"{facts}/INSTALLER": Member(b"conda"),
            f"{facts}/RECORD": Member(f"{name}/__init__.py,,\n".encode()),
        },
    )


def _python() -> Package:
    """The interpreter that runs the tests, made to run anywhere."""
    base = Path(sys.base_prefix)
    heavy = ("test", "tests", "site-packages", "idlelib", "turtledemo", "lib2to3", "ensurepip")
    members = packing.directory(base / LIBRARY, below=LIBRARY, skip=heavy)
    members = {name: item for name, item in members.items() if not name.endswith((".a", ".o"))}
    members |= {f"lib/{path.name}": packing.file(path) for path in (base / "lib").glob("libpython*.so*")}
    members[f"bin/python{MINOR}"] = packing.file((base / f"bin/python{MINOR}").resolve())
    members |= {f"bin/{name}": Member(target=f"python{MINOR}") for name in ("python", "python3")}
    members[f"{LIBRARY}/site-packages/README.txt"] = Member(b"Packages are installed here.\n")
    return Package(
        name="python",
        version=PYTHON,
        build="h0_0_cpython",
        subdir="linux-64",
        timestamp=YEAR[2015],
        members={name: _movable(item, str(base)) for name, item in members.items()},
        extra={"python_site_packages_path": f"{LIBRARY}/site-packages"},
    )


def _movable(member: Member, base: str) -> Member:
    """Text files get the prefix when installed. Programs find their library beside them: a prefix cannot be put into
    them, for the linker has merged its end with other texts."""
    if member.target is not None or base.encode() not in member.content:
        return member
    if b"\0" not in member.content:
        return Member(member.content, member.executable, placeholder=base)
    old, new = f"{base}/lib".encode(), b"$ORIGIN/../lib"
    content = member.content
    if len(new) <= len(old):
        content = content.replace(old + b"\0", new.ljust(len(old), b"\0") + b"\0")
    return Member(content, member.executable)


def _pip() -> Package:
    """pip, from the wheel that comes with virtualenv."""
    place = Path(
        str(importlib.metadata.distribution("virtualenv").locate_file("virtualenv/seed/wheels/embed"))
    )
    wheel = max(place.glob("pip-*.whl"))
    return Package(
        name="pip",
        version=wheel.name.split("-")[1],
        build="pyh0_0",
        depends=["python"],
        python=True,
        timestamp=YEAR[2015],
        entry_points=["pip = pip._internal.cli.main:main"],
        members=packing.wheel(wheel),
    )


def _compiled(name: str) -> Package:
    """A library in C, as the tests have it installed."""
    found = importlib.metadata.distribution(name)
    root = Path(str(found.locate_file("")))
    listed = [path for path in found.files or () if path.suffix != ".pyc" and ".." not in path.parts]
    return Package(
        name=name,
        version=found.version,
        build=f"py{MINOR.replace('.', '')}_0",
        subdir="linux-64",
        depends=[f"python {MINOR}.*"],
        timestamp=YEAR[2020],
        members={f"{LIBRARY}/site-packages/{path}": packing.file(root / path) for path in listed},
    )


def _versions() -> list[str]:
    return [importlib.metadata.version(name) for name in (*COMPILED, "virtualenv")]


def _placed() -> Package:
    """A binary file and a script that know the prefix."""
    binary = b"\x7fdata\0" + PLACEHOLDER.encode() + b"/share/placed.txt\0end"
    script = f"#!{PLACEHOLDER}/bin/python\nprint(open('{PLACEHOLDER}/share/placed.txt').read())\n".encode()
    return Package(
        name="placed",
        subdir="linux-64",
        depends=["python"],
        members={
            "share/placed.bin": Member(binary, placeholder=PLACEHOLDER, binary=True),
            "share/placed.txt": Member(b"found"),
            "bin/placed": Member(script, executable=True, placeholder=PLACEHOLDER),
        },
    )


def _tuned() -> Package:
    """A package which wants to be activated, and has no need of Python."""
    script = """\
echo "welcome to tuned"
export TUNED_HOME="$CONDA_PREFIX/share/tuned"
export TUNED_LEVEL="${MY_LEVEL:-none}"
export PATH="$TUNED_HOME/bin:$PATH"
unset TUNED_OLD
"""
    return Package(
        name="tuned",
        members={
            "etc/conda/activate.d/tuned.sh": Member(script.encode()),
            "etc/conda/env_vars.d/tuned.json": Member(json.dumps({"TUNED_STATE": "on"}).encode()),
            "share/tuned/bin/tune": Member(b"#!/bin/sh\necho in tune\n", executable=True),
        },
    )

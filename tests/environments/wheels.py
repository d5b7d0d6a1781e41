"""A package index of our own: tiny wheels in a directory, which uv and pip look into and nowhere else."""

import base64
import hashlib
import io
import json
import os
import random
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from runner.environments import Environment, Lock, Wishes, prepare, resolve
from runner.progress import Phase, Progress
from runner.project.model import EnvironmentSpec, PythonEnv
from runner.settings import Settings
from tests.environments.hearing import into

SLOW_BACKEND = """
import glob, shutil, time
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    open({mark!r}, "w").close()
    time.sleep({seconds})
    name = glob.glob("*.whl")[0]
    shutil.copy(name, wheel_directory)
    return name
"""


@dataclass(frozen=True)
class Index:
    """A directory of wheels."""

    path: Path

    @property
    def building(self) -> Path:
        """Is there as soon as a slow source is being built."""
        return self.path.with_name("building")

    def add(
        self,
        name: str,
        version: str = "1.0",
        *,
        requires: Sequence[str] = (),
        files: Mapping[str, bytes] | None = None,
        scripts: Mapping[str, str] | None = None,
    ) -> Path:
        """A wheel with a module of the same name, which knows its version; `scripts` are commands: name -> module:function."""
        wheel = self.path / f"{name}-{version}-py3-none-any.whl"
        wheel.write_bytes(wheel_bytes(name, version, requires, files or {}, scripts))
        return wheel

    def publish(self, name: str, version: str, day: str) -> None:
        """Let an index that tells times (`dated`) say that this was published on that day."""
        seconds = datetime.fromisoformat(f"{day}T12:00:00Z").timestamp()
        wheel = self.path / f"{name}-{version}-py3-none-any.whl"
        if not wheel.exists():
            self.add(name, version)
        os.utime(wheel, (seconds, seconds))

    def add_slow_source(self, name: str, *, seconds: float) -> None:
        """A source distribution which takes its time to build."""
        top = f"{name}-1.0"
        members = {
            "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n".encode(),
            "pyproject.toml": f'[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n[project]\nname = "{name}"\nversion = "1.0"\n'.encode(),
            "slow.py": SLOW_BACKEND.format(seconds=seconds, mark=str(self.building)).encode(),
            f"{name}-1.0-py3-none-any.whl": wheel_bytes(name, "1.0", (), {}),
        }
        with tarfile.open(self.path / f"{top}.tar.gz", "w:gz") as archive:
            for member, content in members.items():
                info = tarfile.TarInfo(f"{top}/{member}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))


def record_hash(content: bytes) -> str:
    """As RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def wheel_bytes(
    name: str,
    version: str,
    requires: Sequence[str],
    files: Mapping[str, bytes],
    scripts: Mapping[str, str] | None = None,
) -> bytes:
    facts = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(
        f"Requires-Dist: {line}\n" for line in requires
    )
    members = {
        f"{name}/__init__.py": f"version = {version!r}\n".encode(),
        **{f"{name}/{file}": content for file, content in files.items()},
        f"{facts}/METADATA": metadata.encode(),
        f"{facts}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if scripts:
        lines = "".join(f"{script} = {target}\n" for script, target in scripts.items())
        members[f"{facts}/entry_points.txt"] = f"[console_scripts]\n{lines}".encode()
    record = "".join(
        f"{member},{record_hash(content)},{len(content)}\n" for member, content in members.items()
    )
    record += f"{facts}/RECORD,,\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for member, content in {**members, f"{facts}/RECORD": record.encode()}.items():
            archive.writestr(zipfile.ZipInfo(member), content)  # of 1980: equal content, equal hash
    return stream.getvalue()


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uv-cache")


@pytest.fixture
def index(tmp_path: Path, uv_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """An index with alpha (which needs beta), beta 1.0 and 2.0, gamma (which needs beta below 2)."""
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_", "CONDA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    directory = tmp_path / "wheels"
    directory.mkdir()
    directory.with_name("nothing").mkdir()
    for name, value in {
        "UV_CACHE_DIR": str(uv_cache),
        "UV_INDEX_URL": directory.with_name("nothing").as_uri(),
        "UV_FIND_LINKS": str(directory),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(directory),
        "PIP_CONFIG_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    index = Index(directory)
    index.add("alpha", requires=["beta"])
    index.add("beta")
    index.add("beta", "2.0")
    index.add("gamma", requires=["beta<2"])
    return index


class Dated(SimpleHTTPRequestHandler):
    """Serves wheels with hashes and times (PEP 691, PEP 700); below /bare/ the same without the times."""

    def do_GET(self) -> None:
        match self.path.strip("/").split("/"):
            case ["simple" | "bare" as kind, name]:
                self._tell(
                    {
                        "meta": {"api-version": "1.1"},
                        "name": name,
                        "versions": [],
                        "files": self._files(name, kind),
                    }
                )
            case _:
                super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")  # as some proxies of indexes say of everything
        super().end_headers()

    def _files(self, name: str, kind: str) -> list[dict[str, object]]:
        wheels = sorted(Path(self.directory).glob(f"{name}-*.whl"))
        return [
            {
                "filename": wheel.name,
                "url": f"/{wheel.name}",
                "hashes": {"sha256": sha256_of(wheel)},
                **(
                    {
                        "upload-time": f"{datetime.fromtimestamp(wheel.stat().st_mtime, UTC):%Y-%m-%dT%H:%M:%SZ}"
                    }
                    if kind == "simple"
                    else {}
                ),
            }
            for wheel in wheels
        ]

    def _tell(self, answer: Mapping[str, object]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def dated(index: Index, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """The same wheels on an index that tells when each was published: in 2020, but beta 2.0 in 2022."""
    for wheel in index.path.glob("*.whl"):
        name, version, _ = wheel.name.split("-", 2)
        index.publish(name, version, "2020-01-01")
    index.publish("beta", "2.0", "2022-01-01")
    for name in ("UV_FIND_LINKS", "UV_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Dated, directory=str(index.path))) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/simple"
        monkeypatch.setenv("UV_INDEX_URL", url)
        monkeypatch.setenv("PIP_INDEX_URL", url)
        yield index
        server.shutdown()


@dataclass
class Workshop:
    """Resolves and builds in one directory, and remembers what was said meanwhile."""

    directory: Path

    def __post_init__(self) -> None:
        self.said: list[str] = []
        self.phase = Phase("environment")

    @property
    def settings(self) -> Settings:
        return Settings.from_environ(os.environ)

    def resolve(
        self, *requirements: str, spec: EnvironmentSpec | None = None, python: str | None = None
    ) -> Lock:
        with Progress(into(self.said)).phase("environment") as self.phase:
            wanted = spec or PythonEnv(requirements=requirements)
            lock = resolve(
                wanted,
                directory=self.directory,
                settings=self.settings,
                phase=self.phase,
                wishes=Wishes(python=python),
            )
        assert lock is not None
        return lock

    def prepare(self, lock: Lock, spec: EnvironmentSpec | None = None) -> Environment:
        with Progress(into(self.said)).phase("environment") as self.phase:
            return prepare(
                spec or PythonEnv(), lock, directory=self.directory, settings=self.settings, phase=self.phase
            )

    def build(
        self, *requirements: str, spec: EnvironmentSpec | None = None, python: str | None = None
    ) -> Environment:
        wanted = spec or PythonEnv(requirements=requirements)
        return self.prepare(self.resolve(spec=wanted, python=python), wanted)


@pytest.fixture
def workshop(tmp_path: Path, index: Index) -> Workshop:  # the index first
    directory = tmp_path / "project"
    directory.mkdir()
    return Workshop(directory)

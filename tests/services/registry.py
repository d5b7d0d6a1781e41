"""Registries of container images of our own, on loopback: one for everybody, and one that wants a login."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services.databases import _free_port
from tests.services.programs import needed

PATIENCE = 30.0
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
USER, PASSWORD = "tester", "open sesame"
HASHED = "$2b$04$zZr8C1psVqNvVDSgP.jjAugcaZ12HQ2hyhbGgrT9DO4u9QTZAvJdC"  # of PASSWORD, by bcrypt


@dataclass(frozen=True)
class Registry:
    """`address` is what the names of its images begin with; user and password are empty where everybody may pull."""

    address: str
    process: "subprocess.Popen[bytes]"
    user: str = ""
    password: str = ""

    def name(self, repository: str, tag: str = "1") -> str:
        return f"{self.address}/{repository}:{tag}"

    def push(self, client: Any, image: str, repository: str, tag: str = "1") -> str:
        """Push an image of an engine; gives its digest. The engine keeps no trace of it."""
        name = self.name(repository, tag)
        client.images.get(image).tag(name)
        login = {"username": self.user, "password": self.password} if self.user else None
        digest = ""
        for said in client.api.push(name, auth_config=login, stream=True, decode=True):
            assert "error" not in said, said
            digest = said.get("aux", {}).get("Digest", digest)
        client.api.remove_image(name)
        return digest

    def move(self, repository: str, tag: str, *, to: str) -> None:
        """Let a tag name what another one does."""
        place = f"http://{self.address}/v2/{repository}/manifests"
        kind = {"Accept": MANIFEST}
        with urllib.request.urlopen(urllib.request.Request(f"{place}/{to}", headers=kind)) as answer:
            manifest = answer.read()
        changed = urllib.request.Request(
            f"{place}/{tag}", data=manifest, method="PUT", headers={"Content-Type": MANIFEST}
        )
        urllib.request.urlopen(changed).close()

    def login(self, directory: Path) -> None:
        """Write what `docker login` writes."""
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        directory.mkdir(exist_ok=True)
        (directory / "config.json").write_text(json.dumps({"auths": {self.address: {"auth": token}}}))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


@contextmanager
def registry(*, private: bool = False) -> Iterator[Registry]:
    """A registry in a temporary directory; loopback needs no TLS."""
    program = needed("docker-registry")
    place = Path(tempfile.mkdtemp(prefix="runner-registry-"))
    address = f"127.0.0.1:{_free_port()}"
    (place / "users").write_text(f"{USER}:{HASHED}\n")
    auth = {"auth": {"htpasswd": {"realm": "tests", "path": f"{place}/users"}}} if private else {}
    (place / "config.yml").write_text(
        json.dumps(  # which is YAML, too
            {
                "version": 0.1,
                "log": {"level": "warn", "accesslog": {"disabled": True}},
                "storage": {"filesystem": {"rootdirectory": f"{place}/data"}, "delete": {"enabled": True}},
                "http": {"addr": address},
                **auth,
            }
        )
    )
    environ = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    with (place / "log").open("ab") as log:
        process = subprocess.Popen(
            [program, "serve", f"{place}/config.yml"], stdout=log, stderr=log, env=environ
        )
    try:
        _wait(address, process, place / "log")
        yield Registry(address, process, *((USER, PASSWORD) if private else ()))
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(place, ignore_errors=True)


def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(urllib.error.URLError, ConnectionError):
            try:
                urllib.request.urlopen(f"http://{address}/v2/", timeout=5).close()
            except urllib.error.HTTPError as refused:  # it wants a login
                refused.close()
            return
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()  # noqa: PT018
        time.sleep(0.05)

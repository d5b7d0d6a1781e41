"""Servers as fixtures, each started when the first test asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import ceph, channel, databases, docker, registry
from tests.services.ceph import ObjectStore
from tests.services.channel import Channel
from tests.services.databases import DatabaseServer
from tests.services.docker import Daemon
from tests.services.registry import Registry


@pytest.fixture(scope="session")
def postgresql() -> Iterator[DatabaseServer]:
    with databases.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[DatabaseServer]:
    with databases.mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    with ceph.object_store() as store:
        yield store


@pytest.fixture(params=["postgresql", "mariadb"])
def database_server(request: pytest.FixtureRequest) -> DatabaseServer:
    """Each kind of server in turn."""
    server: DatabaseServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture(scope="session")
def docker_daemon() -> Iterator[Daemon]:
    with docker.daemon() as running:
        yield running


@pytest.fixture
def engine(docker_daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """The engine that every command of the test uses: one image, no container, no login."""
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", docker_daemon.host)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    yield docker_daemon
    docker_daemon.clear()


@pytest.fixture(scope="session")
def image_registry() -> Iterator[Registry]:
    with registry.registry() as running:
        yield running


@pytest.fixture(scope="session")
def private_registry() -> Iterator[Registry]:
    with registry.registry(private=True) as running:
        yield running


@pytest.fixture(scope="session")
def conda_channel() -> Iterator[Channel]:
    """A conda channel, and another one beside it, for everybody."""
    with channel.channel() as serving:
        yield serving


@pytest.fixture(scope="session")
def private_conda_channel() -> Iterator[Channel]:
    """The same for who knows the password, or the token."""
    with channel.channel(private=True) as serving:
        yield serving

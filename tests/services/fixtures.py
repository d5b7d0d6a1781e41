"""Servers as fixtures, each started when the first test asks for it."""

from collections.abc import Iterator

import pytest

from tests.services import ceph, databases
from tests.services.ceph import ObjectStore
from tests.services.databases import DatabaseServer


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

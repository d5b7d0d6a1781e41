"""Servers as fixtures, each started when the first test asks for it."""

from collections.abc import Iterator

import pytest

from tests.services import databases
from tests.services.databases import DatabaseServer


@pytest.fixture(scope="session")
def postgresql() -> Iterator[DatabaseServer]:
    with databases.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[DatabaseServer]:
    with databases.mariadb() as server:
        yield server


@pytest.fixture(params=["postgresql", "mariadb"])
def database_server(request: pytest.FixtureRequest) -> DatabaseServer:
    """Each kind of server in turn."""
    server: DatabaseServer = request.getfixturevalue(request.param)
    return server

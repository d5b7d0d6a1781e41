"""The database servers that we know: how SQLAlchemy reaches them, and what each is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.errors import TrackingError

LOCK_WAIT = 10  # seconds that a statement waits for another writer's
STATEMENT = 60  # seconds that it may take
CONNECT = 10  # seconds to reach the server


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A kind of server. `drivers` are names that people have in their URLs: all of them mean our own driver."""

    name: str
    extra: str  # of our package: what installs the driver
    driver: str
    drivers: frozenset[str]
    connect: Mapping[str, Any]
    query: Mapping[str, str]
    session: tuple[str, ...]  # said first on every connection
    patient: tuple[str, ...]  # said before what may take long
    lock: str  # waits until no other process migrates; held until the connection closes, or its transaction ends
    contended: frozenset[str]  # codes of errors after which the transaction is to be done again:
    # dead-locks, and keys that others have just made or deleted


POSTGRESQL = Server(
    name="PostgreSQL",
    extra="postgresql",
    driver="postgresql+psycopg",
    drivers=frozenset({"", "psycopg", "psycopg2", "psycopg2cffi", "pg8000", "asyncpg"}),
    connect={"connect_timeout": CONNECT},
    query={},
    session=(
        f"SET lock_timeout = '{LOCK_WAIT}s'",
        f"SET statement_timeout = '{STATEMENT}s'",
        "SET idle_in_transaction_session_timeout = '10min'",
        # Pages are read from memory or from an SSD: else a page of the best runs is joined by reading all runs.
        "SET random_page_cost = 1.1",
        "SET jit = off",  # it takes longer than our statements
    ),
    patient=("SET LOCAL lock_timeout = 0", "SET LOCAL statement_timeout = 0"),
    lock="SELECT pg_advisory_xact_lock(7310579611)",  # any number, the same in every version
    contended=frozenset({"40001", "40P01", "23505", "23503"}),
)
MYSQL = Server(
    name="MariaDB or MySQL",
    extra="mysql",
    driver="mysql+pymysql",
    drivers=frozenset({"", "pymysql", "mysqldb", "mysqlconnector", "mariadbconnector"}),
    connect={"connect_timeout": CONNECT},
    query={"charset": "utf8mb4"},
    session=(
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION'",
        f"SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT} /*M! , max_statement_time = {STATEMENT} */",
    ),
    patient=("SET SESSION lock_wait_timeout = 3600 /*M! , max_statement_time = 0 */",),
    lock="SELECT GET_LOCK(CONCAT('runner.', MD5(DATABASE())), 3600)",
    contended=frozenset({"1213", "1020", "1062", "1451", "1452"}),
)
SERVERS: Mapping[str, Server] = {
    "postgresql": POSTGRESQL,
    "postgres": POSTGRESQL,
    "mysql": MYSQL,
    "mariadb": MYSQL,
}


def server_of(scheme: str) -> Server:
    """The server that the scheme of a URL means, its driver included.

    Raises:
        TrackingError: there is none.
    """
    kind, _, driver = scheme.partition("+")
    server = SERVERS.get(kind)
    if server is None or driver not in server.drivers:
        raise TrackingError(
            f"there is no driver for {scheme}:// tracking stores",
            hint=f"write {kind}://user@host/database, or for a file sqlite:///runs.db"
            if server
            else "for a file write sqlite:///runs.db",
        )
    return server

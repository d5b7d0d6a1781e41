"""Statements to a database: plain SQL with `:name` parameters, in transactions that are whole or not at all.

    sqlite:///...      the standard library's sqlite3
    anything else      SQLAlchemy's engine (engine.py), imported only then

Importing SQLAlchemy takes 190 ms of CPU and Alembic another 120, more than everything else that `runner run` does. So the
statements are text which both take as it is; SQLAlchemy describes the tables (schema.py), migrates them through Alembic
(migrating.py, imported only when a database is not up to date), and serves the databases that need drivers and pools.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from runner.errors import TrackingError

Values: TypeAlias = Mapping[str, Any]
Row: TypeAlias = Sequence[Any]

BUSY = 60.0  # seconds to wait for another writer


class Connection(Protocol):
    """Inside a transaction."""

    def execute(self, statement: str, values: Values = {}) -> Sequence[Row]:
        """Run a statement; its rows, if it has any."""
        ...

    def execute_many(self, statement: str, values: Sequence[Values]) -> None:
        """Run a statement once for each set of values."""
        ...


class Database(Protocol):
    """Opens transactions."""

    def transaction(self) -> Any:
        """Context manager with a Connection: committed and durable at the end, rolled back on an error."""
        ...

    def reading(self) -> Any:
        """Context manager with a Connection that only reads."""
        ...

    def close(self) -> None: ...


class SqliteDatabase:
    """An SQLite file; a connection for each thread.

    WAL lets readers go on while one writes. `synchronous=FULL` makes a commit durable before it is acknowledged: in
    WAL mode NORMAL may lose the last commits with the power.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
            with self._lock:
                self._all.append(connection)
        return connection

    def _open(self) -> sqlite3.Connection:
        with _translated(self.path):
            connection = sqlite3.connect(
                self.path, timeout=BUSY, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        return connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Takes the write lock first, so that a reader never turns writer half-way and fails."""
        connection = self._connection
        with _translated(self.path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _Sqlite(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state of the database for all statements of the block."""
        connection = self._connection
        with _translated(self.path):
            connection.execute("BEGIN")
            try:
                yield _Sqlite(connection)
            finally:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close all connections, those of ended threads too."""
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Values = {}) -> Sequence[Row]:
        return self._connection.execute(statement, values).fetchall()

    def execute_many(self, statement: str, values: Sequence[Values]) -> None:
        self._connection.executemany(statement, values)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise TrackingError(f"the store {path} refuses: {error}", hint=_hint(error)) from error


def _hint(error: sqlite3.Error) -> str | None:
    text = str(error)
    if "locked" in text:
        return "another process has been writing for very long; is it stopped?"
    if "full" in text:
        return "the disk is full: make room, for example with `runner env gc`"
    if "readonly" in text or "unable to open" in text:
        return "may you write to its directory?"
    if "not a database" in text or "malformed" in text:
        return "this file is no SQLite database, or it is damaged"
    return None


def upsert(
    table: str, columns: Sequence[str], *, key: Sequence[str], update: Sequence[str], where: str = ""
) -> str:
    """INSERT that updates the row when its key is there already; without `update` the row stays as it is.

    `where` is a condition on `excluded.column` (new) and `table.column` (old) under which the update happens.
    """
    names, values = ", ".join(columns), ", ".join(f":{column}" for column in columns)
    insert = f"INSERT INTO {table} ({names}) VALUES ({values})"
    conflict = f"{insert} ON CONFLICT ({', '.join(key)})"
    if not update:
        return f"{conflict} DO NOTHING"
    change = ", ".join(f"{column} = excluded.{column}" for column in update)
    guard = f" WHERE {where}" if where else ""
    return f"{conflict} DO UPDATE SET {change}{guard}"

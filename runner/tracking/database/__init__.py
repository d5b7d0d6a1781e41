"""Statements to a database: plain SQL with `:name` parameters, in transactions that are whole or not at all.

    sqlite:///...      the standard library's sqlite3 (sqlite.py)
    anything else      SQLAlchemy's engine (engine.py), imported only then

Importing SQLAlchemy takes 190 ms of CPU and Alembic another 120, more than everything else that `runner run` does. So the
statements are text which both take as it is; SQLAlchemy describes the tables (schema.py), migrates them through Alembic
(migrating.py, imported only when a database is not up to date), and serves the databases that need drivers and pools.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeAlias

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
    """Opens transactions. `name` is for messages: it holds no password.

    Every failure of the database itself is a TrackingError.
    """

    name: str

    def tables(self) -> set[str]:
        """Names of all tables."""
        ...

    def transaction(self) -> AbstractContextManager[Connection]:
        """Committed and durable at the end of the block, rolled back on an error; one writer at a time."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """One state of the database for all statements of the block."""
        ...

    def translated(self) -> AbstractContextManager[None]:
        """Turns the driver's errors into Unavailable."""
        ...

    def close(self) -> None: ...


class Joined:
    """A database in one transaction of another: its own transactions are savepoints there, for one thread."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self.name = database.name
        self._database = database
        self._connection = connection

    def tables(self) -> set[str]:
        return self._database.tables()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """See `Database.transaction`; durable only when the outer transaction is."""
        with self._database.translated():
            self._connection.execute("SAVEPOINT joined")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK TO SAVEPOINT joined")
                self._connection.execute("RELEASE SAVEPOINT joined")
                raise
            self._connection.execute("RELEASE SAVEPOINT joined")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See `Database.reading`; what the outer transaction has changed is there."""
        with self._database.translated():
            yield self._connection

    def translated(self) -> AbstractContextManager[None]:
        return self._database.translated()

    def close(self) -> None:
        """Nothing: the connection is the outer transaction's."""


def upsert(
    table: str, columns: Sequence[str], *, key: Sequence[str], update: Sequence[str] = (), where: str = ""
) -> str:
    """INSERT that updates the row when its key is there already; without `update` the row stays as it is.

    `where` is a condition on `excluded.column` (new) and `table.column` (old) under which the update happens.
    This is SQLite's and PostgreSQL's form, and the only statement in which databases differ.
    """
    names, values = ", ".join(columns), ", ".join(f":{column}" for column in columns)
    insert = f"INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT ({', '.join(key)})"
    if not update:
        return f"{insert} DO NOTHING"
    change = ", ".join(f"{column} = excluded.{column}" for column in update)
    guard = f" WHERE {where}" if where else ""
    return f"{insert} DO UPDATE SET {change}{guard}"

"""Statements to a database: plain SQL with `:name` parameters, in transactions that are whole or not at all.

    sqlite:///...                          the standard library's sqlite3 (sqlite.py)
    postgresql://  mysql://  mariadb://    SQLAlchemy's engine (engine.py, servers.py), imported only then

In what the databases differ stands in statements.py, servers.py (what a server is told) and collation.py.

Importing SQLAlchemy takes 190 ms of CPU and Alembic another 320, more than everything else that `runner run` does. So the
statements are text which both take as it is; SQLAlchemy describes the tables (schema.py), migrates them through Alembic
(migrating.py, imported only when a database is not up to date), and serves the databases that need drivers and pools. A new
file gets its tables by a script (making.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeAlias

from runner.errors import Unavailable
from runner.tracking.database.statements import Spelled, Statement, for_update, free_for_update, upsert

__all__ = [
    "BUSY", "Connection", "Contended", "Database", "Joined", "Row", "Spelled", "Statement", "Values", "for_update",
    "free_for_update", "upsert",
]  # fmt: skip

Values: TypeAlias = Mapping[str, Any]
Row: TypeAlias = Sequence[Any]

BUSY = 60.0  # seconds to wait for another writer


class Contended(Unavailable):
    """Another writer stood in the way: the same transaction may pass when it is done once more."""


class Connection(Protocol):
    """Inside a transaction."""

    def execute(self, statement: Statement, values: Values = {}) -> Sequence[Row]:
        """Run a statement; its rows, if it has any."""
        ...

    def execute_many(self, statement: Statement, values: Sequence[Values]) -> None:
        """Run a statement once for each set of values."""
        ...

    def insert(self, statement: str, values: Values) -> int:
        """Run an INSERT of one row; the `id` that the database has given it."""
        ...

    def undo(self) -> None:
        """Take back all that was done in the transaction; it goes on from its beginning."""
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
        """Committed and durable at the end of the block, rolled back on an error.

        SQLite has one writer at a time. In a server's database others write meanwhile, and a statement sees what they
        have committed.
        """
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """One state of the database for all statements of the block."""
        ...

    def translated(self) -> AbstractContextManager[None]:
        """Turns the driver's errors into Unavailable."""
        ...

    def changes(self) -> object:
        """Equal to what the same thread was told before, if nothing has been committed since."""
        ...

    def close(self) -> None: ...


class Joined:
    """A database in one transaction of another, for one thread: its own transactions are savepoints there.

    The first needs none: nothing was done before it that must stay.
    """

    def __init__(self, database: Database, connection: Connection) -> None:
        self.name = database.name
        self._database = database
        self._connection = connection
        # Of a name of its own: where one joins another, MySQL would take the inner savepoint in place of the outer one.
        self.depth: int = database.depth + 1 if isinstance(database, Joined) else 0
        self._savepoint = f"joined{self.depth}"
        self._fresh = True
        self._lost: BaseException | None = None

    def tables(self) -> set[str]:
        return self._database.tables()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """See `Database.transaction`; durable only when the outer transaction is."""
        self.confirm()
        with self._database.translated():
            first, self._fresh = self._fresh, False
            connection = self._connection if first else _Savepoint(self._connection, self._savepoint)
            try:
                yield connection
            except BaseException:
                self._undo(connection)
                self._fresh = first
                raise
            if not first:
                self._connection.execute(f"RELEASE SAVEPOINT {self._savepoint}")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See `Database.reading`; what the outer transaction has changed is there."""
        self.confirm()
        with self._database.translated():
            yield self._connection

    def confirm(self) -> None:
        """Nothing, if the outer transaction is as it was left.

        Raises:
            Unavailable: the database has given it up, and what was done in it is undone.
        """
        if self._lost is not None:
            raise Unavailable(f"the store {self.name} gave up a transaction: {self._lost}") from self._lost

    def translated(self) -> AbstractContextManager[None]:
        return self._database.translated()

    def changes(self) -> object:
        return self._database.changes()

    def close(self) -> None:
        """Nothing: the connection is the outer transaction's."""

    def _undo(self, connection: Connection) -> None:
        try:
            connection.undo()
        except Exception as error:  # noqa: BLE001 - after a dead-lock, with a full disk: the savepoint went with the whole transaction
            self._lost = error


class _Savepoint:
    """See `Connection`: a transaction within another one."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        connection.execute(f"SAVEPOINT {name}")
        self.execute, self.execute_many, self.insert = (
            connection.execute,
            connection.execute_many,
            connection.insert,
        )

    def undo(self) -> None:
        self._connection.execute(f"ROLLBACK TO SAVEPOINT {self._name}")

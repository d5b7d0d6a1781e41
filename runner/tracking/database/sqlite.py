"""The default database: a file, by the standard library's sqlite3."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.errors import Unavailable
from runner.tracking.database import BUSY, Connection, Row, Statement, Values

SQLITE = "sqlite:///"  # a path follows
# Params may be anybody's secrets, and digests of passwords lie there; SQLite's other files follow.
OWNER_ONLY = 0o600
# WAL lets readers go on while one writes. FULL makes a commit durable before it is acknowledged: in WAL mode NORMAL may
# lose the last commits with the power. LIKE without regard to case is not what the filter language says.
PRAGMAS = ("foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL", "case_sensitive_like = ON")
# Why even reading fails: WAL needs a file beside the database, and there is no room or no permission for it.
UNWRITABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


class SqliteDatabase:
    """An SQLite file; a connection for each thread. One that cannot be written can still be read."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def tables(self) -> set[str]:
        with self.reading() as db:
            return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Takes the write lock first, so that a reader never turns writer half-way and fails."""
        with self.translated():
            connection = self._connection
            if (refusal := getattr(self._local, "refusal", None)) is not None:
                raise refusal
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _Sqlite(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has rolled it back already
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See `Database.reading`."""
        with self.translated():
            connection = self._connection
            connection.execute("BEGIN")
            try:
                yield _Sqlite(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def changes(self) -> object:
        """See `Database.changes`: others' commits are counted by the file, our own by the connection."""
        with self.translated():
            connection = self._connection
            ((version,),) = connection.execute("PRAGMA data_version")
            return id(connection), version, connection.total_changes

    def close(self) -> None:
        """Close all connections, those of ended threads too."""
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
        return connection

    def _open(self) -> sqlite3.Connection:
        # Only a new file: to open and close one that SQLite has open here would take its locks away (POSIX, not SQLite).
        with suppress(OSError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
        try:
            return self._connected(str(self._path), PRAGMAS)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in UNWRITABLE or self._has_log():
                raise
            self._local.refusal = error
            try:
                # Nobody can write it now, so it is read as a file that never changes: that needs no file beside it.
                uri = f"{self._path.as_uri()}?mode=ro&immutable=1"
                return self._connected(uri, [pragma for pragma in PRAGMAS if "journal" not in pragma])
            except sqlite3.Error:
                raise error from None

    def _connected(self, place: str, pragmas: Sequence[str]) -> sqlite3.Connection:
        connection = sqlite3.connect(
            place,
            timeout=BUSY,
            isolation_level=None,
            check_same_thread=False,
            uri=place.startswith("file:"),
        )
        with self._lock:
            self._all.append(connection)
        for pragma in (*pragmas, "schema_version"):  # the last opens the file, if no other has
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _has_log(self) -> bool:
        """Whether the last commits are still in the file beside the database, which `immutable` would not see."""
        try:
            return self._path.with_name(f"{self._path.name}-wal").stat().st_size > 0
        except OSError:
            return False

    @contextmanager
    def translated(self) -> Iterator[None]:
        """See `Database.translated`."""
        try:
            yield
        except sqlite3.Error as error:
            raise Unavailable(f"the store {self.name} refuses: {error}", hint=_hint(str(error))) from error


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, statement: Statement, values: Values = {}) -> Sequence[Row]:
        return self._connection.execute(_text(statement), values).fetchall()

    def execute_many(self, statement: Statement, values: Sequence[Values]) -> None:
        self._connection.executemany(_text(statement), values)


def _text(statement: Statement) -> str:
    return statement if isinstance(statement, str) else statement.sqlite


def _hint(message: str) -> str | None:
    for part, hint in (
        ("locked", "another process has been writing for very long; is it stopped?"),
        ("full", "the disk is full: make room, for example with `runner env gc`"),
        ("disk I/O", "is the disk full or gone?"),
        ("readonly", "may you write to its directory?"),
        ("unable to open", "is it a file that you may write, in a directory that you may write?"),
        ("not a database", "name another file; this one is no SQLite database"),
        ("malformed", "the file is damaged: restore it from a backup"),
    ):
        if part in message:
            return hint
    return None

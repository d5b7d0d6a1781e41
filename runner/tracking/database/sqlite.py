"""The default database: a file, by the standard library's sqlite3."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from runner.errors import Unavailable
from runner.tracking.database import BUSY, Connection, Row, Statement, Values

File: TypeAlias = tuple[int, int]  # device and inode

SQLITE = "sqlite:///"  # a path follows
# Params may be anybody's secrets, and digests of passwords lie there; SQLite's other files follow.
OWNER_ONLY = 0o600
# WAL lets readers go on while one writes. FULL makes a commit durable before it is acknowledged: in WAL mode NORMAL may
# lose the last commits with the power. LIKE without regard to case is not what the filter language says.
PRAGMAS = ("foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL", "case_sensitive_like = ON")
# Why even reading fails: WAL needs a file beside the database, and there is no room or no permission for it.
UNWRITABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}

KEPT = 10  # connections that wait for work: as many threads as like may work at once, but seldom do
QUOTED = {ord(sign): f"%{ord(sign):02x}" for sign in "%?#"}  # what means something in SQLite's URIs
GONE = "put it back, or restore a backup: nothing is recorded meanwhile"
REPLACED = "if that was on purpose, do it again: the file that is there now is used from here on"


class _Open(sqlite3.Connection):
    """A connection, the file that it has open, and whether it may serve again."""

    __slots__ = ("file", "kept")

    file: File | None
    kept: bool


class SqliteDatabase:
    """An SQLite file at an absolute path; a transaction borrows a connection. What cannot be written can still be read."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._file: File | None = None  # also while it is gone
        self._used = False  # then it is not made again: what was written went with it
        self._idle: list[_Open] = []  # threads may append and pop; the last used is used first
        self._watching: _Open | None = None
        self._lock = threading.Lock()
        self._closed = False

    def tables(self) -> set[str]:
        with self.reading() as db:
            return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def transaction(self) -> AbstractContextManager[Connection]:
        """Takes the write lock first, so that a reader never turns writer half-way and fails."""
        return _Transaction(self, "BEGIN IMMEDIATE", "COMMIT")

    def reading(self) -> AbstractContextManager[Connection]:
        """See `Database.reading`."""
        return _Transaction(self, "BEGIN", "ROLLBACK")

    def changes(self) -> object:
        """See `Database.changes`: others' commits are counted, so this connection makes none of its own."""
        with self._lock, self.translated():
            file = self._present()
            if self._watching is None or not self._watching.kept or self._watching.file != file:
                if self._watching is not None:
                    self._watching.close()
                self._watching = self._open_to_read(file)
            ((version,),) = self._watching.execute("PRAGMA data_version")
            return self._watching, version

    def close(self) -> None:
        """Close all connections; one that is at work, when it is given back."""
        self._closed = True
        self._drop()
        with self._lock:
            if self._watching is not None:
                self._watching.close()
                self._watching = None

    @contextmanager
    def translated(self) -> Iterator[None]:
        """See `Database.translated`."""
        try:
            yield
        except sqlite3.Error as error:
            raise self.refusal(error) from error

    # connections ------------------------------------------------------------------------------------------

    def borrow(self, to_read: bool) -> _Open:
        """One that rests, or else a new one."""
        file = self._present()
        try:
            while (connection := self._idle.pop()).file != file:
                connection.close()
        except IndexError:
            return self._open_to_read(file) if to_read else self._open(file)
        return connection

    def give_back(self, connection: _Open) -> None:
        """For the next; closed if something is wrong with it."""
        if connection.in_transaction:  # a full disk has rolled it back already
            try:
                connection.execute("ROLLBACK")
            except sqlite3.Error:
                connection.kept = False  # to close it rolls back, too
        if connection.kept and connection.file == self._file and len(self._idle) < KEPT and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()

    def refusal(self, error: sqlite3.Error) -> Unavailable:
        """What the user is told."""
        if _primary(error) == sqlite3.SQLITE_READONLY:
            self._drop()  # they were opened when nothing could be written; that may be over
        return Unavailable(f"the store {self.name} refuses: {error}", hint=_hint(str(error)))

    def _drop(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    # the file ---------------------------------------------------------------------------------------------

    def _present(self) -> File | None:
        """The file that is at the path now; None only if there never was one.

        Raises:
            Unavailable: it is gone, or another one: what is written to a removed file would be lost.
        """
        try:
            status = os.stat(self.name)  # noqa: PTH116 - half the time of Path.stat, for each transaction
        except OSError as error:
            if not self._used:
                return None
            self._file = None
            self._drop()
            raise Unavailable(f"the store {self.name} is gone: {error.strerror}", hint=GONE) from error
        file = status.st_dev, status.st_ino
        if file != self._file:
            before, self._file = self._file, file
            if before is not None:
                self._drop()
                raise self._replaced()
        return file

    def _confirm(self, file: File | None) -> None:
        if self._present() != file:  # another thread has noticed
            raise self._replaced()

    def _replaced(self) -> Unavailable:
        return Unavailable(f"the store {self.name} is another file than before", hint=REPLACED)

    def _open_to_read(self, file: File | None) -> _Open:
        try:
            return self._open(file)
        except sqlite3.OperationalError as error:
            if _primary(error) not in UNWRITABLE or self._has_log():
                raise
            try:
                # Nobody can write it now, so it is read as a file that never changes: that needs no file beside it.
                without = [pragma for pragma in PRAGMAS if "journal" not in pragma]
                connection = self._connected("mode=ro&immutable=1", without)
            except sqlite3.Error:
                raise error from None
            connection.file, connection.kept = self._file, False  # the trouble may pass
            return connection

    def _open(self, file: File | None) -> _Open:
        if file is None:
            self._make()
            file = self._present()
        connection = self._connected("mode=rw", PRAGMAS)
        self._used = True
        connection.file = file
        connection.kept = os.access(self.name, os.W_OK)  # else SQLite has opened it only to read
        try:
            self._confirm(file)
        except BaseException:
            connection.close()
            raise
        return connection

    def _make(self) -> None:
        # Only a new file: to open and close one that SQLite has open here would take its locks away (POSIX, not SQLite).
        with suppress(OSError):
            os.close(os.open(self.name, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))

    def _connected(self, how: str, pragmas: Sequence[str]) -> _Open:
        connection = sqlite3.connect(
            f"file://{self.name.translate(QUOTED)}?{how}",
            timeout=BUSY,
            isolation_level=None,
            check_same_thread=False,
            factory=_Open,
            uri=True,
        )
        try:
            for pragma in (*pragmas, "schema_version"):  # the last opens the file, if no other has
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _has_log(self) -> bool:
        """Whether the last commits are still in the file beside the database, which `immutable` would not see."""
        try:
            return Path(f"{self.name}-wal").stat().st_size > 0
        except OSError:
            return False


class _Transaction:
    """See `database.Connection`. No generator: `contextmanager` would cost as much as the look at the file."""

    __slots__ = ("_begin", "_connection", "_database", "_end")

    def __init__(self, database: SqliteDatabase, begin: str, end: str) -> None:
        self._database = database
        self._begin = begin
        self._end = end

    def __enter__(self) -> Connection:
        database = self._database
        try:
            self._connection = connection = database.borrow(self._end == "ROLLBACK")
            try:
                connection.execute(self._begin)
            except BaseException:
                database.give_back(connection)
                raise
        except sqlite3.Error as error:
            raise database.refusal(error) from error
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        try:
            if error is None:
                self._connection.execute(self._end)
        except sqlite3.Error as failed:
            error = failed
        finally:
            self._database.give_back(self._connection)
        if isinstance(error, sqlite3.Error):
            raise self._database.refusal(error) from error

    def execute(self, statement: Statement, values: Values = {}) -> Sequence[Row]:
        return self._connection.execute(_text(statement), values).fetchall()

    def execute_many(self, statement: Statement, values: Sequence[Values]) -> None:
        self._connection.executemany(_text(statement), values)

    def insert(self, statement: str, values: Values) -> int:
        return self._connection.execute(statement, values).lastrowid or 0

    def undo(self) -> None:
        if self._connection.in_transaction:  # a full disk has rolled it back already
            self._connection.execute("ROLLBACK")
        self._connection.execute(self._begin)


def _text(statement: Statement) -> str:
    return statement if isinstance(statement, str) else statement.sqlite


def _primary(error: sqlite3.Error) -> int:
    """Its code without what SQLite adds in detail; 0 for errors of the Python module."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _hint(message: str) -> str | None:
    for part, hint in (
        ("locked", "another process has been writing for very long; is it stopped?"),
        ("full", "the disk is full: make room, for example with `runner env gc`"),
        ("disk I/O", "is the disk full or gone?"),
        ("readonly", "may you write to its directory?"),
        ("unable to open", "is it a file that you may write, in a directory that you may write?"),
        ("not a database", "name another file; this one is no SQLite database"),
        ("no such table", "was the file replaced by another? restore it from a backup"),
        ("malformed", "the file is damaged: restore it from a backup"),
    ):
        if part in message:
            return hint
    return None

"""A database behind SQLAlchemy's engine: a server's, or an SQLite file's. Imported only for those, and to migrate."""

import json
import re
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from time import monotonic
from typing import Any, Literal, TypeAlias, cast

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from runner.errors import TrackingError, Unavailable
from runner.tracking.database import BUSY, Connection, Contended, Row, Statement, Values
from runner.tracking.database.servers import Server, server_of
from runner.tracking.database.sqlite import PRAGMAS, SQLITE
from runner.tracking.database.statements import Spelled

Kind: TypeAlias = Literal["sqlite", "postgresql", "mysql"]

# More threads may ask than there are connections: they wait a moment, and then the store is Unavailable.
KEPT, AT_ONCE, PATIENCE = 5, 20, 3.0
RESTED = 1.0  # seconds after which a connection is asked whether it still is one
RENEWED = 1800  # seconds after which a connection is made anew: servers and firewalls forget those that rest
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
PARAMETER = re.compile(r"'[^']*'|%|(?<!:):(\w+)")  # or what only looks like one


class EngineDatabase:
    """A database behind a URL.

    Raises:
        TrackingError: the URL is none, or its driver is not known or not installed.
    """

    def __init__(self, uri: str) -> None:
        scheme = uri.partition("://")[0]
        self.server = None if scheme.partition("+")[0] == "sqlite" else server_of(scheme)
        self.engine = _sqlite_engine(uri) if self.server is None else _server_engine(uri, self.server)
        self.name = self.engine.url.set(query={}).render_as_string(hide_password=True)

    def tables(self) -> set[str]:
        with self.translated():
            return set(sqlalchemy.inspect(self.engine).get_table_names())

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """See `Database.transaction`."""
        with self.translated(), self.engine.begin() as connection:
            yield EngineConnection(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See `Database.reading`."""
        with self.translated(), self.engine.connect() as plain:
            connection = plain.execution_options(reading=True)
            with connection.begin():
                if self.server is not None:
                    connection.exec_driver_sql(SNAPSHOT)
                yield EngineConnection(connection)

    def changes(self) -> object:
        """See `Database.changes`. A server does not tell what all databases would: something may change every second."""
        return int(monotonic())

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """See `Database.translated`."""
        try:
            yield
        except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error) as error:
            raise self._kind(_original(error))(f"the store {self.name} refuses: {said(error)}") from error

    def _kind(self, error: Exception) -> type[TrackingError]:
        """What was said may pass later, done once more, or never: then the request itself is at fault."""
        driver = self.engine.dialect.loaded_dbapi
        if self._contended(error):
            return Contended
        if isinstance(error, (driver.DataError, driver.IntegrityError)):
            return TrackingError
        return Unavailable

    def _contended(self, error: Exception) -> bool:
        """A row that another writer has made or deleted meanwhile is seen when the transaction is done again."""
        if self.server is not None:
            return _code(error) in self.server.contended
        return str(error).startswith(("UNIQUE", "FOREIGN KEY"))


class EngineConnection:
    """See `database.Connection`. The driver gets the text: SQLAlchemy would take as long as a server on this machine."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._cursor = connection.connection.cursor()
        self._kind = cast("Kind", connection.dialect.name)  # of those that `server_of` lets through

    def execute(self, statement: Statement, values: Values = {}) -> Sequence[Row]:
        self._cursor.execute(_spelled(statement, self._kind), dict(values))
        return self._cursor.fetchall() if self._cursor.description else []

    def execute_many(self, statement: Statement, values: Sequence[Values]) -> None:
        if len(values) == 1:  # what drivers do for many takes longer for one
            self.execute(statement, values[0])
        elif self._kind == "postgresql" and isinstance(statement, Spelled) and statement.rows:
            self.execute(statement.rows, {"rows": json.dumps([dict(each) for each in values])})
        else:
            self._cursor.executemany(_spelled(statement, self._kind), [dict(each) for each in values])

    def insert(self, statement: str, values: Values) -> int:
        if self._kind == "postgresql":
            ((number,),) = self.execute(f"{statement} RETURNING id", values)
        else:
            self.execute(statement, values)
            number = self._cursor.lastrowid
        return int(number)

    def undo(self) -> None:
        self._cursor.execute("ROLLBACK")
        if self._kind == "sqlite":  # for the others the driver begins the next
            self._cursor.execute("BEGIN IMMEDIATE")


def said(error: Exception) -> str:
    """What the database says, in one line and without the statement."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return f"all {AT_ONCE} connections to it are busy"
    original = _original(error)
    told = original.args[-1] if original.args and not isinstance(original, SQLAlchemyError) else original
    lines = str(told).split("\nCONTEXT:")[0]  # what follows repeats parameters, which may be long or secret
    return " ".join(lines.split())


def _original(error: Exception) -> Exception:
    """The driver's error, if SQLAlchemy has wrapped it."""
    return getattr(error, "orig", None) or error


def _code(error: Exception) -> str:
    return str(getattr(error, "sqlstate", None) or next(iter(error.args), ""))


@lru_cache(maxsize=2000)
def _spelled(statement: Statement, kind: Kind) -> str:
    """The statement as the driver takes it: `:name`, but for servers `%(name)s`, where `%` is written twice."""
    text = statement if isinstance(statement, str) else getattr(statement, kind)
    return text if kind == "sqlite" else PARAMETER.sub(_parameter, text)


def _parameter(found: "re.Match[str]") -> str:
    return f"%({found[1]})s" if found[1] else found[0].replace("%", "%%")


def _server_engine(uri: str, server: Server) -> sqlalchemy.Engine:
    try:
        url = sqlalchemy.make_url(uri).set(drivername=server.driver).update_query_dict(server.query)
    except (ArgumentError, ValueError):
        raise TrackingError(  # what SQLAlchemy says may hold the password
            "the tracking URI cannot be read",
            hint=f"write {uri.partition(':')[0]}://user:password@host:port/database",
        ) from None
    try:
        engine = sqlalchemy.create_engine(
            url,
            pool_size=KEPT,
            max_overflow=AT_ONCE - KEPT,
            pool_timeout=PATIENCE,
            pool_recycle=RENEWED,
            pool_use_lifo=True,
            isolation_level="READ COMMITTED",
            connect_args=dict(server.connect),
        )
    except ModuleNotFoundError as error:
        raise TrackingError(
            f"a store on {server.name} needs the package {error.name}",
            hint=f"pip install 'runner[{server.extra}]'",
        ) from error
    _tell_first(engine, server.session)
    _ping_rested(engine)
    return engine


def _tell_first(engine: sqlalchemy.Engine, statements: Sequence[str]) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.commit()


def _ping_rested(engine: sqlalchemy.Engine) -> None:
    """A server may have been started anew meanwhile; to ask before each transaction would take as long as a statement."""

    @event.listens_for(engine, "checkin")
    def given_back(_connection: object, record: Any) -> None:
        record.info["rests"] = monotonic()

    @event.listens_for(engine, "checkout")
    def taken(connection: Any, record: Any, _proxy: object) -> None:
        rests = monotonic() - record.info.get("rests", monotonic())
        try:
            if rests > RESTED or _spoken_to(connection):
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sqlalchemy.exc.DisconnectionError(str(error)) from error  # the pool makes others


def _spoken_to(connection: Any) -> bool:
    """Whether the server said something unasked, which may be its last word. Not every driver lets us see."""
    if not hasattr(connection, "fileno"):
        return True
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))


def _sqlite_engine(uri: str) -> sqlalchemy.Engine:
    """What follows `sqlite:///` is a path as it stands: `?`, `%` and `#` in it are not those of a URL."""
    path = uri.removeprefix(SQLITE)
    try:
        engine = sqlalchemy.create_engine(
            uri if path == uri else sqlalchemy.URL.create("sqlite", database=path)
        )
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise TrackingError(
            f"{uri!r} is no tracking URI: {error}", hint="sqlite:///runs.db needs no driver"
        ) from error
    _own_transactions(engine)
    return engine


def _own_transactions(engine: sqlalchemy.Engine) -> None:
    """Begin transactions ourselves: Python's sqlite3 would begin them late, and not at all before a CREATE TABLE."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (f"busy_timeout = {BUSY * 1000:.0f}", *PRAGMAS):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: sqlalchemy.Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

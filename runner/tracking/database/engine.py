"""Any database that SQLAlchemy knows, through its engine. Imported only for those, and to migrate."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from runner.errors import TrackingError, Unavailable
from runner.tracking.database import BUSY, Connection, Row, Values
from runner.tracking.database.sqlite import PRAGMAS, SQLITE


class EngineDatabase:
    """A database behind an SQLAlchemy URL.

    Raises:
        TrackingError: the URL or its driver is not known.
    """

    def __init__(self, uri: str) -> None:
        try:
            self.engine = sqlalchemy.create_engine(_url(uri))
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
            scheme = uri.partition("://")[0]  # the rest may hold a password
            raise TrackingError(
                f"there is no driver for {scheme}:// tracking stores: {error}",
                hint="sqlite:///runs.db needs none",
            ) from error
        self.name = self.engine.url.render_as_string(hide_password=True)
        if self.engine.dialect.name == "sqlite":
            _own_transactions(self.engine)

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
        with self.translated(), self.engine.connect() as connection:
            yield EngineConnection(connection.execution_options(reading=True))

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """See `Database.translated`."""
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise Unavailable(f"the store {self.name} refuses: {cause}") from error


class EngineConnection:
    """See `database.Connection`."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Values = {}) -> Sequence[Row]:
        result = self._connection.execute(sqlalchemy.text(statement), dict(values))
        return [tuple(row) for row in result] if result.returns_rows else []

    def execute_many(self, statement: str, values: Sequence[Values]) -> None:
        self._connection.execute(sqlalchemy.text(statement), [dict(each) for each in values])


def _url(uri: str) -> str | sqlalchemy.URL:
    """What follows `sqlite:///` is a path as it stands: `?`, `%` and `#` in it are not those of a URL."""
    if uri.startswith(SQLITE):
        return sqlalchemy.URL.create("sqlite", database=uri.removeprefix(SQLITE))
    return uri


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

"""Bringing a database to the tables of this version, by Alembic. Imported only when a database needs it."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Table, event
from sqlalchemy.exc import SQLAlchemyError

import runner.tracking.database.collation  # noqa: F401 - how tables are made
from runner.errors import TrackingError
from runner.tracking.database.engine import EngineConnection, EngineDatabase, said
from runner.tracking.sql.experiments import create_default


def migrate(uri: str, artifact_root: str) -> None:
    """Apply the missing steps and see to the default experiment; nothing, if another process has done so meanwhile.

    All or nothing: a process that dies half-way leaves the database as it was. MariaDB and MySQL cannot do that; there
    the step that was broken off is done again.

    Raises:
        TrackingError: the database refuses.
    """
    database = EngineDatabase(uri)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    try:
        with database.engine.begin() as connection:
            _begin(connection, database)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            create_default(EngineConnection(connection), artifact_root=artifact_root)
    except (SQLAlchemyError, CommandError, database.engine.dialect.loaded_dbapi.Error) as error:
        raise TrackingError(
            f"the tables of {database.name} cannot be made or brought up to date: {said(error)}"
        ) from error
    finally:
        database.close()


def _begin(connection: Connection, database: EngineDatabase) -> None:
    if database.server is not None:
        for statement in (*database.server.patient, database.server.lock):
            connection.exec_driver_sql(statement)
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise TrackingError(
                f"the texts of {database.name} are {encoding}, not UTF8",
                hint="CREATE DATABASE runs ENCODING 'UTF8' TEMPLATE template0",
            )


@event.listens_for(Table, "before_create")
def _drop_leftover(table: Table, connection: Connection, **_options: Any) -> None:
    """A step that makes tables may have been broken off: MariaDB and MySQL keep what it had made by then, empty."""
    if connection.dialect.name != "mysql":
        return
    connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
    if not connection.dialect.has_table(connection, table.name):
        return
    if connection.exec_driver_sql(f"SELECT 1 FROM {table.name} LIMIT 1").first():
        raise TrackingError(
            f"there is a table {table.name} with rows in it, and the version of the tables is not known",
            hint="restore the database from a backup, or name another one",
        )
    connection.exec_driver_sql(f"DROP TABLE {table.name}")

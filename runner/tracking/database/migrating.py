"""Bringing a database to the tables of this version, by Alembic. Imported only when a database needs it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from runner.errors import TrackingError
from runner.tracking.database.engine import EngineConnection, EngineDatabase
from runner.tracking.sql.experiments import create_default


def migrate(uri: str, artifact_root: str) -> None:
    """Apply the missing steps and see to the default experiment, all or nothing: a process that dies half-way leaves the database as it was.

    Raises:
        TrackingError: the database refuses.
    """
    database = EngineDatabase(uri)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    try:
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            create_default(EngineConnection(connection), artifact_root=artifact_root)
    except (SQLAlchemyError, CommandError) as error:
        raise TrackingError(
            f"the tables of {database.name} cannot be made or brought up to date: {error}"
        ) from error
    finally:
        database.close()

"""Bringing a database to the tables of this version, by Alembic. Imported only when a database needs it."""

from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config

VERSION_TABLE = "runner_schema_version"


def migrate(url: str) -> None:
    """Apply the missing steps, all or nothing."""
    engine = sqlalchemy.create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()

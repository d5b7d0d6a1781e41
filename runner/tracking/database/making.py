"""A new SQLite file gets by one script what the migrations make of an empty one: those take half a second to import.

After a new migration it is written anew, which a test asks for:
`python -m runner.tracking.database.making > runner/tracking/database/new.sql`
"""

import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from runner.tracking.database import Database
from runner.tracking.opening import VERSION_TABLE
from runner.tracking.sql.experiments import create_default

SCRIPT = Path(__file__).with_name("new.sql")
ENDED = ";\n"  # each statement
FILLED = (VERSION_TABLE, "runner_counters")  # the tables that have rows from the beginning


def make(database: Database, artifact_root: str) -> None:
    """All tables, all or nothing; nothing if there is one.

    Raises:
        Unavailable: the file cannot be written.
    """
    statements = SCRIPT.read_text("utf-8").split(ENDED)
    with database.transaction() as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table'"):
            for statement in filter(None, statements):
                db.execute(statement)
            create_default(db, artifact_root=artifact_root)


def script() -> str:
    """What the migrations make of an empty file."""
    from runner.tracking.database.migrating import migrate  # noqa: PLC0415 - takes half a second

    with TemporaryDirectory() as directory:
        path = Path(directory) / "new.db"
        migrate(f"sqlite:///{path}", "")
        with closing(sqlite3.connect(path)) as db:
            made = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
            made += [
                f"INSERT INTO {table} VALUES ({', '.join(map(repr, row))})"
                for table in FILLED
                for row in db.execute(f"SELECT * FROM {table}")
            ]
    return "".join(re.sub(r"\s+$", "", each, flags=re.MULTILINE) + ENDED for each in made)


if __name__ == "__main__":
    sys.stdout.write(script())

"""Whether a database is as it should be: its tables, what refers to what, what is kept twice, where artifacts are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import ForeignKey

import runner.tracking.database.collation  # noqa: F401 - the types of columns as they are made
from runner.errors import RunnerError
from runner.tracking.artifacts import Artifacts
from runner.tracking.database.engine import EngineDatabase
from runner.tracking.database.schema import metadata

SHOWN = 5  # of what is wrong; the rest is counted
SAME_POINT = "m.run = l.run AND m.key_id = l.key_id"
NEWER = "(m.step, m.time, m.value) > (l.step, l.time, l.value)"
LATEST = {
    "is no recorded point": "SELECT l.run, l.key_id FROM runner_latest_metrics l WHERE NOT EXISTS"
    f" (SELECT 1 FROM runner_metrics m WHERE {SAME_POINT} AND m.step = l.step AND m.time = l.time"
    " AND m.value = l.value AND m.is_nan = l.is_nan)",
    "is not the newest": "SELECT l.run, l.key_id FROM runner_latest_metrics l WHERE EXISTS"
    f" (SELECT 1 FROM runner_metrics m WHERE {SAME_POINT} AND {NEWER})",
    "is missing": "SELECT DISTINCT m.run, m.key_id FROM runner_metrics m WHERE NOT EXISTS"
    f" (SELECT 1 FROM runner_latest_metrics l WHERE {SAME_POINT})",
}
LOCATIONS = (
    "SELECT e.artifact_location, COUNT(r.id) FROM runner_experiments e"
    " LEFT JOIN runner_runs r ON r.experiment = e.id GROUP BY e.artifact_location"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found; nothing in `wrong` is good."""

    check: str
    wrong: Sequence[str]


def findings(uri: str) -> Iterator[Finding]:
    """All checks of a database whose tables are of this version, one after another."""
    database = EngineDatabase(uri)
    try:
        with database.translated(), database.engine.connect() as connection:
            for statement in () if database.server is None else database.server.patient:
                connection.exec_driver_sql(statement)
            for name, check in CHECKS.items():
                yield Finding(name, _first(list(check(connection))))
    finally:
        database.close()


def _tables(connection: sqlalchemy.Connection) -> Iterator[str]:
    """Other tables may be there: an mlflow client that was pointed at this database makes its own."""
    context = MigrationContext.configure(
        connection, opts={"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables}
    )
    for difference in compare_metadata(context, metadata):
        yield f"differs from this version's: {difference}"


def _integrity(connection: sqlalchemy.Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        for (told,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            if told != "ok":
                yield str(told)


def _references(connection: sqlalchemy.Connection) -> Iterator[str]:
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            count = connection.exec_driver_sql(_orphans(key)).scalar()
            if count:
                yield f"{count} rows of {table.name} name a {key.parent.name} that is not in {key.column.table.name}"


def _orphans(key: ForeignKey) -> str:
    child, parent = key.parent, key.column
    return (
        f"SELECT COUNT(*) FROM {child.table.name} c WHERE NOT EXISTS"
        f" (SELECT 1 FROM {parent.table.name} p WHERE p.{parent.name} = c.{child.name})"
    )


def _latest(connection: sqlalchemy.Connection) -> Iterator[str]:
    for what, statement in LATEST.items():
        for run, key in connection.exec_driver_sql(statement):
            yield f"the latest value of key {key} of run number {run} {what}"


def _artifacts(connection: sqlalchemy.Connection) -> Iterator[str]:
    """Directories that have runs; of object stores one question each."""
    asked = set()
    for location, runs in connection.exec_driver_sql(LOCATIONS):
        parts = urlsplit(location)
        if parts.scheme == "file":
            if runs and not Path(unquote(parts.path)).is_dir():
                yield f"{location} is not there, and {runs} runs have their artifacts below it"
        elif (root := f"{parts.scheme}://{parts.netloc}") not in asked:
            asked.add(root)
            yield from _unreachable(root)


def _unreachable(root: str) -> Iterator[str]:
    try:
        obstore.list_with_delimiter(Artifacts(root).objects)
    except (RunnerError, obstore.exceptions.BaseError, OSError, ValueError) as error:
        yield f"{root} cannot be reached: {str(error).splitlines()[0]}"


def _first(wrong: Sequence[str]) -> Sequence[str]:
    rest = len(wrong) - SHOWN
    return wrong if rest <= 0 else [*wrong[:SHOWN], f"and {rest} more"]


CHECKS: dict[str, Callable[[sqlalchemy.Connection], Iterator[str]]] = {
    "tables": _tables,
    "integrity": _integrity,
    "references": _references,
    "latest metrics": _latest,
    "artifacts": _artifacts,
}

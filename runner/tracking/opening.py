"""From a tracking URI to a store that is up to date."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from runner.errors import RunnerError, TrackingError
from runner.files import locked
from runner.settings import Settings
from runner.tracking.database import SqliteDatabase
from runner.tracking.sqlstore import SqlStore, create_default_experiment

HEAD = "0001"  # the last of migrations/versions; a test keeps it so
SQLITE = "sqlite:///"


def open_store(settings: Settings, uri: str | None = None) -> SqlStore:
    """The store at `uri`, or else where the settings say; made and migrated as needed.

    Raises:
        TrackingError: not a store that this version can use.
    """
    uri = uri or settings.tracking_uri
    path = _path(uri)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrackingError(f"the store cannot be made at {path}: {error.strerror}") from error
    database = SqliteDatabase(path)
    root = settings.artifact_root.as_uri()
    try:
        _bring_up_to_date(database, root)
    except BaseException:
        database.close()
        raise
    return SqlStore(database, uri=f"{SQLITE}{path}", artifact_root=root)


def _path(uri: str) -> Path:
    if uri.startswith(SQLITE) and len(uri) > len(SQLITE):
        return Path(uri.removeprefix(SQLITE)).expanduser().absolute()
    if uri.startswith(("http://", "https://")):
        raise TrackingError(
            f"recording on a server ({uri}) is not possible in this version",
            hint="set RUNNER_TRACKING_URI=sqlite:///runs.db, or unset MLFLOW_TRACKING_URI for the store in RUNNER_HOME",
        )
    if "://" in uri:
        raise TrackingError(f"{uri!r}: this version keeps runs in SQLite only", hint="sqlite:///runs.db")
    raise TrackingError(f"{uri!r} is no tracking URI", hint=f"for a file write sqlite:///{uri}")


def _bring_up_to_date(database: SqliteDatabase, artifact_root: str) -> None:
    if _version(database) == HEAD:
        return
    with locked(database.path.with_name(f"{database.path.name}.lock")):
        version = _version(database)
        if version == HEAD:
            return
        if version is not None and version > HEAD:
            raise TrackingError(
                f"{database.path} was written by a newer version of runner (its tables are {version}, ours {HEAD})",
                hint="upgrade runner",
            )
        _migrate(f"{SQLITE}{database.path}")
        create_default_experiment(database, artifact_root=artifact_root)


def _migrate(url: str) -> None:
    # Alembic and SQLAlchemy take 300 ms to import: only a database that needs them pays.
    migrate = cast("Callable[[str], None]", import_module("runner.tracking.migrating").migrate)
    try:
        migrate(url)
    except RunnerError:
        raise
    except Exception as error:
        raise TrackingError(f"the tables of {url} cannot be made or brought up to date: {error}") from error


def _version(database: SqliteDatabase) -> str | None:
    """The version of the tables; None for a new database.

    Raises:
        TrackingError: it is somebody else's database.
    """
    with database.reading() as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "runner_schema_version" in tables:
            rows = db.execute("SELECT version_num FROM runner_schema_version")
            return str(rows[0][0]) if rows else None
    if tables:
        kind = "an MLflow database" if "alembic_version" in tables else "a database of something else"
        raise TrackingError(
            f"{database.path} is {kind}", hint="name another file; runner keeps a database of its own"
        )
    return None

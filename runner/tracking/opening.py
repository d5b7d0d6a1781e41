"""From a tracking URI to a store that is up to date."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from runner.errors import TrackingError
from runner.files import locked
from runner.settings import Settings
from runner.tracking.database import Database
from runner.tracking.database.sqlite import SQLITE, SqliteDatabase
from runner.tracking.sql.store import SqlStore

VERSION_TABLE = "runner_schema_version"  # MLflow's is alembic_version: neither is mistaken for the other
HEAD = "0002"  # the last of migrations/versions; a test keeps it so
ENGINES = {"sqlite", "postgresql", "mysql", "mariadb"}  # those whose SQL ours is, or is to be


def open_store(settings: Settings, uri: str | None = None) -> SqlStore:
    """The store at `uri`, or else where the settings say; made and migrated as needed.

    Raises:
        TrackingError: not a store that this version can use.
    """
    uri = _absolute(uri or settings.tracking_uri)
    root = settings.artifact_root
    database = _database(uri)
    try:
        _bring_up_to_date(database, uri=uri, artifact_root=root, lock=_lock(uri, settings))
    except BaseException:
        database.close()
        raise
    return SqlStore(database, uri=uri, artifact_root=root)


def _absolute(uri: str) -> str:
    """The URI as it is, but a path in it from the root: programs of a run start in other directories."""
    scheme, colon, place = uri.partition("://")
    if place.strip("/") == ":memory:":
        raise TrackingError(f"{uri!r} would be forgotten at once", hint="for a file write sqlite:///runs.db")
    if uri.startswith(SQLITE) and len(uri) > len(SQLITE):
        return f"{SQLITE}{Path(uri.removeprefix(SQLITE)).expanduser().absolute()}"
    if uri.startswith(("http://", "https://")):
        raise TrackingError(
            f"recording on a server ({uri}) is not possible in this version",
            hint="set RUNNER_TRACKING_URI=sqlite:///runs.db, or unset MLFLOW_TRACKING_URI for the store in RUNNER_HOME",
        )
    if scheme.partition("+")[0] in ENGINES and place.strip("/"):
        return uri
    raise TrackingError(
        f"{uri!r} is no tracking URI",
        hint="for a file write sqlite:///runs.db" if colon else f"for a file write sqlite:///{uri}",
    )


def _database(uri: str) -> Database:
    if not uri.startswith(SQLITE):
        # SQLAlchemy takes 190 ms to import: only a store that needs it pays.
        connect = cast(
            "Callable[[str], Database]", import_module("runner.tracking.database.engine").EngineDatabase
        )
        return connect(uri)
    path = Path(uri.removeprefix(SQLITE))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrackingError(f"the store cannot be made at {path}: {error.strerror}") from error
    return SqliteDatabase(path)


def _lock(uri: str, settings: Settings) -> Path:
    """What keeps two processes from migrating at once."""
    if uri.startswith(SQLITE):
        path = Path(uri.removeprefix(SQLITE))
        return path.with_name(f"{path.name}.lock")
    return settings.home / "store.lock"


def _bring_up_to_date(database: Database, *, uri: str, artifact_root: str, lock: Path) -> None:
    if _version(database) == HEAD:
        return
    try:
        with locked(lock):
            if _version(database) != HEAD:
                # Alembic and SQLAlchemy take 300 ms to import: only a database that needs them pays.
                module = import_module("runner.tracking.database.migrating")
                cast("Callable[[str, str], None]", module.migrate)(uri, artifact_root)
    except OSError as error:
        raise TrackingError(f"the store cannot be made at {database.name}: {error.strerror}") from error


def _version(database: Database) -> str | None:
    """The version of the tables; None for a new database.

    Raises:
        TrackingError: it is somebody else's database, or a newer runner's.
    """
    tables = database.tables()
    if VERSION_TABLE in tables:
        with database.reading() as db:
            ((version,),) = db.execute(f"SELECT version_num FROM {VERSION_TABLE}")
        if version > HEAD:
            raise TrackingError(
                f"{database.name} was written by a newer version of runner (its tables are {version}, ours {HEAD})",
                hint="upgrade runner",
            )
        return str(version)
    if tables:
        kind = "an MLflow database" if "alembic_version" in tables else "a database of something else"
        raise TrackingError(
            f"{database.name} is {kind}", hint="name another file; runner keeps a database of its own"
        )
    return None

"""From a tracking URI to a store that is up to date."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from runner.errors import TrackingError
from runner.files import locked
from runner.settings import Settings
from runner.tracking.database import Database
from runner.tracking.database.sqlite import SQLITE, SqliteDatabase
from runner.tracking.opened import OpenStore
from runner.tracking.sql.store import SqlStore

VERSION_TABLE = "runner_schema_version"  # MLflow's is alembic_version: neither is mistaken for the other
HEAD = "0005"  # the last of migrations/versions; a test keeps it so
DATABRICKS = {"databricks", "databricks-uc", "uc"}
SERVER = ("http://", "https://")
ENGINES = {"sqlite", "postgresql", "postgres", "mysql", "mariadb"}


def open_store(settings: Settings, uri: str | None = None) -> OpenStore:
    """The store at `uri`, or else where the settings say; a server's, or made as needed, and migrated if it is a file.

    Raises:
        TrackingError: not a store that this version can use.
    """
    uri = uri or settings.tracking_uri
    if uri.startswith(SERVER):
        # HTTP takes 30 ms to import: only a store that needs it pays.
        module = import_module("runner.tracking.remote.opening")
        return cast("Callable[[Settings, str], OpenStore]", module.open_remote)(settings, uri)
    return open_database_store(settings, uri)


def open_database_store(settings: Settings, uri: str | None = None) -> SqlStore:
    """The same where it must be a database: for those who serve it, or keep it.

    Raises:
        TrackingError: it is a server, or as above.
    """
    uri = absolute(uri or settings.tracking_uri)
    database = connect(uri)
    try:
        if version_of(database) != HEAD:
            _refuse_shared(database, uri)
            _migrate(database, uri, settings)
    except BaseException:
        database.close()
        raise
    return SqlStore(database, uri=uri, artifact_root=settings.artifact_root)


def upgrade(settings: Settings) -> tuple[str | None, str]:
    """Bring the tables up to date; the version before (None: there were none) and the one now.

    Raises:
        TrackingError: not a store that this version can use, or the database refuses.
    """
    with opened_database(settings) as (database, uri):
        before = version_of(database)
        if before != HEAD:
            _migrate(database, uri, settings)
        return before, HEAD


@contextmanager
def opened_database(settings: Settings) -> Iterator[tuple[Database, str]]:
    """The database that the settings name, as it is, and its URI."""
    uri = absolute(settings.tracking_uri)
    database = connect(uri)
    try:
        yield database, uri
    finally:
        database.close()


def absolute(uri: str) -> str:
    """The URI as it is, but a path in it from the root: programs of a run start in other directories.

    Raises:
        TrackingError: it names no store.
    """
    scheme, colon, place = uri.partition("://")
    if place.strip("/") == ":memory:":
        raise TrackingError(f"{uri!r} would be forgotten at once", hint="for a file write sqlite:///runs.db")
    if uri.startswith(SQLITE) and len(uri) > len(SQLITE):
        return f"{SQLITE}{Path(uri.removeprefix(SQLITE)).expanduser().absolute()}"
    if uri.startswith(SERVER):
        raise TrackingError(f"{_shown(uri)} is a server, no database", hint="name the database behind it")
    if scheme in DATABRICKS:
        raise TrackingError(
            f"{_shown(uri)!r}: Databricks cannot be recorded in",
            hint="its servers speak an API of their own; name an MLflow server, or sqlite:///runs.db",
        )
    if scheme.partition("+")[0] in ENGINES and place.strip("/"):
        return uri
    raise TrackingError(
        f"{_shown(uri)!r} is no tracking URI",
        hint="for a file write sqlite:///runs.db" if colon else f"for a file write sqlite:///{uri}",
    )


def connect(uri: str) -> Database:
    """The database at an absolute URI.

    Raises:
        TrackingError: its driver or its directory is not there.
    """
    if not uri.startswith(SQLITE):
        # SQLAlchemy takes 190 ms to import: only a store that needs it pays.
        return cast("Database", _from("engine").EngineDatabase(uri))
    path = Path(uri.removeprefix(SQLITE))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrackingError(f"the store cannot be made at {path}: {error.strerror}") from error
    return SqliteDatabase(path)


def version_of(database: Database) -> str | None:
    """The version of the tables; None for a new database, and for one whose first tables were not completed.

    Raises:
        TrackingError: it is somebody else's database, or a newer runner's.
    """
    tables = database.tables()
    if VERSION_TABLE in tables:
        with database.reading() as db:
            rows = db.execute(f"SELECT version_num FROM {VERSION_TABLE}")
        version = str(rows[0][0]) if rows else None
        if version is not None and version > HEAD:
            raise TrackingError(
                f"{database.name} was written by a newer version of runner (its tables are {version}, ours {HEAD})",
                hint="upgrade runner",
            )
        return version
    if tables:
        kind = "an MLflow database" if "alembic_version" in tables else "a database of something else"
        raise TrackingError(
            f"{database.name} is {kind}",
            hint="name another file or database; runner keeps one of its own",
        )
    return None


def _refuse_shared(database: Database, uri: str) -> None:
    """Older versions of runner may be at work in the tables of a server."""
    version = version_of(database)
    if version is not None and not uri.startswith("sqlite"):
        raise TrackingError(
            f"the tables of {database.name} are those of an older version of runner ({version}, ours {HEAD})",
            hint="stop the servers that use it, make a backup, then `runner db upgrade`",
        )


def _migrate(database: Database, uri: str, settings: Settings) -> None:
    try:
        with _lock(uri):
            if isinstance(database, SqliteDatabase) and version_of(database) is None:
                make = cast("Callable[[Database, str], None]", _from("making").make)
                make(database, settings.artifact_root)
            if version_of(database) != HEAD:
                # Alembic and SQLAlchemy take 500 ms to import: only a database that needs them pays.
                migrate = cast("Callable[[str, str], None]", _from("migrating").migrate)
                migrate(uri, settings.artifact_root)
    except OSError as error:
        raise TrackingError(f"the store cannot be made at {database.name}: {error.strerror}") from error


def _lock(uri: str) -> AbstractContextManager[object]:
    """What keeps two processes from migrating a file at once; a server has locks of its own."""
    if not uri.startswith(SQLITE):
        return nullcontext()
    path = Path(uri.removeprefix(SQLITE))
    return locked(path.with_name(f"{path.name}.lock"))


def _shown(uri: str) -> str:
    """A URI without what may be a password."""
    scheme, separator, rest = uri.partition("://")
    place = rest.partition("?")[0].rpartition("@")
    return f"{scheme}{separator}{place[2]}" if place[1] else uri


def _from(module: str) -> Any:
    return import_module(f"runner.tracking.database.{module}")

"""From what a person names to where things are moved from, and to."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from runner.errors import UsageError
from runner.settings import Settings
from runner.tracking.database.sqlite import SQLITE
from runner.tracking.moving.adopting import AdoptingTarget
from runner.tracking.moving.files import FilesHolding
from runner.tracking.moving.holding import Holding
from runner.tracking.moving.mlflows import DatabaseHolding
from runner.tracking.moving.places import Places
from runner.tracking.moving.report import Report
from runner.tracking.moving.sending import SendingTarget
from runner.tracking.moving.stores import StoreHolding
from runner.tracking.moving.target import Target
from runner.tracking.moving.writing import WritingTarget
from runner.tracking.opening import SERVER, open_store
from runner.tracking.sql.store import SqlStore

KINDS = "a directory `mlruns`, a database (sqlite:///mlflow.db, postgresql://...), or a server (http://...)"


def open_mlflow(place: str, settings: Settings, report: Report, *, artifacts: str | None) -> Holding:
    """What to import from; `artifacts` is where the files are, if the store does not say it so that we may go there.

    Raises:
        RunnerError: there is no store of MLflow's.
    """
    if place.startswith(SERVER):
        return StoreHolding(open_store(settings, place))
    directory = _directory(place)
    if directory is None:
        own = Path(place.removeprefix(SQLITE)).absolute().parent if place.startswith(SQLITE) else None
        return DatabaseHolding(place, Places(own, artifacts), report)
    if not directory.is_dir():
        raise UsageError(f"there is no directory {directory}", hint=f"name {KINDS}")
    if not any(directory.glob("*/meta.yaml")):
        nested = directory / "mlruns"
        hint = f"did you mean {nested}?" if nested.is_dir() else f"name {KINDS}"
        raise UsageError(f"{directory} holds no experiments of MLflow's", hint=hint)
    return FilesHolding(directory, Places(directory.resolve(), artifacts), report)


def open_own(settings: Settings, report: Report) -> tuple[Holding, Target]:
    """Our store, to be read from and written to."""
    store = open_store(settings)
    if isinstance(store, SqlStore):
        return StoreHolding(store), AdoptingTarget(store, report)
    return StoreHolding(store), SendingTarget(store, report)


def open_export(place: str, settings: Settings, report: Report) -> Target:
    """What to export to.

    Raises:
        RunnerError: it is not there, or of no kind that we write.
    """
    if place.startswith(SERVER):
        return SendingTarget(open_store(settings, place), report)
    directory = _directory(place)
    if directory is None:
        raise UsageError(
            f"{urlsplit(place).scheme} databases of MLflow's are not written to",
            hint="export to a server that uses it (http://...), or to a directory",
        )
    return WritingTarget(directory, report)


def _directory(place: str) -> Path | None:
    """The directory that a path or a file URI names; None for a database."""
    if place.startswith("file:"):
        return Path(unquote(urlsplit(place).path)).absolute()
    return None if "://" in place else Path(place).expanduser().absolute()

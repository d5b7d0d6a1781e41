"""What was marked deleted, and is to be forgotten for ever: rows of runs, logged models and experiments.

What a version in the model registry was made from stays: `held` names the version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from runner.errors import Conflict
from runner.tracking.database import Connection, Database
from runner.tracking.sql.repeating import repeating

Kind: TypeAlias = Literal["run", "model", "experiment"]

TABLES = {"run": "runner_runs", "model": "runner_logged_models", "experiment": "runner_experiments"}
VERSION = "(SELECT MIN(m.name) FROM runner_model_versions v JOIN runner_registered_models m ON m.id = v.model WHERE {})"
OLD = "{0}.lifecycle = 'deleted' AND {0}.deleted < :before"
OF_OLD_EXPERIMENT = (
    "EXISTS (SELECT 1 FROM runner_experiments e"
    " WHERE e.id = {0}.experiment AND e.lifecycle = 'deleted' AND e.updated < :before)"
)
PLACES = (
    ("runner_runs", "artifact_uri"),
    ("runner_logged_models", "artifact_uri"),
    ("runner_experiments", "artifact_location"),
    ("runner_model_versions", "source"),
    ("runner_model_versions", "location"),
)
UNUSED_DATASETS = (
    "NOT EXISTS (SELECT 1 FROM runner_inputs i WHERE i.dataset = runner_datasets.id)"
    " AND NOT EXISTS (SELECT 1 FROM runner_logged_model_metrics g WHERE g.dataset = runner_datasets.id)"
)


@dataclass(frozen=True, slots=True)
class Deleted:
    """One of them; `held` is the registered model that needs it, or "". An experiment has no artifacts of its own."""

    kind: Kind
    id: str
    name: str
    artifact_uri: str
    held: str


@repeating
class SqlTrash:
    """The deleted things of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def deleted(self, before: int) -> Sequence[Deleted]:
        """What was deleted before that moment (ms): runs and logged models first, then the experiments that held them."""
        with self._database.reading() as db:
            return [*_runs(db, before), *_models(db, before), *_experiments(db, before)]

    def purge(self, item: Deleted) -> None:
        """Forget it with all that hangs on it.

        Raises:
            Conflict: it has been restored meanwhile, or a registered model needs it, or it holds others.
        """
        with self._database.transaction() as db:
            _confirm(db, item)
            if item.kind == "model":
                db.execute("DELETE FROM runner_run_models WHERE model_uuid = :id", {"id": item.id})
            if item.kind == "experiment":
                _refuse_full(db, item)
            column, value = ("id", int(item.id)) if item.kind == "experiment" else ("uuid", item.id)
            db.execute(f"DELETE FROM {TABLES[item.kind]} WHERE {column} = :id", {"id": value})

    def confirm(self, item: Deleted) -> None:
        """Nothing, as long as it may go.

        Raises:
            Conflict: it has been restored meanwhile, or a registered model needs it.
        """
        with self._database.reading() as db:
            _confirm(db, item)

    def empty(self, experiment: Deleted, place: str) -> bool:
        """Whether that URI is the experiment's, and nothing that is known lies below: as a run that has moved away would."""
        own = {"id": int(experiment.id), "place": place}
        with self._database.reading() as db:
            return bool(
                db.execute(
                    "SELECT 1 FROM runner_experiments WHERE id = :id AND artifact_location = :place", own
                )
            ) and not any(_below(db, place, table, column) for table, column in PLACES)

    def unused_datasets(self) -> int:
        """How many data sets no run and no metric names any more."""
        with self._database.reading() as db:
            return _unused(db)

    def purge_unused_datasets(self) -> int:
        """Forget them; how many there were."""
        with self._database.transaction() as db:
            count = _unused(db)
            db.execute(f"DELETE FROM runner_datasets WHERE {UNUSED_DATASETS}")
            return count


def _runs(db: Connection, before: int) -> list[Deleted]:
    rows = db.execute(
        f"SELECT r.uuid, r.name, r.artifact_uri, {VERSION.format('v.run_uuid = r.uuid')} FROM runner_runs r"
        f" WHERE {OLD.format('r')} ORDER BY r.id",
        {"before": before},
    )
    return [Deleted("run", uuid, name, uri, held or "") for uuid, name, uri, held in rows]


def _models(db: Connection, before: int) -> list[Deleted]:
    """Those too that went with their experiment."""
    rows = db.execute(
        f"SELECT l.uuid, l.name, l.artifact_uri, {VERSION.format('v.model_uuid = l.uuid')} FROM runner_logged_models l"
        f" WHERE ({OLD.format('l')}) OR {OF_OLD_EXPERIMENT.format('l')} ORDER BY l.id",
        {"before": before},
    )
    return [Deleted("model", uuid, name, uri, held or "") for uuid, name, uri, held in rows]


def _experiments(db: Connection, before: int) -> list[Deleted]:
    """Not those that hold a run which stays."""
    rows = db.execute(
        "SELECT e.id, e.name FROM runner_experiments e WHERE e.lifecycle = 'deleted' AND e.updated < :before"
        f" AND NOT EXISTS (SELECT 1 FROM runner_runs r WHERE r.experiment = e.id AND NOT ({OLD.format('r')}))"
        " ORDER BY e.id",
        {"before": before},
    )
    return [Deleted("experiment", str(number), name, "", "") for number, name in rows]


def _confirm(db: Connection, item: Deleted) -> None:
    """A model may also have gone with its experiment."""
    if item.held:
        raise Conflict(f"the registered model {item.held!r} has a version made from it")
    alive = {
        "run": "SELECT 1 FROM runner_runs WHERE uuid = :id AND lifecycle = 'active'",
        "model": "SELECT 1 FROM runner_logged_models l JOIN runner_experiments e ON e.id = l.experiment"
        " WHERE l.uuid = :id AND l.lifecycle = 'active' AND e.lifecycle = 'active'",
        "experiment": "SELECT 1 FROM runner_experiments WHERE id = :id AND lifecycle = 'active'",
    }
    value = int(item.id) if item.kind == "experiment" else item.id
    if db.execute(alive[item.kind], {"id": value}):
        raise Conflict("it has been restored meanwhile")


def _refuse_full(db: Connection, item: Deleted) -> None:
    for table in ("runner_runs", "runner_logged_models"):
        if db.execute(f"SELECT 1 FROM {table} WHERE experiment = :id", {"id": int(item.id)}):
            raise Conflict("it holds runs or models that stay")


def _unused(db: Connection) -> int:
    ((count,),) = db.execute(f"SELECT COUNT(*) FROM runner_datasets WHERE {UNUSED_DATASETS}")
    return int(count)


def _below(db: Connection, place: str, table: str, column: str) -> bool:
    """LIKE would take a `_` in it for any letter."""
    inside = f"{place}/"
    statement = f"SELECT 1 FROM {table} WHERE SUBSTR({column}, 1, {len(inside)}) = :inside LIMIT 1"
    return bool(db.execute(statement, {"inside": inside}))

"""What things that come from another store were there: ids, numbers and times, put in place of those just made here.

Everything else about them is recorded as always; so this knows columns, and no rules.
"""

from runner.tracking.database import Database
from runner.tracking.logged_models import LoggedModel
from runner.tracking.model import Experiment, Run
from runner.tracking.registry import ModelVersion, RegisteredModel


class Past:
    """Each method is one transaction; `made` is what the store called the thing when it made it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def experiment(self, found: Experiment, made: str) -> None:
        """Give it its times."""
        self._update(
            "runner_experiments SET created = :created, updated = :updated WHERE id = :made",
            created=found.created,
            updated=found.updated,
            made=int(made),
        )

    def run(self, found: Run, made: Run) -> None:
        """Give it its id, the place of its artifacts that goes with it, and its end."""
        self._update(
            "runner_runs SET uuid = :uuid, artifact_uri = :artifact_uri, started = :started, ended = :ended"
            " WHERE uuid = :made",
            uuid=found.id,
            artifact_uri=made.artifact_uri.replace(made.id, found.id),
            started=found.started,
            ended=found.ended,
            made=made.id,
        )

    def model(self, found: LoggedModel, made: LoggedModel) -> None:
        """Give it its id, the place of its files that goes with it, its status and times."""
        self._update(
            "runner_logged_models SET uuid = :uuid, artifact_uri = :artifact_uri, status = :status,"
            " created = :created, updated = :updated WHERE uuid = :made",
            uuid=found.id,
            artifact_uri=made.artifact_uri.replace(made.id, found.id),
            status=found.status.value,
            created=found.created,
            updated=found.updated,
            made=made.id,
        )

    def registered(self, found: RegisteredModel) -> None:
        """Give it its times."""
        self._update(
            "runner_registered_models SET created = :created, updated = :updated WHERE name = :name",
            created=found.created,
            updated=found.updated,
            name=found.name,
        )

    def before(self, version: ModelVersion) -> None:
        """See to it that the next version of that model gets this one's number."""
        self._update(
            "runner_registered_models SET last_version = :last WHERE name = :name AND last_version < :last",
            last=version.version - 1,
            name=version.model,
        )

    def version(self, found: ModelVersion) -> None:
        """Give it its stage and times."""
        self._update(
            "runner_model_versions SET stage = :stage, created = :created, updated = :updated WHERE version = :version"
            " AND model = (SELECT id FROM runner_registered_models WHERE name = :name)",
            stage=found.stage.value,
            created=found.created,
            updated=found.updated,
            version=found.version,
            name=found.model,
        )

    def _update(self, statement: str, **values: object) -> None:
        with self._database.transaction() as db:
            db.execute(f"UPDATE {statement}", values)

"""MLflow's database, of version 1.30 or later: read with the tables and columns that it has."""

import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from runner.errors import TrackingError, Unavailable
from runner.tracking.database.servers import server_of
from runner.tracking.database.sqlite import SQLITE
from runner.tracking.logged_models import LoggedModel, ModelMetric
from runner.tracking.model import Dataset, DatasetInput, Experiment, Metric, ModelOutput, Run
from runner.tracking.moving import meanings
from runner.tracking.moving.places import Places
from runner.tracking.moving.report import Report
from runner.tracking.opened import ArtifactStore
from runner.tracking.registry import ModelVersion, RegisteredModel

ROWS = 1000  # fetched at once
OURS, THEIRS = "default", "workspace"
Row = Mapping[str, Any]
T = TypeVar("T")


class DatabaseHolding:
    """See `holding.Holding`.

    Raises:
        TrackingError: it is no database of MLflow's.
    """

    def __init__(self, uri: str, places: Places, report: Report) -> None:
        self._places = places
        self._report = report
        self._engine = _engine(uri)
        self._tables = sqlalchemy.MetaData()
        try:
            self._tables.reflect(self._engine)
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise TrackingError(f"the database cannot be read: {str(error).partition(chr(10))[0]}") from error
        if "alembic_version" not in self._tables.tables or "experiments" not in self._tables.tables:
            raise TrackingError("it is no database of MLflow's: it has no experiments")

    def close(self) -> None:
        self._engine.dispose()

    def experiments(self) -> Iterator[Experiment]:
        for row in self._rows("experiments", order="experiment_id"):
            yield from self._read("experiment", row, "name", self._experiment)

    def runs(self, experiment: Experiment) -> Iterator[Run]:
        for row in self._rows("runs", order="start_time", experiment_id=int(experiment.id)):
            yield from self._read("run", row, "run_uuid", self._run)

    def points(self, run: Run) -> Iterator[Metric]:
        for row in self._rows("metrics", run_uuid=run.id):
            value = math.nan if row["is_nan"] else row["value"]
            yield Metric(row["key"], value, row["timestamp"], row["step"])

    def models(self, experiment: Experiment) -> Iterator[LoggedModel]:
        for row in self._rows(
            "logged_models", order="creation_timestamp_ms", experiment_id=int(experiment.id)
        ):
            yield from self._read("model", row, "model_id", self._model)

    def registered(self) -> Iterator[RegisteredModel]:
        for row in self._rows("registered_models", order="name"):
            yield from self._read("registered model", row, "name", self._registered)

    def versions(self, model: RegisteredModel) -> Iterator[ModelVersion]:
        for row in self._rows("model_versions", order="version", name=model.name):
            yield from self._read(f"a version of {model.name!r}:", row, "version", self._version)

    def artifacts(self, uri: str, *, among: str) -> ArtifactStore:  # noqa: ARG002 - the URI says it
        return self._places.artifacts(uri)

    def _rows(self, name: str, /, *, order: str = "", **where: Any) -> Iterator[Row]:
        """Rows of a table, if there is one, whose columns have these values."""
        table = self._tables.tables.get(name)
        if table is None:
            return
        statement = sqlalchemy.select(table).where(
            *(table.c[column] == value for column, value in where.items())
        )
        if order:
            statement = statement.order_by(table.c[order])
        try:
            with self._engine.connect() as connection:
                found = connection.execution_options(yield_per=ROWS).execute(statement)
                yield from map(dict, found.mappings())
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise Unavailable(f"the database cannot be read: {str(error).partition(chr(10))[0]}") from error

    def _pairs(self, table: str, key: str, value: str, /, **where: Any) -> dict[str, str]:
        return {
            str(row[key]): "" if row[value] is None else str(row[value]) for row in self._rows(table, **where)
        }

    def _read(self, what: str, row: Row, name: str, read: Callable[[Row], T]) -> Iterator[T]:
        with self._report.leaving(f"{what} {row[name]}"):
            if row.get(THEIRS) not in {None, OURS}:
                raise TrackingError(f"it is in the workspace {row[THEIRS]!r}")
            yield read(row)

    def _experiment(self, row: Row) -> Experiment:
        number = row["experiment_id"]
        return Experiment(
            id=str(number),
            name=row["name"],
            artifact_location=row["artifact_location"] or "",
            lifecycle=meanings.lifecycle(row["lifecycle_stage"]),
            created=row.get("creation_time") or 0,
            updated=row.get("last_update_time") or 0,
            tags=self._pairs("experiment_tags", "key", "value", experiment_id=number),
        )

    def _run(self, row: Row) -> Run:
        id_ = row["run_uuid"]
        tags = self._pairs("tags", "key", "value", run_uuid=id_)
        return Run(
            id=id_,
            name=row["name"] or tags.get("mlflow.runName", ""),
            experiment_id=str(row["experiment_id"]),
            status=meanings.run_status(row["status"]),
            artifact_uri=row["artifact_uri"] or "",
            user=row["user_id"] or "",
            started=row["start_time"],
            ended=row["end_time"],
            lifecycle=meanings.lifecycle(row["lifecycle_stage"]),
            params=self._pairs("params", "key", "value", run_uuid=id_),
            tags=tags,
            datasets=tuple(self._datasets(id_)),
            models_used=tuple(
                link["destination_id"]
                for link in self._rows(
                    "inputs", source_id=id_, source_type="RUN_INPUT", destination_type="MODEL_INPUT"
                )
            ),
            models_made=tuple(
                ModelOutput(link["destination_id"], link["step"])
                for link in self._rows(
                    "inputs", source_id=id_, source_type="RUN_OUTPUT", destination_type="MODEL_OUTPUT"
                )
            ),
        )

    def _datasets(self, run_id: str) -> Iterator[DatasetInput]:
        for link in self._rows(
            "inputs", destination_id=run_id, source_type="DATASET", destination_type="RUN"
        ):
            for row in self._rows("datasets", dataset_uuid=link["source_id"]):
                dataset = Dataset(
                    name=row["name"],
                    digest=row["digest"],
                    source_type=row["dataset_source_type"],
                    source=row["dataset_source"],
                    schema=row["dataset_schema"],
                    profile=row["dataset_profile"],
                )
                yield DatasetInput(
                    dataset, self._pairs("input_tags", "name", "value", input_uuid=link["input_uuid"])
                )

    def _model(self, row: Row) -> LoggedModel:
        id_ = row["model_id"]
        return LoggedModel(
            id=id_,
            experiment_id=str(row["experiment_id"]),
            name=row["name"],
            artifact_uri=row["artifact_location"],
            status=meanings.model_status(row["status"]),
            created=row["creation_timestamp_ms"],
            updated=row["last_updated_timestamp_ms"],
            type=row["model_type"] or "",
            source_run_id=row["source_run_id"] or "",
            lifecycle=meanings.lifecycle(row["lifecycle_stage"]),
            params=self._pairs("logged_model_params", "param_key", "param_value", model_id=id_),
            tags=self._pairs("logged_model_tags", "tag_key", "tag_value", model_id=id_),
            metrics=tuple(self._measured(id_)),
        )

    def _measured(self, model_id: str) -> Iterator[ModelMetric]:
        for row in self._rows("logged_model_metrics", model_id=model_id):
            value = math.nan if row["metric_value"] is None else row["metric_value"]
            point = Metric(
                row["metric_name"], value, row["metric_timestamp_ms"], row["metric_step"], model_id,
                row["dataset_name"] or None, row["dataset_digest"] or None,
            )  # fmt: skip
            yield ModelMetric(point, row["run_id"])

    def _registered(self, row: Row) -> RegisteredModel:
        name = row["name"]
        aliases = self._pairs("registered_model_aliases", "alias", "version", name=name)
        return RegisteredModel(
            name=name,
            created=row["creation_time"] or 0,
            updated=row["last_updated_time"] or 0,
            description=row["description"] or "",
            tags=self._pairs("registered_model_tags", "key", "value", name=name),
            aliases={alias: int(version) for alias, version in aliases.items()},
        )

    def _version(self, row: Row) -> ModelVersion:
        source = row["source"] or ""
        hit = source.removeprefix("models:/") if source.startswith("models:/m-") else ""
        return ModelVersion(
            model=row["name"],
            version=row["version"],
            created=row["creation_time"] or 0,
            updated=row["last_updated_time"] or 0,
            source=source,
            location=row.get("storage_location") or source,
            stage=meanings.stage(row["current_stage"]),
            description=row["description"] or "",
            run_id=row["run_id"] or "",
            run_link=row["run_link"] or "",
            model_id=hit,
            user=row["user_id"] or "",
            tags=self._pairs("model_version_tags", "key", "value", name=row["name"], version=row["version"]),
        )


def _engine(uri: str) -> sqlalchemy.Engine:
    if uri.startswith(SQLITE):
        path = Path(uri.removeprefix(SQLITE)).absolute()
        if not path.is_file():
            raise TrackingError(f"there is no database at {path}")
        place = f"file:{quote(str(path))}?mode=ro"
        return sqlalchemy.create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(place, uri=True), poolclass=sqlalchemy.NullPool
        )
    url = sqlalchemy.make_url(uri)
    return sqlalchemy.create_engine(url.set(drivername=server_of(url.drivername).driver))

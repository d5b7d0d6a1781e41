"""MLflow's store in files, the directory `mlruns`.

    <experiment>/meta.yaml, tags/<key>, datasets/<id>/meta.yaml
    <experiment>/<run>/meta.yaml, params/<key>, tags/<key>, metrics/<key>: lines "time value step"
    <experiment>/<run>/inputs/<id>/meta.yaml, outputs/<id>/meta.yaml, artifacts/
    <experiment>/models/<id>/meta.yaml, params, tags, metrics: lines "time value step run [data set, digest]", artifacts/
    .trash/<experiment>/...                                      deleted experiments
    models/<name>/meta.yaml, tags, aliases, version-<n>/...      file_registry.py

Keys are paths below their directory. Whatever leads out of the directory is left out.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from runner.tracking.artifacts import Artifacts, safe
from runner.tracking.logged_models import LoggedModel, ModelMetric
from runner.tracking.model import Dataset, DatasetInput, Experiment, Metric, ModelOutput, Run
from runner.tracking.moving import meanings
from runner.tracking.moving.fields import META, Fields, directories, files, inside, values
from runner.tracking.moving.file_registry import FileRegistry
from runner.tracking.moving.places import Places
from runner.tracking.moving.report import Report
from runner.tracking.opened import ArtifactStore

TRASH = ".trash"
LONGEST_LINE = 4096
T = TypeVar("T")


class FilesHolding:
    """See `holding.Holding`."""

    def __init__(self, root: Path, places: Places, report: Report) -> None:
        self._root = root.resolve()
        self._places = places
        self._report = report
        self._owners: dict[str, Path] = {}  # directories of experiments, runs, models by their ids
        registry = FileRegistry(self._root, report)
        self.registered, self.versions = registry.registered, registry.versions

    def experiments(self) -> Iterator[Experiment]:
        for directory in (*directories(self._root), *directories(self._root / TRASH)):
            if directory.name not in {"models", TRASH}:
                yield from self._read(directory, "experiment", self._experiment)

    def runs(self, experiment: Experiment) -> Iterator[Run]:
        for directory in directories(self._owners[experiment.id]):
            if directory.name not in {"models", "datasets", "tags", "traces"}:
                yield from self._read(directory, "run", self._run)

    def models(self, experiment: Experiment) -> Iterator[LoggedModel]:
        for directory in directories(self._owners[experiment.id] / "models"):
            yield from self._read(directory, "model", self._model)

    def points(self, run: Run) -> Iterator[Metric]:
        return self._lines(self._owners[run.id], _point)

    def artifacts(self, uri: str, *, among: str) -> ArtifactStore:
        """Those beside the run, where they most often are: the URI says where they were when it was written."""
        beside = self._owners[among] / "artifacts"
        if beside.is_dir():
            return Artifacts(inside(self._root, beside).as_uri())
        return self._places.artifacts(uri)

    def close(self) -> None:
        """Nothing is open."""

    def _read(self, directory: Path, what: str, read: Callable[[Path, Fields], T]) -> Iterator[T]:
        with self._report.leaving(f"{what} {directory.name}"):
            if (directory / META).exists():
                yield read(directory, Fields(self._root, directory / META))

    def _experiment(self, directory: Path, fields: Fields) -> Experiment:
        self._owners[directory.name] = directory
        return Experiment(
            id=directory.name,
            name=fields.text("name"),
            artifact_location=fields.text("artifact_location"),
            lifecycle=meanings.lifecycle(fields.text("lifecycle_stage")),
            created=fields.number("creation_time") or 0,
            updated=fields.number("last_update_time") or 0,
            tags=self._values(directory / "tags"),
        )

    def _run(self, directory: Path, fields: Fields) -> Run:
        self._owners[directory.name] = directory
        tags = self._values(directory / "tags")
        return Run(
            id=directory.name,
            name=fields.text("run_name") or tags.get("mlflow.runName", ""),
            experiment_id=directory.parent.name,
            status=meanings.run_status(fields.text("status")),
            artifact_uri=fields.text("artifact_uri"),
            user=fields.text("user_id"),
            started=fields.number("start_time"),
            ended=fields.number("end_time"),
            lifecycle=meanings.lifecycle(fields.text("lifecycle_stage")),
            params=self._values(directory / "params"),
            tags=tags,
            datasets=tuple(self._datasets(directory)),
            models_used=tuple(link.text("source_id") for link in self._links(directory / "inputs", "MODEL")),
            models_made=tuple(
                ModelOutput(link.text("destination_id"), link.number("step") or 0)
                for link in self._links(directory / "outputs", "RUN_OUTPUT")
            ),
        )

    def _model(self, directory: Path, fields: Fields) -> LoggedModel:
        self._owners[directory.name] = directory
        return LoggedModel(
            id=directory.name,
            experiment_id=directory.parents[1].name,
            name=fields.text("name"),
            artifact_uri=fields.text("artifact_location"),
            status=meanings.model_status(fields.number("status")),
            created=fields.number("creation_timestamp") or 0,
            updated=fields.number("last_updated_timestamp") or 0,
            type=fields.text("model_type"),
            source_run_id=fields.text("source_run_id"),
            lifecycle=meanings.lifecycle(fields.text("lifecycle_stage")),
            params=self._values(directory / "params"),
            tags=self._values(directory / "tags"),
            metrics=tuple(self._lines(directory, partial(_measured, directory.name))),
        )

    def _datasets(self, directory: Path) -> Iterator[DatasetInput]:
        for link in self._links(directory / "inputs", "DATASET"):
            with self._report.leaving(f"a data set of run {directory.name}"):
                fields = Fields(
                    self._root, directory.parent / "datasets" / safe(link.text("source_id")) / META
                )
                dataset = Dataset(
                    name=fields.text("name"),
                    digest=fields.text("digest"),
                    source_type=fields.text("source_type"),
                    source=fields.text("source"),
                    schema=fields.text("schema") or None,
                    profile=fields.text("profile") or None,
                )
                yield DatasetInput(dataset, link.texts("tags"))

    def _links(self, directory: Path, kind: str) -> Iterator[Fields]:
        for link in directories(directory):
            with self._report.leaving(f"{link.parent.name}/{link.name} of run {directory.parent.name}"):
                fields = Fields(self._root, link / META)
                if fields.text("source_type") == kind:
                    yield fields

    def _values(self, directory: Path) -> dict[str, str]:
        return values(self._root, directory, self._report)

    def _lines(self, directory: Path, parse: Callable[[str, list[str]], T]) -> Iterator[T]:
        """What each line of each metric says."""
        for path in files(directory / "metrics"):
            key = path.relative_to(directory / "metrics").as_posix()
            what = f"metric {key!r} of {directory.name}"
            with self._report.leaving(what), inside(self._root, path).open() as lines:
                for number, line in enumerate(iter(partial(lines.readline, LONGEST_LINE), ""), start=1):
                    with self._report.leaving(f"line {number} of {what}"):
                        yield parse(key, line.rstrip("\n").split(" ", 4))


def _point(key: str, words: list[str]) -> Metric:
    time, value, *step = words
    return Metric(key, float(value), int(time), int(step[0]) if step else 0)


def _measured(model_id: str, key: str, words: list[str]) -> ModelMetric:
    time, value, step, run_id, *dataset = words
    name, _, digest = dataset[0].rpartition(" ") if dataset else ("", "", "")
    point = Metric(key, float(value), int(time), int(step), model_id, name or None, digest or None)
    return ModelMetric(point, run_id)

"""MLflow's store in files, written: what `files.py` reads. Clients from 1.30 on open it; 3.17 asks for MLFLOW_ALLOW_FILE_STORE=true.

An experiment keeps its id; a run and a model theirs. `meta.yaml` is written last, so that what was interrupted is not taken
for whole.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from runner.errors import Conflict
from runner.files import write_atomically
from runner.tracking.artifacts import Artifacts, safe
from runner.tracking.logged_models import LoggedModel
from runner.tracking.model import Dataset, Experiment, Lifecycle, Metric, Run
from runner.tracking.moving.fields import META, Fields
from runner.tracking.moving.meanings import MODEL, NUMBERED
from runner.tracking.moving.report import Outcome, Report
from runner.tracking.opened import ArtifactStore
from runner.tracking.registry import ModelVersion, RegisteredModel
from runner.tracking.statuses import MEANT, TOLD

LOCAL = 4  # MLflow's number for "somebody's machine"
NUMBER = {status: number for number, status in NUMBERED.items()}
STATUS = {status: NUMBER[MEANT[word]] for status, word in TOLD.items()}
MODEL_STATUS = {status: number for number, status in MODEL.items()}


class WritingTarget:
    """See `target.Target`."""

    def __init__(self, root: Path, report: Report) -> None:
        self._root = root
        self._report = report
        self._experiments: dict[str, Path] = {}
        self._gone: set[str] = set()

    def close(self) -> None:
        """Nothing is open."""

    # experiments ------------------------------------------------------------------------------------------
    def experiment(self, found: Experiment) -> Outcome:
        place = self._root / safe(found.id)
        trash = self._root / ".trash" / found.id
        known = trash if trash.exists() else place
        self._experiments[found.id] = known
        self._same_name(known, found)
        for key, value in found.tags.items():
            _write(known / "tags" / safe(key), value)
        written = {
            "artifact_location": place.as_uri(),
            "creation_time": found.created,
            "experiment_id": found.id,
            "last_update_time": found.updated,
            "lifecycle_stage": found.lifecycle.value,
            "name": found.name,
        }
        return _meta(known, written)

    def _same_name(self, place: Path, found: Experiment) -> None:
        if (place / META).exists():
            name = Fields(self._root, place / META).text("name")
            if name != found.name:
                raise Conflict(f"{place} is the experiment {name!r}")

    def end_of(self, found: Experiment) -> None:
        place = self._experiments[found.id]
        if found.lifecycle is Lifecycle.DELETED and place.parent == self._root:
            trash = self._root / ".trash"
            trash.mkdir(exist_ok=True)
            self._experiments[found.id] = place.rename(trash / place.name)

    # runs -------------------------------------------------------------------------------------------------
    def run(self, found: Run, points: Iterable[Metric]) -> Outcome:
        place = self._experiments[found.experiment_id] / safe(found.id)
        if (place / META).exists() and _settled(Fields(self._root, place / META), found):
            return Outcome.THERE
        _texts(place / "params", found.params)
        _texts(place / "tags", found.tags)
        _points(place / "metrics", points)
        for item in found.datasets:
            self._dataset(place, item.dataset, item.tags)
        (place / "artifacts").mkdir(parents=True, exist_ok=True)
        return _meta(place, _of_run(found, place))

    def _dataset(self, run: Path, dataset: Dataset, tags: Mapping[str, str]) -> None:
        id_ = hashlib.md5(f"{dataset.name}\0{dataset.digest}".encode(), usedforsecurity=False).hexdigest()
        names = ("name", "digest", "source_type", "source", "schema", "profile")
        _meta(run.parent / "datasets" / id_, {name: getattr(dataset, name) for name in names})
        link = _link(id_, "DATASET", run.name, "RUN") | {"tags": dict(tags)}
        _meta(run / "inputs" / hashlib.md5(id_.encode(), usedforsecurity=False).hexdigest(), link)

    def tied(self, found: Run) -> None:
        place = self._experiments[found.experiment_id] / found.id
        for model in found.models_used:
            _meta(place / "inputs" / safe(model), _link(model, "MODEL", found.id, "RUN"))
        for made in found.models_made:
            link = _link(made.model_id, "RUN_OUTPUT", made.model_id, "MODEL_OUTPUT") | {"step": made.step}
            _meta(place / "outputs" / safe(made.model_id), link)

    # models -----------------------------------------------------------------------------------------------
    def model(self, found: LoggedModel) -> Outcome:
        place = self._model(found)
        _texts(place / "params", found.params)
        _texts(place / "tags", found.tags)
        (place / "artifacts").mkdir(parents=True, exist_ok=True)
        written = {
            "artifact_location": (place / "artifacts").as_uri(),
            "creation_timestamp": found.created,
            "experiment_id": found.experiment_id,
            "last_updated_timestamp": found.updated,
            "model_id": found.id,
            "model_type": found.type or None,
            "name": found.name,
            "source_run_id": found.source_run_id or None,
            "status": MODEL_STATUS[found.status],
            "status_message": None,
        }
        return _meta(place, written)

    def measured(self, found: LoggedModel) -> None:
        lines: dict[str, list[str]] = {}
        for one in found.metrics:
            point = one.metric
            words = [_line(point), one.run_id]
            if point.dataset_name:
                words += [point.dataset_name, point.dataset_digest or ""]
            lines.setdefault(point.key, []).append(" ".join(words))
        for key, written in lines.items():
            _write(self._model(found) / "metrics" / safe(key), "\n".join(written) + "\n")

    def _model(self, found: LoggedModel) -> Path:
        return self._experiments[found.experiment_id] / "models" / safe(found.id)

    # the registry -----------------------------------------------------------------------------------------
    def registered(self, found: RegisteredModel) -> Outcome:
        place = self._root / "models" / safe(found.name)
        _texts(place / "tags", found.tags)
        _texts(place / "aliases", {alias: str(version) for alias, version in found.aliases.items()})
        written = {
            "aliases": {alias: str(version) for alias, version in found.aliases.items()},
            "creation_timestamp": found.created,
            "description": found.description or None,
            "last_updated_timestamp": found.updated,
            "name": found.name,
        }
        return _meta(place, written)

    def version(self, found: ModelVersion) -> Outcome:
        place = self._root / "models" / safe(found.model) / f"version-{found.version}"
        _texts(place / "tags", found.tags)
        location = self._location(found)
        written = {
            "creation_timestamp": found.created,
            "current_stage": found.stage.value,
            "description": found.description or None,
            "last_updated_timestamp": found.updated,
            "model_id": found.model_id or None,
            "name": found.model,
            "run_id": found.run_id or None,
            "run_link": found.run_link or None,
            "source": found.source if found.source.startswith("models:") else location,
            "status": "READY",
            "status_message": None,
            "storage_location": location,
            "user_id": found.user or None,
            "version": found.version,
        }
        return _meta(place, written)

    def _location(self, found: ModelVersion) -> str:
        """Where its files are now: those of runs and models have moved with them."""
        for owner, part in ((found.model_id, "models/"), (found.run_id, "")):
            for place in self._experiments.values():
                files = place / f"{part}{owner}" / "artifacts"
                _, _, rest = (found.location or found.source).partition(f"{owner}/artifacts")
                if owner and files.is_dir():
                    return files.as_uri() + rest
        return found.location or found.source

    def end_of_line(self, found: RegisteredModel) -> None:
        """Aliases are written with the model."""

    def artifacts(self, found: Run | LoggedModel) -> ArtifactStore:
        part = "" if isinstance(found, Run) else "models/"
        return Artifacts(
            (self._experiments[found.experiment_id] / f"{part}{found.id}" / "artifacts").as_uri()
        )


def _of_run(found: Run, place: Path) -> dict[str, Any]:
    deleted = {"deleted_time": found.ended or found.started} if found.lifecycle is Lifecycle.DELETED else {}
    return deleted | {
        "artifact_uri": (place / "artifacts").as_uri(),
        "end_time": found.ended,
        "entry_point_name": "",
        "experiment_id": found.experiment_id,
        "lifecycle_stage": found.lifecycle.value,
        "run_id": found.id,
        "run_name": found.name,
        "run_uuid": found.id,
        "source_name": "",
        "source_type": LOCAL,
        "source_version": "",
        "start_time": found.started,
        "status": STATUS[found.status],
        "tags": [],
        "user_id": found.user,
    }


def _settled(written: Fields, found: Run) -> bool:
    return (written.number("status"), written.number("end_time")) == (STATUS[found.status], found.ended)


def _link(source: str, source_type: str, destination: str, destination_type: str) -> dict[str, Any]:
    return {
        "destination_id": destination,
        "destination_type": destination_type,
        "source_id": source,
        "source_type": source_type,
        "tags": {},
    }


def _meta(place: Path, written: Mapping[str, Any]) -> Outcome:
    """Write the `meta.yaml` of a thing, if it says something else."""
    path, text = place / META, yaml.safe_dump(dict(written), allow_unicode=True)
    if path.is_file():
        if path.read_text() == text:
            return Outcome.THERE
        write_atomically(path, text)
        return Outcome.CONTINUED
    write_atomically(path, text)
    return Outcome.CAME


def _texts(directory: Path, values: Mapping[str, str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for key, value in values.items():
        _write(directory / safe(key), value)


def _points(directory: Path, points: Iterable[Metric]) -> None:
    """Points of a key come together; a file is written anew."""
    directory.mkdir(parents=True, exist_ok=True)
    begun: set[str] = set()
    for point in points:
        path = directory / safe(point.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if point.key in begun else "w") as file:
            file.write(f"{_line(point)}\n")
        begun.add(point.key)


def _line(point: Metric) -> str:
    value = "nan" if math.isnan(point.value) else repr(point.value)
    return f"{point.time} {value} {point.step}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

"""Runs with results, recorded in a real store, and the results of two of them held against each other."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

from runner.launch.plan import Plan, PlannedEnvironment, PlannedSource
from runner.records.model import Recorded
from runner.records.models import models_of
from runner.reproduction.comparing import compare
from runner.reproduction.model import Compared, Tolerance
from runner.settings import Settings
from runner.tracking import OpenStore, open_store
from runner.tracking.model import Metric, ModelOutput, RunStatus

PLAN = Plan(
    source=PlannedSource(kind="directory", uri="file:///demo"),
    entry_point="main",
    command="true",
    environment=PlannedEnvironment(kind="system"),
)
CLOSE = Tolerance(relative=1e-6)
Points = float | Sequence[float] | Sequence[Metric]


@dataclass(frozen=True)
class Runs:
    """Records runs in one store."""

    store: OpenStore

    def __call__(
        self,
        *,
        files: Mapping[str, bytes] = {},
        metrics: Mapping[str, Points] = {},
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
        record: Mapping[str, Any] = {},
        status: RunStatus = RunStatus.FINISHED,
        models: Sequence[tuple[str, Mapping[str, bytes]]] = (),
    ) -> Recorded:
        """A run that has ended, and is read back; `models` are names with files, in the order in which they were logged."""
        run = self.store.create_run("0", params=params, tags=tags)
        self.store.log(run.id, metrics=[point for key in metrics for point in points(key, metrics[key])])
        self.store.update_run(run.id, status=status)
        artifacts = self.store.artifacts(run.artifact_uri)
        for path, content in files.items():
            artifacts.put_bytes(content, path)
        for step, (name, kept) in enumerate(models):
            model = self.store.models.create(run.experiment_id, name=name, source_run_id=run.id)
            self.store.log_outputs(run.id, [ModelOutput(model.id, step)])
            for path, content in kept.items():
                self.store.artifacts(model.artifact_uri).put_bytes(content, path)
        ended = self.store.run(run.id)
        return Recorded(
            run=ended,
            plan=PLAN,
            record=record,
            artifacts=artifacts,
            history=partial(self.store.metric_history, run.id),
            models=lambda: models_of(self.store, ended),
            place=self.store.uri,
        )

    def held(
        self,
        path: str,
        first: bytes,
        second: bytes,
        tolerance: Tolerance = CLOSE,
        *,
        ignore: Sequence[str] = (),
    ) -> Compared:
        """One artifact of two runs, which have nothing else."""
        one, other = (self(files={path: content}) for content in (first, second))
        return only("artifact", compare(one, other, tolerance, ignore=ignore))

    def metric(
        self, first: Points, second: Points, tolerance: Tolerance = CLOSE, *, key: str = "loss"
    ) -> Compared:
        """One metric of two runs, which have nothing else."""
        one, other = (self(metrics={key: values}) for values in (first, second))
        return only("metric", compare(one, other, tolerance))


def points(key: str, values: Points) -> Iterator[Metric]:
    """A single value, values at steps 0, 1, 2 ..., or points as they are."""
    listed: Sequence[float | Metric] = [values] if isinstance(values, float | int) else values
    for step, value in enumerate(listed):
        yield value if isinstance(value, Metric) else Metric(key, value, step, step)


def only(kind: str, compared: Sequence[Compared]) -> Compared:
    """The one result of its kind."""
    (found,) = (one for one in compared if one.kind == kind)
    return found


@contextmanager
def recording(directory: Path) -> Iterator[Runs]:
    """Runs in a store of its own."""
    settings = Settings.from_environ({"RUNNER_HOME": str(directory)})
    with closing(open_store(settings)) as store:
        yield Runs(store)


def as_json(value: object, **options: Any) -> bytes:
    return json.dumps(value, **options).encode()


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def tensors(**arrays: tuple[str, Any]) -> bytes:
    """A safetensors file of arrays with their types."""
    header, body = {}, b""
    for name, (kind, array) in arrays.items():
        data = array.tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": offsets}
        body += data
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + body


def table(columns: Mapping[str, Any], **options: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table(dict(columns)), file, **options)
    return file.getvalue()


def image(array: Any, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, form, **options)
    return file.getvalue()

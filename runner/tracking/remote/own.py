"""Runs that this process made on a server: what they record goes into a spool, and what they hold is known here.

So neither to record nor to read them takes an answer of the server. Limits are checked here, for a refusal would come too late.
"""

import math
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from runner.errors import Conflict, NotFound
from runner.tracking import checks
from runner.tracking.model import DatasetInput, Lifecycle, Metric, ModelOutput, Run, RunStatus
from runner.tracking.remote import requests
from runner.tracking.remote.requests import Request
from runner.tracking.remote.spool import Spool
from runner.tracking.statuses import TOLD

NAME_TAG = "mlflow.runName"


class OwnRun:
    """A run as it will be on the server once all that waits is sent."""

    def __init__(self, run: Run, spool: Spool) -> None:
        self.run = run
        self._spool = spool
        self._lock = threading.Lock()

    def log(
        self, *, params: Mapping[str, str] = {}, metrics: Iterable[Metric] = (), tags: Mapping[str, str] = {}
    ) -> None:
        points = tuple(metrics)
        checks.params(params)
        checks.metrics(points)
        checks.tags(tags, longest=checks.RUN_TAG)
        if NAME_TAG in tags:
            checks.run_name(tags[NAME_TAG])
        with self._lock:
            self._refuse_deleted()
            new = {key: value for key, value in params.items() if self._is_new(key, value)}
            self._take(
                requests.logged(self.run.id, params=new, metrics=points, tags=tags),
                replace(
                    self.run,
                    name=tags.get(NAME_TAG, self.run.name),
                    params={**self.run.params, **new},
                    metrics=_latest(self.run.metrics, points),
                    tags={**self.run.tags, **tags},
                ),
            )

    def update(
        self,
        *,
        status: RunStatus | None = None,
        name: str | None = None,
        started: int | None = None,
        ended: int | None = None,
    ) -> None:
        """`started` stays between us: MLflow's API cannot change it."""
        if name is not None:
            checks.run_name(name)
        with self._lock:
            run = self.run
            if not (status and status.ended):
                self._refuse_deleted()
            tags = run.tags if name is None else {**run.tags, NAME_TAG: name}
            changed = replace(
                run,
                status=status or run.status,
                name=run.name if name is None else name,
                started=run.started if started is None else started,
                ended=run.ended if ended is None else ended,
                tags=tags,
            )
            told = status is not None and TOLD[status] != TOLD[run.status]
            if told or name is not None or ended is not None:
                request = requests.updated(run.id, status=status, name=name, ended=ended)
                self._take([request], changed)
            self.run = changed

    def delete_tag(self, key: str) -> None:
        with self._lock:
            self._refuse_deleted()
            if key not in self.run.tags:
                raise NotFound(f"run {self.run.id} has no tag {key!r}")
            tags = {name: value for name, value in self.run.tags.items() if name != key}
            self._take([requests.untagged(self.run.id, key)], replace(self.run, tags=tags))

    def marked(self, lifecycle: Lifecycle) -> None:
        """The server has deleted or restored it."""
        with self._lock:
            self.run = replace(self.run, lifecycle=lifecycle)

    def log_inputs(self, datasets: Sequence[DatasetInput], models: Sequence[str]) -> None:
        with self._lock:
            self._refuse_deleted()
            known = {(item.dataset.name, item.dataset.digest): item for item in self.run.datasets}
            new = {(item.dataset.name, item.dataset.digest): item for item in datasets}
            used = dict.fromkeys((*self.run.models_used, *models))
            changed = replace(self.run, datasets=tuple({**known, **new}.values()), models_used=tuple(used))
            self._take([requests.inputs(self.run.id, datasets=datasets, models=models)], changed)

    def log_outputs(self, models: Sequence[ModelOutput]) -> None:
        with self._lock:
            self._refuse_deleted()
            made = dict.fromkeys((*self.run.models_made, *models))
            self._take([requests.outputs(self.run.id, models)], replace(self.run, models_made=tuple(made)))

    def _take(self, changes: Sequence[Request], changed: Run) -> None:
        """What cannot be kept has not happened."""
        self._spool.record(changes)
        self.run = changed

    def _refuse_deleted(self) -> None:
        if self.run.lifecycle is Lifecycle.DELETED:
            raise Conflict(f"run {self.run.id} is deleted", hint=f"runner runs restore {self.run.id}")

    def _is_new(self, key: str, value: str) -> bool:
        stored = self.run.params.get(key)
        if stored not in {None, value}:
            raise Conflict(
                f"param {key!r} of run {self.run.id} is {stored!r} already and cannot become {value!r}",
                hint="params are written once; use a metric or a tag for what changes",
            )
        return stored is None


def _latest(known: Mapping[str, Metric], points: Iterable[Metric]) -> dict[str, Metric]:
    latest = dict(known)
    for point in points:
        other = latest.get(point.key)
        if other is None or _rank(point) >= _rank(other):
            latest[point.key] = point._replace(value=_finite(point.value))
    return latest


def _finite(value: float) -> float:
    """As servers keep it: the greatest number for an infinite one."""
    return value if math.isnan(value) else max(-sys.float_info.max, min(sys.float_info.max, value))


def _rank(point: Metric) -> tuple[int, int, float]:
    """A NaN counts as 0, as in MLflow."""
    return point.step, point.time, 0.0 if math.isnan(point.value) else point.value

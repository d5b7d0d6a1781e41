"""What is kept: experiments, runs with parameters, metrics and tags, models and their registry. Values only.

Words: a `Parameter` is declared in a project, a `Param` is recorded with a run.
Times are milliseconds since the epoch (UTC), as MLflow keeps them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct

T = TypeVar("T")


class RunStatus(StrEnum):
    """State of a run; design: PENDING -> (QUEUED) -> PREPARING -> RUNNING -> one of the last four."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    PREPARING = "PREPARING"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    LOST = "LOST"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self in {RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED, RunStatus.LOST}


class Lifecycle(StrEnum):
    """Whether an experiment or a run was deleted (it stays readable until it is collected)."""

    ACTIVE = "active"
    DELETED = "deleted"


class Experiment(Struct, frozen=True, kw_only=True):
    """A named group of runs. `id` is a decimal text; "0" is `Default`."""

    id: str
    name: str
    artifact_location: str
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    created: int = 0
    updated: int = 0
    tags: Mapping[str, str] = {}


class Metric(NamedTuple):
    """One point of a metric. `value` may be NaN or infinite; `step` is any 64-bit integer.

    A point may be about a logged model (`model_id`), and say on which data set it was measured.
    """

    key: str
    value: float
    time: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class Dataset(Struct, frozen=True, kw_only=True):
    """A data set that runs read; within an experiment its name and digest are its identity."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Struct, frozen=True):
    """A data set as input of a run."""

    dataset: Dataset
    tags: Mapping[str, str] = {}

    @property
    def context(self) -> str:
        """What for, for example "train"; "" if nobody said."""
        return self.tags.get("mlflow.data.context", "")


class ModelOutput(Struct, frozen=True):
    """A logged model as output of a run, and the step of the run at which it was made."""

    model_id: str
    step: int = 0


class Run(Struct, frozen=True, kw_only=True):
    """A run as stored. `metrics` holds the latest point of each key (greatest step, time, value)."""

    id: str
    name: str
    experiment_id: str
    status: RunStatus
    artifact_uri: str
    user: str = ""
    started: int | None = None
    ended: int | None = None
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    params: Mapping[str, str] = {}
    metrics: Mapping[str, Metric] = {}
    tags: Mapping[str, str] = {}
    datasets: tuple[DatasetInput, ...] = ()
    models_used: tuple[str, ...] = ()
    models_made: tuple[ModelOutput, ...] = ()


class Lease(Struct, frozen=True):
    """Who keeps a run alive: renewed every third of its length; a run whose lease is over is LOST.

    `host` and `pid` (with the start time of that process, so that a reused number is not believed) let a
    command on the same machine see at once that the process is gone.
    """

    host: str
    pid: int
    process_started: str
    until: int


class Page(Struct, Generic[T], frozen=True):
    """Some of what a search found, and the token for the next ones (None at the end)."""

    items: tuple[T, ...]
    next_token: str | None = None


class Entry(Struct, frozen=True):
    """What is to be recorded with one run, all of it or nothing; see `Store.log`."""

    run_id: str
    params: Mapping[str, str] = {}
    metrics: tuple[Metric, ...] = ()
    tags: Mapping[str, str] = {}


class NewPoints(Struct, frozen=True):
    """What came to the metrics of a run: the latest point of each, those not seen before, and how many each has by now."""

    latest: Mapping[str, Metric]
    points: Mapping[str, tuple[Metric, ...]]
    counts: Mapping[str, int] | None

"""Models as they are logged: values, and what keeps them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from runner.tracking.model import Lifecycle, Metric, Page


class ModelStatus(StrEnum):
    """State of a logged model: its files are being uploaded, are there, or could not be uploaded."""

    PENDING = "PENDING"
    READY = "READY"
    FAILED = "UPLOAD_FAILED"


class LoggedModel(Struct, frozen=True, kw_only=True):
    """A model that somebody logged, most often in a run (`source_run_id`). `id` is `m-` and 32 hexadecimal digits.

    `metrics` holds the latest point for each key and data set.
    """

    id: str
    experiment_id: str
    name: str
    artifact_uri: str
    status: ModelStatus
    created: int
    updated: int
    type: str = ""
    source_run_id: str = ""
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    params: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
    metrics: tuple["ModelMetric", ...] = ()
    registrations: tuple["Registration", ...] = ()


class Registration(Struct, frozen=True):
    """A version of a registered model that was made of a logged model."""

    name: str
    version: int


class ModelMetric(Struct, frozen=True):
    """A point of a metric of a logged model, and the run that measured it."""

    metric: Metric
    run_id: str


class ModelOrder(Struct, frozen=True, kw_only=True):
    """One key of an order of logged models: an attribute, or `metrics.key`, perhaps on one data set only."""

    field: str
    ascending: bool = True
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LoggedModels(Protocol):
    """Models as they are logged, before anybody registers them. Errors as in `Store`."""

    def create(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        type: str = "",  # noqa: A002 - the word of the protocol
        source_run_id: str = "",
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
    ) -> LoggedModel:
        """A new one, PENDING; without `name` it gets a speakable one."""
        ...

    def get(self, model_id: str, *, deleted: bool = False) -> LoggedModel:
        """The model with that id; a deleted one only if `deleted`."""
        ...

    def set_status(self, model_id: str, status: ModelStatus) -> LoggedModel: ...

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None: ...

    def tag(self, model_id: str, tags: Mapping[str, str]) -> LoggedModel: ...

    def delete_tag(self, model_id: str, key: str) -> None: ...

    def delete(self, model_id: str) -> None:
        """Mark it deleted."""
        ...

    def search(
        self,
        experiment_ids: Sequence[str],
        *,
        filter: str = "",  # noqa: A002
        datasets: Sequence[tuple[str, str | None]] = (),
        order_by: Sequence[ModelOrder] = (),
        limit: int = 100,
        page_token: str | None = None,
    ) -> Page[LoggedModel]:
        """Models that match; `datasets` (name, digest) narrow what metrics mean. Newest first unless ordered."""
        ...

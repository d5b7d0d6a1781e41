"""The store of runs, as everything else sees it. `open_store(uri)` in `runner.tracking` gives one."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from runner.errors import RunnerError
from runner.tracking.model import (
    Dataset,
    DatasetInput,
    Entry,
    Experiment,
    Lease,
    Lifecycle,
    Metric,
    ModelOutput,
    NewPoints,
    Page,
    Run,
    RunStatus,
)

if TYPE_CHECKING:  # their values take milliseconds to make, and a run needs none of them
    from runner.tracking.access import Reader, Users
    from runner.tracking.logged_models import LoggedModels
    from runner.tracking.registry import Registry
    from runner.tracking.tables import Tables


class Store(Protocol):
    """Experiments and runs, durable when a call returns; `models`, `registry` and `users` have a protocol each.

    Every method that names something unknown raises NotFound; one that contradicts what is stored raises Conflict;
    a malformed name, key or value raises TrackingError.
    """

    uri: str

    @property
    def models(self) -> "LoggedModels": ...

    @property
    def registry(self) -> "Registry": ...

    @property
    def users(self) -> "Users": ...

    @property
    def tables(self) -> "Tables":
        """Many runs at once, for those who show them."""
        ...

    def close(self) -> None: ...

    def joined(self) -> "AbstractContextManager[Store]":
        """A store for one thread, whose changes become durable together, when the block ends.

        Each of its methods is all or nothing by itself: one that raises leaves the others' changes as they are.
        When the end of the block raises, nothing of it is kept.
        """
        ...

    # experiments ------------------------------------------------------------------------------------------
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: Mapping[str, str] = {}
    ) -> Experiment: ...

    def experiment(self, id_or_name: str) -> Experiment:
        """The experiment with that id, or else with that name."""
        ...

    def experiments(self, *, lifecycle: Lifecycle | None = Lifecycle.ACTIVE) -> Sequence[Experiment]:
        """All of them, newest first; `lifecycle` None means deleted ones too."""
        ...

    def search_experiments(
        self,
        *,
        filter: str = "",  # noqa: A002 - the word of the protocol
        order_by: Sequence[str] = (),
        limit: int = 1000,
        page_token: str | None = None,
        lifecycle: Lifecycle | None = Lifecycle.ACTIVE,
        reader: "Reader | None" = None,
    ) -> Page[Experiment]:
        """Experiments that match MLflow's filter for experiments, and that the reader may read. Newest first unless ordered."""
        ...

    def rename_experiment(self, id_or_name: str, name: str) -> Experiment: ...

    def delete_experiment(self, id_or_name: str) -> None:
        """Mark it and its runs deleted."""
        ...

    def restore_experiment(self, id_or_name: str) -> None: ...

    # runs -------------------------------------------------------------------------------------------------
    def create_run(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        user: str = "",
        status: RunStatus = RunStatus.PENDING,
        started: int | None = None,
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
        lease: Lease | None = None,
    ) -> Run:
        """A new run with a fresh id; without `name` it gets a speakable one that no other run has."""
        ...

    def run(self, reference: str) -> Run:
        """The run with that id, unique prefix of an id (4 characters at least) or name (the newest of that name).

        `-1` is the newest run, `-2` the one before, and so on.

        Raises:
            NotFound: none; the message suggests near names.
            Conflict: the prefix fits several; the message lists them.
        """
        ...

    def search_runs(
        self,
        *,
        experiment_ids: Sequence[str] | None = None,
        filter: str = "",  # noqa: A002 - the word of the protocol
        order_by: Sequence[str] = (),
        limit: int = 100,
        page_token: str | None = None,
        lifecycle: Lifecycle | None = Lifecycle.ACTIVE,
    ) -> Page[Run]:
        """Runs that match the MLflow filter, see `runner.tracking.filters`. Newest first unless ordered."""
        ...

    def update_run(
        self,
        run_id: str,
        *,
        status: RunStatus | None = None,
        name: str | None = None,
        started: int | None = None,
        ended: int | None = None,
    ) -> None:
        """Change what is given. A deleted run takes only its end, for its program may still go on."""
        ...

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, str] = {},
        metrics: Iterable[Metric] = (),
        tags: Mapping[str, str] = {},
    ) -> None:
        """Record all of it, or none. A param keeps its first value: another value raises Conflict."""
        ...

    def log_all(self, entries: Sequence[Entry]) -> Sequence[RunnerError | None]:
        """`log` each of them; for each in turn None, or why it was refused."""
        ...

    def log_inputs(
        self, run_id: str, *, datasets: Sequence[DatasetInput] = (), models: Sequence[str] = ()
    ) -> None:
        """Data sets and models (their ids) that the run uses."""
        ...

    def log_outputs(self, run_id: str, models: Sequence[ModelOutput]) -> None:
        """Models that the run made."""
        ...

    def datasets(self, experiment_ids: Sequence[str]) -> Sequence[tuple[str, Dataset, str]]:
        """Data sets that runs of these experiments use: experiment id, data set, context ("" if none was given).

        At most 1000, and of each only name, digest and kind of source.
        """
        ...

    def delete_tag(self, run_id: str, key: str) -> None: ...

    def metric_history(self, run_id: str, key: str) -> Sequence[Metric]:
        """All points of one metric in the order (step, time, value)."""
        ...

    def metric_page(
        self, run_id: str, key: str, *, limit: int | None = None, page_token: str | None = None
    ) -> Page[Metric]:
        """Points of one metric in the order (time, step, value), all of them without `limit`."""
        ...

    def delete_run(self, run_id: str) -> None: ...

    def restore_run(self, run_id: str) -> None: ...

    # leases -----------------------------------------------------------------------------------------------
    def renew_lease(self, run_id: str, lease: Lease) -> bool:
        """Push the lease on; False when the run has ended meanwhile (then its process must stop)."""
        ...

    def expire_leases(self, now: int) -> Sequence[str]:
        """Mark as LOST each run whose lease is over, or whose process on this machine is gone; their ids."""
        ...

    # what clients of the tracking protocol ask for beyond that ------------------------------------------------
    def experiment_named(self, name: str) -> Experiment:
        """The experiment with exactly that name; deleted ones count."""
        ...

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None: ...

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None: ...

    def move_run(self, run_id: str, experiment_id: str) -> None:
        """Put a run into another experiment; its artifacts stay where they are."""
        ...

    def check_artifacts(self, path: str, *, write: bool, delete: bool = False) -> None:
        """Raises unless artifacts may be read there, or be written, or be deleted.

        `path` goes below the root of all artifacts: `<experiment id>/...`. To be written, it must be among those of a run
        or logged model that is there; `<experiment id>/<run id>` alone is what the run has, wherever that lies.
        """
        ...


class WatchedStore(Store, Protocol):
    """A store that tells what is new in it, whoever wrote it."""

    def changes(self) -> object:
        """Equal to what the same thread was told before, if nothing has been committed since."""
        ...

    def new_points(
        self, run_id: str, seen: Mapping[str, Metric] | None, *, limit: int, count: bool
    ) -> NewPoints:
        """Points behind the latest ones that were `seen`; None: all have been. At most `limit` and one more of each metric.

        Points that came late, with a smaller step than others before them, are told by `count` only.
        """
        ...

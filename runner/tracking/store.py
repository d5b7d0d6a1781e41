"""The store of runs, as everything else sees it. `open_store(uri)` in `runner.tracking` gives one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from runner.tracking.model import Experiment, Lease, Lifecycle, Metric, Page, Run, RunStatus


class Store(Protocol):
    """Experiments and runs, durable when a call returns.

    Every method that names something unknown raises NotFound; one that contradicts what is stored raises Conflict;
    a malformed name, key or value raises TrackingError.
    """

    uri: str

    def close(self) -> None: ...

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
    ) -> Page:
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

    def delete_tag(self, run_id: str, key: str) -> None: ...

    def metric_history(self, run_id: str, key: str) -> Sequence[Metric]:
        """All points of one metric in the order (step, time, value)."""
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

"""The store as the program of one run may see and change it.

It may read everything, and write its run, the runs and the experiments that it creates, and the tags of its experiment.
Clients of MLflow expect of a run started by somebody else what does not quite fit, so that some of their requests mean something
else here:

- The client reports FINISHED at the exit of its process, whatever the exit code. How the run ended is for its launcher to say:
  states of the run itself are told back to the client, and not kept.
- A second `start_run()`, another thread or process creates a run: it becomes a child of this run.
- `set_experiment("other")` makes the client refuse to go on with a run that is elsewhere. So the run moves there, unless a
  person chose its experiment: then the answer is that one, and a tag `runner.experiment.asked` has the name.
  A client that only wants to look at an experiment asks in the same words; once it is inside the run, it may.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

from msgspec.structs import replace

from runner.errors import NotFound, RunnerError
from runner.server.access.queries import ExperimentQuery, RunChanges, RunQuery
from runner.server.access.scope import RunSession
from runner.server.access.scoped_models import ScopedModels
from runner.server.access.scoped_registry import ScopedRegistry
from runner.server.errors import NotPermitted
from runner.tracking.access import Users
from runner.tracking.logged_models import LoggedModels
from runner.tracking.model import (
    Dataset,
    DatasetInput,
    Entry,
    Experiment,
    Lease,
    Lifecycle,
    Metric,
    ModelOutput,
    Page,
    Run,
    RunStatus,
)
from runner.tracking.registry import Registry
from runner.tracking.store import Store

if TYPE_CHECKING:
    from runner.tracking.tables import Tables

PARENT = "mlflow.parentRunId"
ASKED = "runner.experiment.asked"


class ScopedStore:
    """A `Store` that lets through what the scope allows."""

    def __init__(self, store: Store, session: RunSession) -> None:
        self.uri = store.uri
        self._store = store
        self._scope = session.scope
        self._session = session

    def left_running(self) -> Sequence[str]:
        """Ids of the runs that were created here and have not ended."""
        return [run.id for run in map(self._store.run, tuple(self._session.runs)) if not run.status.ended]

    @contextmanager
    def joined(self) -> Iterator[Store]:
        with self._store.joined() as joined:
            yield ScopedStore(joined, self._session)

    @property
    def models(self) -> LoggedModels:
        return ScopedModels(self._store, self._session)

    @property
    def registry(self) -> Registry:
        return ScopedRegistry(self._store.registry, self._session)

    @property
    def users(self) -> Users:
        raise NotPermitted("users are for the administrators of the store")

    @property
    def tables(self) -> "Tables":
        return self._store.tables

    def close(self) -> None:
        self._store.close()

    # experiments ------------------------------------------------------------------------------------------
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: Mapping[str, str] = {}
    ) -> Experiment:
        if self._scope.explicit_experiment and not self._known(name):
            return self._own(asked=name)
        made = self._store.create_experiment(name, artifact_location=artifact_location, tags=tags)
        self._session.experiments.add(made.id)
        return self._chosen(made)

    def experiment(self, id_or_name: str) -> Experiment:
        return self._chosen(self._store.experiment(id_or_name))

    def experiment_named(self, name: str) -> Experiment:
        try:
            found = self._store.experiment_named(name)
        except NotFound:
            if self._scope.explicit_experiment:
                return self._own(asked=name)
            raise
        return self._chosen(found)

    def experiments(self, *, lifecycle: Lifecycle | None = Lifecycle.ACTIVE) -> Sequence[Experiment]:
        return self._store.experiments(lifecycle=lifecycle)

    def search_experiments(self, **query: Unpack[ExperimentQuery]) -> Page[Experiment]:
        return self._store.search_experiments(**query)

    def rename_experiment(self, id_or_name: str, name: str) -> Experiment:
        self._experiment_made_here(id_or_name)
        return self._store.rename_experiment(id_or_name, name)

    def delete_experiment(self, id_or_name: str) -> None:
        self._experiment_deletable(id_or_name)
        self._store.delete_experiment(id_or_name)

    def restore_experiment(self, id_or_name: str) -> None:
        self._experiment_deletable(id_or_name)
        self._store.restore_experiment(id_or_name)

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        self._experiment_taggable(experiment_id)
        self._store.tag_experiment(experiment_id, tags)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        self._experiment_taggable(experiment_id)
        self._store.delete_experiment_tag(experiment_id, key)

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
        own = self._own_id()
        marks = {PARENT: self._scope.run_id}
        if self._scope.explicit_experiment and experiment_id not in {own, self._scope.experiment_id}:
            marks[ASKED] = experiment_id
        elsewhere = not self._scope.explicit_experiment and experiment_id != self._scope.experiment_id
        made = self._store.create_run(
            experiment_id if elsewhere else own,
            name=name,
            user=user,
            status=status,
            started=started,
            params=params,
            tags={**marks, **tags},
            lease=lease,
        )
        self._session.runs.append(made.id)
        return made

    def run(self, reference: str) -> Run:
        return self._as_told(self._store.run(reference))

    def search_runs(self, **query: Unpack[RunQuery]) -> Page[Run]:
        page = self._store.search_runs(**query)
        return replace(page, items=tuple(map(self._as_told, page.items)))

    def update_run(self, run_id: str, **changes: Unpack[RunChanges]) -> None:
        self._run_allowed(run_id)
        if run_id == self._scope.run_id:
            self._store.update_run(run_id, name=changes.get("name"))
            if (status := changes.get("status")) is not None:
                self._session.told = (status, changes.get("ended"))
        else:
            self._store.update_run(run_id, **changes)

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, str] = {},
        metrics: Iterable[Metric] = (),
        tags: Mapping[str, str] = {},
    ) -> None:
        self._run_allowed(run_id)
        self._store.log(run_id, params=params, metrics=metrics, tags=tags)

    def log_all(self, entries: Sequence[Entry]) -> Sequence[RunnerError | None]:
        refused: dict[int, RunnerError | None] = {}
        for index, entry in enumerate(entries):
            try:
                self._run_allowed(entry.run_id)
            except RunnerError as error:
                refused[index] = error
        allowed = [entry for index, entry in enumerate(entries) if index not in refused]
        others = iter(self._store.log_all(allowed))
        return [refused[index] if index in refused else next(others) for index in range(len(entries))]

    def log_inputs(
        self, run_id: str, *, datasets: Sequence[DatasetInput] = (), models: Sequence[str] = ()
    ) -> None:
        self._run_allowed(run_id)
        self._store.log_inputs(run_id, datasets=datasets, models=models)

    def log_outputs(self, run_id: str, models: Sequence[ModelOutput]) -> None:
        self._run_allowed(run_id)
        self._store.log_outputs(run_id, models)

    def datasets(self, experiment_ids: Sequence[str]) -> Sequence[tuple[str, Dataset, str]]:
        return self._store.datasets(experiment_ids)

    def delete_tag(self, run_id: str, key: str) -> None:
        self._run_allowed(run_id)
        self._store.delete_tag(run_id, key)

    def metric_history(self, run_id: str, key: str) -> Sequence[Metric]:
        return self._store.metric_history(run_id, key)

    def metric_page(
        self, run_id: str, key: str, *, limit: int | None = None, page_token: str | None = None
    ) -> Page[Metric]:
        return self._store.metric_page(run_id, key, limit=limit, page_token=page_token)

    def move_run(self, run_id: str, experiment_id: str) -> None:
        self._run_allowed(run_id)
        self._experiment_enterable(experiment_id)
        self._store.move_run(run_id, experiment_id)

    def check_artifacts(self, path: str, *, write: bool, delete: bool = False) -> None:
        self._store.check_artifacts(path, write=write, delete=delete)
        if write or delete:
            self._artifacts_allowed(path)

    def delete_run(self, run_id: str) -> None:
        self._run_allowed(run_id)
        if run_id == self._scope.run_id:
            raise NotPermitted(f"run {run_id} is going on", hint=f"afterwards: runner runs delete {run_id}")
        self._store.delete_run(run_id)

    def restore_run(self, run_id: str) -> None:
        self._run_allowed(run_id)
        self._store.restore_run(run_id)

    # leases: for the launcher alone -----------------------------------------------------------------------
    def renew_lease(self, run_id: str, lease: Lease) -> bool:
        raise NotPermitted(f"run {run_id} is kept alive by its launcher", detail=f"not by {lease.host}")

    def expire_leases(self, now: int) -> Sequence[str]:
        raise NotPermitted(f"leases (at {now}) are their launchers'")

    # who may, and what is meant ---------------------------------------------------------------------------
    def _run_allowed(self, run_id: str) -> None:
        if run_id != self._scope.run_id and run_id not in self._session.runs:
            found = self._store.run(run_id)  # one that does not exist is told so
            raise NotPermitted(
                f"run {found.id} belongs to somebody else: inside run {self._scope.run_id} a program may change"
                " this run and those that it creates"
            )

    def _artifacts_allowed(self, path: str) -> None:
        """`<experiment>/<run>/...` or `<experiment>/models/<model>/...`"""
        owner, below = [*path.split("/"), "", ""][1:3]
        self._run_allowed(self._store.models.get(below).source_run_id if owner == "models" else owner)

    def _experiment_made_here(self, experiment_id: str) -> Experiment:
        return self._experiment_among(self._session.experiments, experiment_id)

    def _experiment_taggable(self, experiment_id: str) -> None:
        # The run's own one as well, which may be shared: it is what `mlflow.set_experiment_tag()` means.
        self._experiment_among(self._session.experiments | {self._own_id()}, experiment_id)

    def _experiment_enterable(self, experiment_id: str) -> None:
        known = {self._own_id(), self._scope.experiment_id}
        self._experiment_among(self._session.experiments | known, experiment_id)

    def _experiment_among(self, allowed: Set[str], experiment_id: str) -> Experiment:
        found = self._store.experiment(experiment_id)  # one that does not exist is told so
        if found.id not in allowed:
            raise NotPermitted(
                f"experiment {found.name!r} belongs to somebody else: inside run {self._scope.run_id} a program may"
                " rename and delete experiments that it created, and tag these and its own"
            )
        return found

    def _experiment_deletable(self, experiment_id: str) -> None:
        if self._experiment_made_here(experiment_id).id == self._own_id():
            raise NotPermitted(
                f"experiment {experiment_id} holds run {self._scope.run_id}, which is going on"
            )

    def _own_id(self) -> str:
        return self._store.run(self._scope.run_id).experiment_id

    def _known(self, name: str) -> bool:
        try:
            self._store.experiment_named(name)
        except NotFound:
            return False
        return True

    def _own(self, *, asked: str) -> Experiment:
        """The run's experiment in place of the one that was asked for."""
        self._store.log(self._scope.run_id, tags={ASKED: asked})
        return self._store.experiment(self._own_id())

    def _chosen(self, found: Experiment) -> Experiment:
        """The experiment that the client means to go on in."""
        with self._session.lock:
            inside = self._session.told is not None and not self._session.told[0].ended
            if inside or found.id == self._own_id():
                return found
            if self._scope.explicit_experiment:
                return self._own(asked=found.name)
            if found.lifecycle is Lifecycle.ACTIVE:
                self._store.move_run(self._scope.run_id, found.id)
            return found

    def _as_told(self, run: Run) -> Run:
        """The run in the state that the client gave it."""
        if run.id != self._scope.run_id or self._session.told is None:
            return run
        status, ended = self._session.told
        return replace(run, status=status, ended=ended)

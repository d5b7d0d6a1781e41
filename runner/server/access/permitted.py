"""The store as one user may see and change it. What they may not read is, in every answer, as if it were not there.

READ: look at it. EDIT: change and add to it. MANAGE: delete and restore it. Runs, logged models and artifacts have the
permissions of their experiment, versions those of their registered model. Names are taken for everybody: who creates
something under the name of what they may not read is told that the name is taken, and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Unpack

from runner.errors import NotFound, RunnerError
from runner.server.access.permitted_models import PermittedModels
from runner.server.access.permitted_registry import PermittedRegistry
from runner.server.access.permitted_tables import PermittedTables
from runner.server.access.queries import ExperimentQuery, RunChanges, RunQuery
from runner.server.access.rights import EDIT, MANAGE, READ, Rights
from runner.server.errors import NotPermitted
from runner.tracking.access import Kind, Permission, User, Users
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
from runner.tracking.tables import Tables


class PermittedStore:
    """A `Store` that lets through what permissions, or else the default, let this user do."""

    def __init__(self, store: Store, user: User, default: Permission) -> None:
        self.uri = store.uri
        self._store = store
        self._user = user
        self._default = default
        self._rights = Rights(store.users, user, default)

    @contextmanager
    def joined(self) -> Iterator[Store]:
        with self._store.joined() as joined:
            yield PermittedStore(joined, self._user, self._default)

    @property
    def models(self) -> LoggedModels:
        return PermittedModels(self._store.models, self._rights)

    @property
    def registry(self) -> Registry:
        return PermittedRegistry(self._store.registry, self._rights)

    @property
    def users(self) -> Users:
        raise NotPermitted("users and permissions are for administrators")

    @property
    def tables(self) -> Tables:
        return PermittedTables(self._store.tables, self._rights)

    def close(self) -> None:
        self._store.close()

    # experiments ------------------------------------------------------------------------------------------
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: Mapping[str, str] = {}
    ) -> Experiment:
        made = self._store.create_experiment(name, artifact_location=artifact_location, tags=tags)
        self._rights.own(Kind.EXPERIMENT, made.id)
        return made

    def experiment(self, id_or_name: str) -> Experiment:
        return self._seen(self._store.experiment, id_or_name)

    def experiment_named(self, name: str) -> Experiment:
        return self._seen(self._store.experiment_named, name)

    def experiments(self, *, lifecycle: Lifecycle | None = Lifecycle.ACTIVE) -> Sequence[Experiment]:
        readable = frozenset(self._rights.users.readable(self._rights.reader))
        return [found for found in self._store.experiments(lifecycle=lifecycle) if found.id in readable]

    def search_experiments(self, **query: Unpack[ExperimentQuery]) -> Page[Experiment]:
        query["reader"] = self._rights.reader  # nobody searches for others
        return self._store.search_experiments(**query)

    def rename_experiment(self, id_or_name: str, name: str) -> Experiment:
        return self._store.rename_experiment(self._experiment(EDIT, id_or_name), name)

    def delete_experiment(self, id_or_name: str) -> None:
        self._store.delete_experiment(self._experiment(MANAGE, id_or_name))

    def restore_experiment(self, id_or_name: str) -> None:
        self._store.restore_experiment(self._experiment(MANAGE, id_or_name))

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        self._store.tag_experiment(self._experiment(EDIT, experiment_id), tags)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        self._store.delete_experiment_tag(self._experiment(EDIT, experiment_id), key)

    # runs -------------------------------------------------------------------------------------------------
    def create_run(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        user: str = "",  # noqa: ARG002 - who signed in, whatever the client says
        status: RunStatus = RunStatus.PENDING,
        started: int | None = None,
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
        lease: Lease | None = None,
    ) -> Run:
        return self._store.create_run(
            self._experiment(EDIT, experiment_id),
            name=name,
            user=self._user.name,
            status=status,
            started=started,
            params=params,
            tags=tags,
            lease=lease,
        )

    def run(self, reference: str) -> Run:
        """The run with exactly this id: names and beginnings of ids would tell of others'."""
        self._rights.need(READ, Kind.RUN, reference)
        return self._store.run(reference)

    def search_runs(self, **query: Unpack[RunQuery]) -> Page[Run]:
        query["experiment_ids"] = self._readable(query.get("experiment_ids"))
        return self._store.search_runs(**query)

    def update_run(self, run_id: str, **changes: Unpack[RunChanges]) -> None:
        self._rights.need(EDIT, Kind.RUN, run_id)
        self._store.update_run(run_id, **changes)

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, str] = {},
        metrics: Iterable[Metric] = (),
        tags: Mapping[str, str] = {},
    ) -> None:
        (refusal,) = self.log_all([Entry(run_id, params, tuple(metrics), tags)])
        if refusal is not None:
            raise refusal

    def log_all(self, entries: Sequence[Entry]) -> Sequence[RunnerError | None]:
        refused = self._refusals(entries)
        allowed = [entry for entry, refusal in zip(entries, refused, strict=True) if refusal is None]
        others = iter(self._store.log_all(allowed))
        return [next(others) if refusal is None else refusal for refusal in refused]

    def log_inputs(
        self, run_id: str, *, datasets: Sequence[DatasetInput] = (), models: Sequence[str] = ()
    ) -> None:
        self._rights.need(EDIT, Kind.RUN, run_id)
        self._rights.need_all(READ, Kind.LOGGED_MODEL, models)
        self._store.log_inputs(run_id, datasets=datasets, models=models)

    def log_outputs(self, run_id: str, models: Sequence[ModelOutput]) -> None:
        self._rights.need(EDIT, Kind.RUN, run_id)
        self._rights.need_all(EDIT, Kind.LOGGED_MODEL, [output.model_id for output in models])
        self._store.log_outputs(run_id, models)

    def datasets(self, experiment_ids: Sequence[str]) -> Sequence[tuple[str, Dataset, str]]:
        return self._store.datasets(self._readable(experiment_ids))

    def delete_tag(self, run_id: str, key: str) -> None:
        self._rights.need(EDIT, Kind.RUN, run_id)
        self._store.delete_tag(run_id, key)

    def metric_history(self, run_id: str, key: str) -> Sequence[Metric]:
        self._rights.need(READ, Kind.RUN, run_id)
        return self._store.metric_history(run_id, key)

    def metric_page(
        self, run_id: str, key: str, *, limit: int | None = None, page_token: str | None = None
    ) -> Page[Metric]:
        self._rights.need(READ, Kind.RUN, run_id)
        return self._store.metric_page(run_id, key, limit=limit, page_token=page_token)

    def move_run(self, run_id: str, experiment_id: str) -> None:
        self._rights.need(EDIT, Kind.RUN, run_id)
        self._store.move_run(run_id, self._experiment(EDIT, experiment_id))

    def delete_run(self, run_id: str) -> None:
        self._rights.need(MANAGE, Kind.RUN, run_id)
        self._store.delete_run(run_id)

    def restore_run(self, run_id: str) -> None:
        self._rights.need(MANAGE, Kind.RUN, run_id)
        self._store.restore_run(run_id)

    def renew_lease(self, run_id: str, lease: Lease) -> bool:
        self._rights.need(EDIT, Kind.RUN, run_id)
        return self._store.renew_lease(run_id, lease)

    def expire_leases(self, now: int) -> Sequence[str]:
        raise NotPermitted(f"leases (at {now}) are for administrators")

    def check_artifacts(self, path: str, *, write: bool, delete: bool = False) -> None:
        wanted = MANAGE if delete else EDIT if write else READ
        self._rights.need(wanted, Kind.EXPERIMENT, path.partition("/")[0])
        self._store.check_artifacts(path, write=write, delete=delete)

    # ------------------------------------------------------------------------------------------------------
    def _seen(self, find: Callable[[str], Experiment], asked: str) -> Experiment:
        """What `find` finds, if the user may read it. In other words, the store would suggest names of others."""
        try:
            found = find(asked)
        except NotFound:
            raise NotFound(f"there is no experiment {asked!r}") from None
        if self._rights.readable(Kind.EXPERIMENT, [found.id]):
            return found
        raise NotFound(f"there is no experiment {asked!r}")

    def _experiment(self, wanted: Permission, id_or_name: str) -> str:
        """The id of an experiment with which the user may do so much."""
        found = self.experiment(id_or_name)
        self._rights.need(wanted, Kind.EXPERIMENT, found.id)
        return found.id

    def _readable(self, experiment_ids: Sequence[str] | None) -> Sequence[str]:
        if experiment_ids is None:
            return self._rights.users.readable(self._rights.reader)
        return self._rights.readable(Kind.EXPERIMENT, experiment_ids)

    def _refusals(self, entries: Sequence[Entry]) -> list[RunnerError | None]:
        """For each entry why it may not be logged: because of its run, or of a model that a metric is about."""
        refused = self._rights.refusals(EDIT, Kind.RUN, [entry.run_id for entry in entries])
        for index, entry in enumerate(entries):
            models = {metric.model_id for metric in entry.metrics if metric.model_id is not None}
            for refusal in self._rights.refusals(EDIT, Kind.LOGGED_MODEL, sorted(models)):
                refused[index] = refused[index] or refusal
        return refused

"""The store in a relational database: each method is one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace

from runner.errors import Conflict, NotFound, RunnerError, TrackingError
from runner.tracking import checks
from runner.tracking.artifacts import Artifacts
from runner.tracking.database import Database, Joined
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
from runner.tracking.opened import ArtifactStore, Synced
from runner.tracking.sql import experiments, inputs, places, points, recording, runs
from runner.tracking.sql.repeating import repeating

if TYPE_CHECKING:
    from runner.tracking.access import Reader, Users
    from runner.tracking.logged_models import LoggedModels
    from runner.tracking.registry import Registry
    from runner.tracking.schedules import Schedules
    from runner.tracking.sql.conditions import Search
    from runner.tracking.sql.past import Past
    from runner.tracking.sql.trash import SqlTrash
    from runner.tracking.tables import Tables


@repeating
class SqlStore:
    """See `opened.OpenStore`."""

    remote = False

    def __init__(self, database: Database, *, uri: str, artifact_root: str) -> None:
        self.uri = uri
        self._database = database
        self._artifact_root = artifact_root

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def joined(self) -> Iterator["SqlStore"]:
        with self._database.transaction() as db:
            joined = Joined(self._database, db)
            yield SqlStore(joined, uri=self.uri, artifact_root=self._artifact_root)
            joined.confirm()

    def artifacts(self, uri: str) -> ArtifactStore:
        return Artifacts(uri)

    def server_artifacts(self) -> None:
        """There are none: clients on this machine go there themselves."""

    def showing(self, run_id: str, directory: Path) -> AbstractContextManager[None]:  # noqa: ARG002
        """Who follows it reads the directory."""
        return nullcontext()

    def sync(self, *, forget: bool = False) -> Sequence[Synced]:  # noqa: ARG002 - there is nothing
        return []

    def passed(self, uri: str) -> None:
        """See `opened.OpenStore`: a program may write where its artifacts are."""

    def unsent(self) -> None:
        """Nothing: it is all here."""

    @property
    def models(self) -> "LoggedModels":
        return cast("LoggedModels", _late("logged_models").SqlLoggedModels(self._database))

    @property
    def registry(self) -> "Registry":
        return cast("Registry", _late("registry").SqlRegistry(self._database))

    @property
    def past(self) -> "Past":
        return cast("Past", _late("past").Past(self._database))

    @property
    def users(self) -> "Users":
        return cast("Users", _late("users").SqlUsers(self._database))

    @property
    def tables(self) -> "Tables":
        return cast("Tables", _late("tables").SqlTables(self._database))

    @property
    def schedules(self) -> "Schedules":
        """What runs by the clock. Only who has the database may keep it."""
        return cast("Schedules", _late("schedules").SqlSchedules(self._database))

    @property
    def trash(self) -> "SqlTrash":
        """What is deleted, and may be forgotten."""
        return cast("SqlTrash", _late("trash").SqlTrash(self._database))

    # experiments ------------------------------------------------------------------------------------------
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: Mapping[str, str] = {}
    ) -> Experiment:
        checks.experiment_name(name)
        checks.place("artifact_location", artifact_location or "")
        checks.tags(tags, longest=checks.EXPERIMENT_TAG)
        with self._database.transaction() as db:
            return experiments.create(
                db,
                name,
                artifact_root=self._artifact_root,
                artifact_location=artifact_location,
                tags=tags,
            )

    def experiment(self, id_or_name: str) -> Experiment:
        with self._database.reading() as db:
            return experiments.find(db, id_or_name)

    def experiments(self, *, lifecycle: Lifecycle | None = Lifecycle.ACTIVE) -> Sequence[Experiment]:
        with self._database.reading() as db:
            if lifecycle is None:
                return experiments.read(db, "1 = 1", {})
            return experiments.read(db, "lifecycle = :lifecycle", {"lifecycle": lifecycle.value})

    def search_experiments(
        self,
        *,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 1000,
        page_token: str | None = None,
        lifecycle: Lifecycle | None = Lifecycle.ACTIVE,
        reader: "Reader | None" = None,
    ) -> Page[Experiment]:
        checks.limit(limit)
        search: Search = _late("experiment_search").search(filter, order_by, lifecycle, reader)
        with self._database.reading() as db:
            return search.page(db, partial(experiments.in_order, db), limit=limit, token=page_token)

    def rename_experiment(self, id_or_name: str, name: str) -> Experiment:
        checks.experiment_name(name)
        with self._database.transaction() as db:
            return experiments.rename(db, id_or_name, name)

    def delete_experiment(self, id_or_name: str) -> None:
        with self._database.transaction() as db:
            found = experiments.find(db, id_or_name)
            if found.id == "0":
                raise Conflict("the default experiment cannot be deleted")
            experiments.mark(db, found, Lifecycle.DELETED)

    def restore_experiment(self, id_or_name: str) -> None:
        with self._database.transaction() as db:
            experiments.mark(db, experiments.find(db, id_or_name), Lifecycle.ACTIVE)

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
        name = _name(name, tags)
        recording.check(Entry("", params, tags=tags))
        with self._database.transaction() as db:
            experiment = experiments.find(db, experiment_id, tagged=False)
            experiments.refuse_deleted(experiment)
            number, run = runs.insert(db, experiment, name=name, user=user, status=status, started=started)
            run = replace(run, params=params, tags={**tags, recording.NAME_TAG: run.name})
            recording.write_new(db, number, run)
            if lease is not None:
                recording.write_lease(db, number, lease)
            return run

    def run(self, reference: str) -> Run:
        with self._database.reading() as db:
            return runs.find(db, reference)

    def search_runs(
        self,
        *,
        experiment_ids: Sequence[str] | None = None,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 100,
        page_token: str | None = None,
        lifecycle: Lifecycle | None = Lifecycle.ACTIVE,
    ) -> Page[Run]:
        checks.limit(limit)
        search: Search = _late("searching").compiled(
            filter, order_by=order_by, experiment_ids=experiment_ids, lifecycle=lifecycle
        )
        with self._database.reading() as db:
            return search.page(db, partial(runs.in_order, db), limit=limit, token=page_token)

    def update_run(
        self,
        run_id: str,
        *,
        status: RunStatus | None = None,
        name: str | None = None,
        started: int | None = None,
        ended: int | None = None,
    ) -> None:
        changes = {"status": status.value if status else None, "started": started, "ended": ended}
        given = {column: value for column, value in changes.items() if value is not None}
        if name is not None:
            checks.run_name(name)
        # A run that was deleted while it went on still ends: its process has not failed, and must not.
        only_ends = status is not None and status.ended and name is None and started is None
        with self._database.transaction() as db:
            row = runs.exact(db, run_id) if only_ends else runs.writable(runs.rows(db, [run_id]), run_id)
            if given:
                assignments = ", ".join(f"{column} = :{column}" for column in given)
                db.execute(
                    f"UPDATE runner_runs SET {assignments} WHERE id = :id", {**given, "id": row.number}
                )
            if name is not None:
                recording.write(db, [(row, Entry(row.uuid, tags={recording.NAME_TAG: name}))])
            if status is not None and status.ended:
                recording.end_lease(db, row.number)

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, str] = {},
        metrics: Iterable[Metric] = (),
        tags: Mapping[str, str] = {},
    ) -> None:
        entry = Entry(run_id, params, tuple(metrics), tags)
        if entry.params or entry.metrics or entry.tags:
            (refusal,) = self.log_all([entry])
            if refusal is not None:
                raise refusal

    def log_all(self, entries: Sequence[Entry]) -> Sequence[RunnerError | None]:
        with self._database.transaction() as db:
            return recording.write_all(db, entries)

    def log_inputs(
        self, run_id: str, *, datasets: Sequence[DatasetInput] = (), models: Sequence[str] = ()
    ) -> None:
        checks.datasets(datasets)
        with self._database.transaction() as db:
            run = runs.writable(runs.rows(db, [run_id]), run_id)
            inputs.use_datasets(db, run.number, run.experiment, datasets)
            inputs.use_models(db, run.number, models)

    def log_outputs(self, run_id: str, models: Sequence[ModelOutput]) -> None:
        checks.outputs(models)
        with self._database.transaction() as db:
            inputs.make_models(db, runs.writable(runs.rows(db, [run_id]), run_id).number, models)

    def datasets(self, experiment_ids: Sequence[str]) -> Sequence[tuple[str, Dataset, str]]:
        with self._database.reading() as db:
            return inputs.summaries(db, experiment_ids)

    def delete_tag(self, run_id: str, key: str) -> None:
        with self._database.transaction() as db:
            values = {"run": runs.writable(runs.rows(db, [run_id]), run_id).number, "key": checks.text(key)}
            where = "run = :run AND key_id = (SELECT id FROM runner_key_names WHERE name = :key)"
            if not db.execute(f"SELECT 1 FROM runner_tags WHERE {where}", values):
                raise NotFound(f"run {run_id} has no tag {key!r}")
            db.execute(f"DELETE FROM runner_tags WHERE {where}", values)

    def metric_history(self, run_id: str, key: str) -> Sequence[Metric]:
        with self._database.reading() as db:
            return runs.metric_history(db, run_id, key)

    def metric_page(
        self, run_id: str, key: str, *, limit: int | None = None, page_token: str | None = None
    ) -> Page[Metric]:
        offset = checks.offset(page_token)
        with self._database.reading() as db:
            points = runs.metric_page(db, run_id, key, limit=limit, offset=offset)
        if limit is None or len(points) <= limit:
            return Page(tuple(points))
        return Page(tuple(points[:limit]), str(offset + limit))

    def delete_run(self, run_id: str) -> None:
        with self._database.transaction() as db:
            runs.mark(db, runs.exact(db, run_id), Lifecycle.DELETED)

    def restore_run(self, run_id: str) -> None:
        with self._database.transaction() as db:
            runs.mark(db, runs.exact(db, run_id), Lifecycle.ACTIVE)

    # for those who watch ----------------------------------------------------------------------------------
    def changes(self) -> object:
        return self._database.changes()

    def new_points(
        self, run_id: str, seen: Mapping[str, Metric] | None, *, limit: int, count: bool
    ) -> NewPoints:
        with self._database.reading() as db:
            return points.new(db, run_id, seen, limit=limit, count=count)

    # leases -----------------------------------------------------------------------------------------------
    def renew_lease(self, run_id: str, lease: Lease) -> bool:
        with self._database.transaction() as db:
            row = runs.exact(db, run_id, locked=True)
            ((status,),) = db.execute("SELECT status FROM runner_runs WHERE id = :id", {"id": row.number})
            if RunStatus(status).ended or row.lifecycle is Lifecycle.DELETED:
                return False
            recording.write_lease(db, row.number, lease)
            return True

    def expire_leases(self, now: int) -> Sequence[str]:
        with self._database.reading() as db:  # the common case: nothing to do, no lock to take
            if not recording.over_leases(db, now):
                return []
        with self._database.transaction() as db:  # looked at again: it may have been renewed meanwhile
            lost = recording.over_leases(db, now, locked=True)
            for number in lost:
                recording.lose(db, number, now)
            return list(lost.values())

    # what clients of the tracking protocol ask for beyond that ------------------------------------------------
    def experiment_named(self, name: str) -> Experiment:
        with self._database.reading() as db:
            return experiments.named(db, name)

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        checks.tags(tags, longest=checks.EXPERIMENT_TAG)
        with self._database.transaction() as db:
            experiments.tag(db, experiments.find(db, experiment_id), tags)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        with self._database.transaction() as db:
            experiments.delete_tag(db, experiments.find(db, experiment_id), key)

    def move_run(self, run_id: str, experiment_id: str) -> None:
        with self._database.transaction() as db:
            experiment = experiments.find(db, experiment_id)
            experiments.refuse_deleted(experiment)
            runs.move(db, runs.writable(runs.rows(db, [run_id]), run_id), experiment)

    def check_artifacts(self, path: str, *, write: bool, delete: bool = False) -> None:
        with self._database.reading() as db:
            found = experiments.numbered(db, path.partition("/")[0])
            if write or delete:
                experiments.refuse_deleted(found)
            if write:
                places.refuse_unowned(db, path, root=self._artifact_root)


def _name(name: str | None, tags: Mapping[str, str]) -> str | None:
    """The name asked for, as argument or as MLflow's tag."""
    tagged = tags.get(recording.NAME_TAG)
    if name is not None and tagged is not None and name != tagged:
        raise TrackingError(
            f"the run has two names, {name!r} and, in tag {recording.NAME_TAG}, {tagged!r}",
            hint="leave one of them out",
        )
    name = tagged if name is None else name
    if name is not None:
        checks.run_name(name)
    return name


def _late(module: str) -> Any:
    """A module beside this one that most runs do not need: together they take as long to import as all the others."""
    return import_module(f"runner.tracking.sql.{module}")

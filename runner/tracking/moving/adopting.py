"""Things of another store taken into our database with their ids, numbers and times."""

from collections.abc import Iterable
from itertools import groupby, islice

from runner.errors import Conflict, NotFound, TrackingError
from runner.tracking import checks
from runner.tracking.logged_models import LoggedModel
from runner.tracking.model import Experiment, Lifecycle, Metric, Run
from runner.tracking.moving import fitting
from runner.tracking.moving.report import Outcome, Report
from runner.tracking.opened import ArtifactStore
from runner.tracking.registry import ModelVersion, RegisteredModel
from runner.tracking.sql.recording import NAME_TAG
from runner.tracking.sql.store import SqlStore

PORTION = 1000  # points at once
ACTIVE, DELETED = Lifecycle.ACTIVE, Lifecycle.DELETED


class AdoptingTarget:
    """See `target.Target`. An experiment is known by its name, which may be here already; all else by its id."""

    def __init__(self, store: SqlStore, report: Report) -> None:
        self._store = store
        self._report = report
        self._experiments: dict[str, Experiment] = {}  # ours, by the other store's ids
        self._moved: dict[str, tuple[str, str]] = {}  # of runs: where their files were, and are
        self._gone: list[
            Run | LoggedModel
        ] = []  # deleted there; here at the end, for a deleted one takes nothing

    def close(self) -> None:
        self._store.close()

    # experiments ------------------------------------------------------------------------------------------
    def experiment(self, found: Experiment) -> Outcome:
        tags = fitting.tags(
            found.tags, self._report, of=f"experiment {found.name!r}", longest=checks.EXPERIMENT_TAG
        )
        try:
            known = self._store.experiment_named(found.name)
        except NotFound:
            with self._store.joined() as store:
                known = store.create_experiment(found.name, tags=tags)
                store.past.experiment(found, known.id)
            self._experiments[found.id] = known
            return Outcome.CAME
        self._experiments[found.id] = known
        missing = {key: value for key, value in tags.items() if key not in known.tags}
        if missing and known.lifecycle is ACTIVE:
            self._store.tag_experiment(known.id, missing)
            return Outcome.CONTINUED
        return Outcome.THERE

    def end_of(self, found: Experiment) -> None:
        for gone in self._gone:
            self._delete(gone)
        self._gone.clear()
        known = self._experiments[found.id]
        if found.lifecycle is DELETED and known.lifecycle is ACTIVE and known.id != "0":
            with self._store.joined() as store:
                store.delete_experiment(known.id)
                store.past.experiment(found, known.id)

    def _delete(self, gone: Run | LoggedModel) -> None:
        if isinstance(gone, Run):
            self._store.delete_run(gone.id)
        else:
            self._store.models.delete(gone.id)

    # runs -------------------------------------------------------------------------------------------------
    def run(self, found: Run, points: Iterable[Metric]) -> Outcome:
        known = self._known_run(found.id)
        if known is None:
            with self._store.joined() as store:
                known = self._created(store, found)
                self._record(store, found, points)
            outcome = Outcome.CAME
        elif known.lifecycle is DELETED or (known.status, known.ended) == (found.status, found.ended):
            outcome = Outcome.THERE
        else:
            with self._store.joined() as store:
                self._record(store, found, points)
                store.update_run(found.id, status=found.status, ended=found.ended)
            outcome = Outcome.CONTINUED
        if found.lifecycle is DELETED and known.lifecycle is ACTIVE:
            self._gone.append(found)
        self._moved[found.id] = found.artifact_uri, known.artifact_uri
        return outcome

    def _created(self, store: SqlStore, found: Run) -> Run:
        name = found.name or found.tags.get(NAME_TAG)
        made = store.create_run(
            self._experiments[found.experiment_id].id,
            name=name[: checks.KEY] if name else None,
            user=found.user,
            status=found.status,
            started=found.started,
        )
        store.past.run(found, made)
        return store.run(found.id)

    def _record(self, store: SqlStore, found: Run, points: Iterable[Metric]) -> None:
        of = f"run {found.id}"
        tags = {key: value for key, value in found.tags.items() if key != NAME_TAG}
        store.log(
            found.id,
            params=fitting.params(found.params, self._report, of=of),
            tags=fitting.tags(tags, self._report, of=of, longest=checks.RUN_TAG),
        )
        fit = fitting.points(points, self._report, of=of)
        while portion := tuple(islice(fit, PORTION)):
            store.log(found.id, metrics=portion)
        if found.datasets:
            store.log_inputs(found.id, datasets=found.datasets)

    def tied(self, found: Run) -> None:
        known = self._known_run(found.id)
        if known is None or known.lifecycle is DELETED:
            return
        with self._store.joined() as store:
            store.log_inputs(found.id, models=found.models_used)
            store.log_outputs(found.id, found.models_made)

    # models -----------------------------------------------------------------------------------------------
    def model(self, found: LoggedModel) -> Outcome:
        if found.lifecycle is DELETED:
            self._gone.append(found)
        if self._known_model(found.id) is not None:
            return Outcome.THERE
        of = f"model {found.id}"
        source = found.source_run_id if self._known_run(found.source_run_id) else ""
        with self._store.joined() as store:
            made = store.models.create(
                self._experiments[found.experiment_id].id,
                name=found.name,
                type=found.type,
                source_run_id=source,
                params=fitting.params(found.params, self._report, of=of),
                tags=fitting.tags(found.tags, self._report, of=of, longest=checks.REGISTRY_TAG),
            )
            store.past.model(found, made)
        return Outcome.CAME

    def measured(self, found: LoggedModel) -> None:
        points = sorted(found.metrics, key=lambda one: one.run_id)
        for run_id, group in groupby(points, key=lambda one: one.run_id):
            known = self._known_run(run_id)
            if known is not None and known.lifecycle is ACTIVE:
                fit = fitting.points((one.metric for one in group), self._report, of=f"model {found.id}")
                self._store.log(run_id, metrics=fit)

    # the registry -----------------------------------------------------------------------------------------
    def registered(self, found: RegisteredModel) -> Outcome:
        registry = self._store.registry
        try:
            registry.get(found.name)
        except NotFound:
            of = f"registered model {found.name!r}"
            tags = fitting.tags(found.tags, self._report, of=of, longest=checks.REGISTRY_TAG)
            registry.create(found.name, description=found.description, tags=tags)
            return Outcome.CAME
        return Outcome.THERE

    def version(self, found: ModelVersion) -> Outcome:
        try:
            known = self._store.registry.version(found.model, found.version)
        except NotFound:
            self._create_version(found)
            return Outcome.CAME
        if (known.created, known.run_id) != (found.created, found.run_id or known.run_id):
            raise Conflict(f"version {found.version} of {found.model!r} is another one here")
        return Outcome.THERE

    def _create_version(self, found: ModelVersion) -> None:
        of = f"version {found.version} of {found.model!r}"
        with self._store.joined() as store:
            store.past.before(found)
            made = store.registry.create_version(
                found.model,
                self._source(found),
                run_id=found.run_id,
                run_link=found.run_link,
                model_id=found.model_id,
                description=found.description,
                user=found.user,
                tags=fitting.tags(found.tags, self._report, of=of, longest=checks.REGISTRY_TAG),
            )
            if made.version != found.version:
                raise TrackingError(f"{of} was here and is deleted")
            store.past.version(found)

    def end_of_line(self, found: RegisteredModel) -> None:
        known = self._store.registry.get(found.name)
        missing = {alias: version for alias, version in found.aliases.items() if alias not in known.aliases}
        with self._store.joined() as store:
            for alias, version in missing.items():
                with self._report.leaving(f"alias {alias!r} of {found.name!r}"):
                    store.registry.set_alias(found.name, alias, version)
            if known.updated > found.updated and known.created >= found.created:
                store.past.registered(found)

    def _source(self, found: ModelVersion) -> str:
        """Where its files are now: those of a run have moved with it."""
        before, now = self._moved.get(found.run_id, ("", ""))
        for place in (found.source, found.location):
            if before and place.startswith(before):
                return now + place.removeprefix(before)
        return found.source

    # everything -------------------------------------------------------------------------------------------
    def artifacts(self, found: Run | LoggedModel) -> ArtifactStore:
        known = self._known_run(found.id) if isinstance(found, Run) else self._known_model(found.id)
        if known is None:
            raise NotFound(f"{found.id} did not come")
        return self._store.artifacts(known.artifact_uri)

    def _known_run(self, run_id: str) -> Run | None:
        try:
            known = self._store.run(run_id)
        except (NotFound, Conflict):
            return None
        return known if known.id == run_id else None

    def _known_model(self, model_id: str) -> LoggedModel | None:
        try:
            return self._store.models.get(model_id, deleted=True)
        except NotFound:
            return None

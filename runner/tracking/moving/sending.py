"""Things sent to a server. It gives ids of its own: a tag says which id a thing had, and by it what came is found again."""

from collections.abc import Iterable, Mapping
from itertools import groupby, islice

from runner.errors import NotFound
from runner.tracking.logged_models import LoggedModel
from runner.tracking.model import Experiment, Lifecycle, Metric, ModelOutput, Run, RunStatus
from runner.tracking.moving.report import Outcome, Report
from runner.tracking.opened import ArtifactStore, OpenStore
from runner.tracking.registry import ModelVersion, RegisteredModel, Stage
from runner.tracking.sql.model_sources import VERSIONS
from runner.tracking.sql.recording import NAME_TAG
from runner.tracking.statuses import MEANT, TOLD

ORIGIN = "runner.moved.id"
PORTION = 1000  # points at once


class SendingTarget:
    """See `target.Target`."""

    def __init__(self, store: OpenStore, report: Report) -> None:
        self._store = store
        self._report = report
        self._experiments: dict[str, Experiment] = {}  # there, by the ids here, as all that follow
        self._runs: dict[str, Run] = {}
        self._models: dict[str, LoggedModel] = {}
        self._moved: dict[str, tuple[str, str]] = {}  # of runs: where their files were, and are
        self._versions: dict[tuple[str, int], int] = {}
        self._gone: list[str] = []

    def close(self) -> None:
        self._store.close()

    # experiments ------------------------------------------------------------------------------------------
    def experiment(self, found: Experiment) -> Outcome:
        try:
            known = self._store.experiment_named(found.name)
        except NotFound:
            self._experiments[found.id] = self._store.create_experiment(found.name, tags=found.tags)
            return Outcome.CAME
        self._experiments[found.id] = known
        return Outcome.THERE

    def end_of(self, found: Experiment) -> None:
        for run_id in self._gone:
            self._store.delete_run(run_id)
        self._gone.clear()
        known = self._experiments[found.id]
        if found.lifecycle is Lifecycle.DELETED and known.lifecycle is Lifecycle.ACTIVE:
            self._store.delete_experiment(known.id)

    # runs -------------------------------------------------------------------------------------------------
    def run(self, found: Run, points: Iterable[Metric]) -> Outcome:
        known = self._known_run(found)
        if known is not None and (known.status, known.ended) == (MEANT[TOLD[found.status]], found.ended):
            self._note(found, known)
            return Outcome.THERE
        made = known or self._store.create_run(
            self._experiments[found.experiment_id].id,
            name=found.name or None,
            user=found.user,
            status=RunStatus.RUNNING,
            started=found.started,
            tags={**_without(found.tags, NAME_TAG), ORIGIN: found.id},
        )
        self._note(found, made)
        self._record(found, made, points)
        return Outcome.CAME if known is None else Outcome.CONTINUED

    def _record(self, found: Run, made: Run, points: Iterable[Metric]) -> None:
        self._store.log(made.id, params=found.params)
        unread = iter(points)
        while portion := tuple(islice(unread, PORTION)):
            self._store.log(made.id, metrics=portion)
        if found.datasets:
            self._store.log_inputs(made.id, datasets=found.datasets)
        self._store.update_run(made.id, status=found.status, ended=found.ended)

    def _note(self, found: Run, made: Run) -> None:
        self._runs[found.id] = made
        self._moved[found.id] = found.artifact_uri, made.artifact_uri
        if found.lifecycle is Lifecycle.DELETED and made.lifecycle is Lifecycle.ACTIVE:
            self._gone.append(made.id)

    def _known_run(self, found: Run) -> Run | None:
        experiment = self._experiments[found.experiment_id]
        page = self._store.search_runs(
            experiment_ids=[experiment.id], filter=f"tags.`{ORIGIN}` = '{found.id}'", limit=1, lifecycle=None
        )
        return page.items[0] if page.items else None

    def tied(self, found: Run) -> None:
        made = self._runs[found.id]
        used = [self._models[id_].id for id_ in found.models_used if id_ in self._models]
        outputs = [
            ModelOutput(self._models[one.model_id].id, one.step)
            for one in found.models_made
            if one.model_id in self._models
        ]
        if made.lifecycle is Lifecycle.ACTIVE and used:
            self._store.log_inputs(made.id, models=used)
        if made.lifecycle is Lifecycle.ACTIVE and outputs:
            self._store.log_outputs(made.id, outputs)

    # models -----------------------------------------------------------------------------------------------
    def model(self, found: LoggedModel) -> Outcome:
        experiment = self._experiments[found.experiment_id]
        page = self._store.models.search([experiment.id], filter=f"tags.`{ORIGIN}` = '{found.id}'", limit=1)
        if page.items:
            self._models[found.id] = page.items[0]
            return Outcome.THERE
        source = self._runs.get(found.source_run_id)
        made = self._store.models.create(
            experiment.id,
            name=found.name,
            type=found.type,
            source_run_id=source.id if source else "",
            params=found.params,
            tags={**_without(found.tags, VERSIONS), ORIGIN: found.id},
        )
        self._models[found.id] = self._store.models.set_status(made.id, found.status)
        return Outcome.CAME

    def measured(self, found: LoggedModel) -> None:
        """Its points are known by the ids that the server gave."""
        points = sorted(found.metrics, key=lambda one: one.run_id)
        for run_id, group in groupby(points, key=lambda one: one.run_id):
            run = self._runs.get(run_id)
            if run is not None and run.lifecycle is Lifecycle.ACTIVE:
                about = self._models[found.id].id
                self._store.log(run.id, metrics=[_about(about, one.metric) for one in group])

    # the registry -----------------------------------------------------------------------------------------
    def registered(self, found: RegisteredModel) -> Outcome:
        try:
            known = self._store.registry.get(found.name)
        except NotFound:
            self._store.registry.create(found.name, description=found.description, tags=found.tags)
            return Outcome.CAME
        quote = '"' if "'" in known.name else "'"
        page = self._store.registry.search_versions(filter=f"name = {quote}{known.name}{quote}", limit=10_000)
        for version in page.items:
            if version.tags.get(ORIGIN, "").isdecimal():
                self._versions[known.name, int(version.tags[ORIGIN])] = version.version
        return Outcome.THERE

    def version(self, found: ModelVersion) -> Outcome:
        if (found.model, found.version) in self._versions:
            return Outcome.THERE
        run, model = self._runs.get(found.run_id), self._models.get(found.model_id)
        made = self._store.registry.create_version(
            found.model,
            self._source(found, model),
            run_id=run.id if run else "",
            run_link=found.run_link,
            model_id=model.id if model else "",
            description=found.description,
            tags={**found.tags, ORIGIN: str(found.version)},
        )
        self._versions[found.model, found.version] = made.version
        if found.stage is not Stage.NONE:
            self._store.registry.move_version(made.model, made.version, found.stage)
        if made.version != found.version:
            self._report.leave(
                f"the number of version {found.version} of {found.model!r}", f"it is {made.version} there"
            )
        return Outcome.CAME

    def _source(self, found: ModelVersion, model: LoggedModel | None) -> str:
        if model is not None and found.source.startswith("models:/m-"):
            return f"models:/{model.id}"
        before, now = self._moved.get(found.run_id, ("", ""))
        for place in (found.source, found.location):
            if before and place.startswith(before):
                return now + place.removeprefix(before)
        return found.source

    def end_of_line(self, found: RegisteredModel) -> None:
        known = self._store.registry.get(found.name)
        for alias, version in found.aliases.items():
            number = self._versions.get((found.name, version))
            if number is not None and alias not in known.aliases:
                self._store.registry.set_alias(found.name, alias, number)

    def artifacts(self, found: Run | LoggedModel) -> ArtifactStore:
        made = self._runs[found.id] if isinstance(found, Run) else self._models[found.id]
        return self._store.artifacts(made.artifact_uri)


def _without(tags: Mapping[str, str], key: str) -> dict[str, str]:
    return {name: value for name, value in tags.items() if name != key}


def _about(model_id: str, point: Metric) -> Metric:
    return Metric(
        point.key, point.value, point.time, point.step, model_id, point.dataset_name, point.dataset_digest
    )

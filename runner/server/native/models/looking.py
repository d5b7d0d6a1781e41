"""One version of a registered model, whole. What is not known is said in sentences: a model may lie anywhere, and be of anybody."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from runner.errors import NotFound, RunnerError, Unavailable
from runner.server.mlflow import wire
from runner.server.mlflow.runs import exact
from runner.server.native import documents
from runner.server.native.documents import RECORD, Documents
from runner.server.native.marked import marked
from runner.server.native.models import listing
from runner.server.native.models.shapes import Made
from runner.server.native.models.version_shapes import Logged, MadeBy, VersionLook, VersionName
from runner.server.native.overview_shapes import Data, LatestMetric
from runner.server.places import Places
from runner.tracking.logged_models import LoggedModel, ModelStatus
from runner.tracking.model import Run
from runner.tracking.registry import ModelVersion
from runner.tracking.store import Store

T = TypeVar("T")

MOST_METRICS, MOST_PARAMS, MOST_OTHERS = 100, 100, 20
LONGEST = 500  # characters of what a record says
COMMIT, ENVIRONMENT, LOCK, DIRTY = (
    "mlflow.source.git.commit",
    "mlflow.project.env",
    "runner.lock",
    "runner.dirty",
)


@dataclass(slots=True)
class Known:
    """What the store says of a version to the caller. `unknown`: what it does not, and why."""

    version: ModelVersion
    run: Run | None
    logged: LoggedModel | None
    unknown: list[str] = field(default_factory=list)


def known(store: Store, name: str, version: int) -> Known:
    """The version, with the run and the logged model that it was made of.

    Raises:
        NotFound: there is no such version for the caller.
    """
    found = store.registry.version(name, version)
    answer = Known(found, None, None)
    if found.run_id:
        answer.run = _or_none(lambda: exact(store, found.run_id))
        if answer.run is None:
            answer.unknown.append("The run that made it is not there any more, or you may not read it.")
    elif not found.model_id:
        answer.unknown.append(
            "Nobody said which run made it: neither its code, nor its data, nor its packages are known."
        )
    if found.model_id:
        answer.logged = _or_none(lambda: store.models.get(found.model_id))
        if answer.logged is None:
            answer.unknown.append("Its logged model is not there any more, or you may not read it.")
        elif answer.logged.status is not ModelStatus.READY:
            answer.unknown.append(f"Its logged model is {answer.logged.status.value}: files may be missing.")
    return answer


def told(store: Store, found: Known, places: Places, home: Path) -> VersionLook:
    """All but what its files say."""
    version = found.version
    return VersionLook(
        name=version.model,
        version=version.version,
        created=version.created,
        changed=version.updated,
        source=places.told(version.source),
        stage=version.stage.value,
        who=version.user,
        description=version.description,
        nodes=marked(version.description) if version.description else [],
        tags=dict(version.tags),
        aliases=sorted(version.aliases),
        run=_made_by(store, found.run, documents.of(found.run, places, home)) if found.run else None,
        logged=_logged(store, found.logged, version) if found.logged else None,
        unknown=found.unknown,
    )


def _made_by(store: Store, run: Run, kept: Documents) -> MadeBy:
    experiment = _or_none(lambda: store.experiment(run.experiment_id))
    return MadeBy(
        id=run.id,
        name=run.name,
        experiment=run.experiment_id,
        experiment_name=experiment.name if experiment else "",
        status=run.status,
        who=run.user,
        started=run.started,
        commit=run.tags.get(COMMIT, ""),
        dirty=run.tags.get(DIRTY) == "true",
        environment=run.tags.get(ENVIRONMENT, ""),
        lock=run.tags.get(LOCK, ""),
        data=[*_logged_data(run), *_inputs(kept)][:MOST_OTHERS],
        metrics=[
            LatestMetric(key=each.key, value=wire.shown(each.value), step=each.step, time=each.time)
            for _, each in sorted(run.metrics.items())[:MOST_METRICS]
        ],
    )


def _logged_data(run: Run) -> Iterator[Data]:
    """What its program told."""
    for each in run.datasets:
        known = each.dataset
        yield Data(name=known.name, digest=known.digest, source=known.source_type, context=each.context)


def _inputs(kept: Documents) -> Iterator[Data]:
    """What runner recorded; the record is a stranger's."""
    found = (kept.json(RECORD) or {}).get("inputs")
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and isinstance(name := each.get("name"), str):
            digest, uri = each.get("digest"), each.get("uri")
            yield Data(
                name=name[:LONGEST],
                digest=digest[:LONGEST] if isinstance(digest, str) else "",
                source=uri[:LONGEST] if isinstance(uri, str) else "",
            )


def _logged(store: Store, model: LoggedModel, version: ModelVersion) -> Logged:
    others = {each.run_id for each in model.metrics} - {version.run_id, model.source_run_id}
    return Logged(
        id=model.id,
        name=model.name,
        status=model.status.value,
        type=model.type,
        params=dict(sorted(model.params.items())[:MOST_PARAMS]),
        registered=_registered(store, model, version),
        measured=[
            Made(id=run.id, name=run.name)
            for run in listing.made_by(store, sorted(others)[:MOST_OTHERS]).values()
        ],
    )


def _registered(store: Store, model: LoggedModel, version: ModelVersion) -> list[VersionName]:
    """Other versions that were made of it, of models that the caller may read."""
    others = [
        each for each in model.registrations if (each.name, each.version) != (version.model, version.version)
    ]
    found = []
    for each in others[:MOST_OTHERS]:
        with suppress(NotFound):
            store.registry.version(each.name, each.version)
            found.append(VersionName(name=each.name, version=each.version))
    return found


def _or_none(find: Callable[[], T]) -> T | None:
    """What is found; None: it is gone, or not for the caller."""
    try:
        return find()
    except Unavailable:
        raise
    except RunnerError:
        return None

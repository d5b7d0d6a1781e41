"""What a run is created with: its experiment, its params, its tags, the run around it."""

import time
from contextlib import suppress

from runner.errors import Conflict, NotFound, RunnerError
from runner.launch.masking import MASK
from runner.launch.planning import Planned, Request
from runner.progress import Progress
from runner.settings import Settings
from runner.tracking import Store, checks
from runner.tracking.model import Lease, Run, RunStatus

DEFAULT_EXPERIMENT = "0"


def created(planned: Planned, *, store: Store, settings: Settings, progress: Progress, lease: Lease) -> Run:
    """A new run of the plan, in its experiment, as a child of the run around it."""
    tags = _tags(planned, store, settings, progress) | dict(planned.request.tags)
    return store.create_run(
        _experiment(planned.request, store, settings),
        name=planned.request.run_name,
        user=settings.user,
        status=RunStatus.PREPARING,
        started=time.time_ns() // 1_000_000,
        params=_params(planned, progress),
        tags=tags,
        lease=lease,
    )


def _experiment(request: Request, store: Store, settings: Settings) -> str:
    """Id of the experiment: what was asked for, else what the environment says; a missing name is created, as MLflow does."""
    for identifier, name in (
        (request.experiment_id, request.experiment_name),
        (settings.experiment_id, settings.experiment_name),
    ):
        if identifier is not None:
            return store.experiment(identifier).id
        if name is not None:
            return _named(store, name)
    return DEFAULT_EXPERIMENT


def _named(store: Store, name: str) -> str:
    with suppress(NotFound):
        return store.experiment_named(name).id
    with suppress(Conflict):  # made by a run that started together with ours
        return store.create_experiment(name).id
    return store.experiment_named(name).id


def _params(planned: Planned, progress: Progress) -> dict[str, str]:
    """Raw texts as given; secrets masked, and cut where a store's limit is (the plan keeps them whole)."""
    recorded: dict[str, str] = {}
    for name, text in {**planned.bound.values, **planned.bound.extra}.items():
        recorded[name] = MASK if name in planned.bound.secrets else text[: checks.PARAM]
        if len(text) > checks.PARAM:
            progress.warn(
                f"parameter {name!r}: only its first {checks.PARAM} characters are recorded as param"
            )
    return recorded


def _tags(planned: Planned, store: Store, settings: Settings, progress: Progress) -> dict[str, str]:
    source, plan = planned.plan.source, planned.plan
    subdirectory = f"#{source.subdirectory}" if source.subdirectory else ""
    tags = {
        "mlflow.user": settings.user,
        "mlflow.source.type": "PROJECT",
        "mlflow.source.name": source.uri + subdirectory,
        "mlflow.source.git.commit": source.commit,
        "mlflow.source.git.branch": source.branch,
        "mlflow.source.git.repoURL": source.repository,
        "mlflow.project.entryPoint": plan.entry_point,
        "mlflow.project.env": plan.environment.kind,
        "mlflow.project.backend": "local",
        "mlflow.docker.image.uri": planned.image,
        "mlflow.parentRunId": _parent(store, settings, progress),
        "runner.dirty": None if source.dirty is None else str(source.dirty).lower(),
    }
    return {key: value for key, value in tags.items() if value}


def _parent(store: Store, settings: Settings, progress: Progress) -> str | None:
    if settings.parent_run_id is None:
        return None
    try:
        return store.run(settings.parent_run_id).id
    except RunnerError:
        progress.warn(
            f"the run {settings.parent_run_id} around this one is not in this store; it is not taken as parent",
            hint="unset RUNNER_RUN_ID and MLFLOW_RUN_ID, or point RUNNER_TRACKING_URI at its store",
        )
        return None

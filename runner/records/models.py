"""The models that a run logged. Since version 3 the mlflow client keeps them beside the run, not among its artifacts."""

from collections.abc import Mapping

from runner.errors import NotFound
from runner.tracking import ArtifactStore, OpenStore
from runner.tracking.logged_models import LoggedModel
from runner.tracking.model import Run


def models_of(store: OpenStore, run: Run) -> Mapping[str, ArtifactStore]:
    """Their files, by name; later ones of the same name are `name.2`, `name.3`, ... Those that were deleted are left out.

    Raises:
        TrackingError: the store does not answer.
    """
    found: dict[str, ArtifactStore] = {}
    for model in _made(store, run):
        names = (model.name, *(f"{model.name}.{number}" for number in range(2, len(found) + 2)))
        found[next(name for name in names if name not in found)] = store.artifacts(model.artifact_uri)
    return found


def _made(store: OpenStore, run: Run) -> list[LoggedModel]:
    """In the order in which they were made."""
    made: list[tuple[int, int, LoggedModel]] = []
    for output in run.models_made:
        try:
            model = store.models.get(output.model_id)
        except NotFound:
            continue
        made.append((output.step, model.created, model))
    return [model for *_, model in sorted(made, key=lambda one: one[:2])]

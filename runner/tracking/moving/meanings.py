"""What MLflow's stores write, as we have it."""

from runner.errors import TrackingError
from runner.tracking.logged_models import ModelStatus
from runner.tracking.model import Lifecycle, RunStatus
from runner.tracking.registry import Stage
from runner.tracking.statuses import MEANT

NUMBERED = dict(enumerate(MEANT.values(), start=1))  # in files
MODEL = {1: ModelStatus.PENDING, 2: ModelStatus.READY, 3: ModelStatus.FAILED}
CONTEXT = "mlflow.data.context"


def run_status(written: str) -> RunStatus:
    """The state of a run: a word in a database, its number in a file."""
    found = NUMBERED.get(int(written)) if written.isascii() and written.isdecimal() else MEANT.get(written)
    if found is None:
        raise TrackingError(f"{written!r} is no status of a run")
    return found


def model_status(written: int | None) -> ModelStatus:
    """The state of a logged model."""
    return MODEL.get(written or 0, ModelStatus.READY)


def lifecycle(written: str) -> Lifecycle:
    """Whether something is deleted."""
    return Lifecycle.DELETED if written == Lifecycle.DELETED.value else Lifecycle.ACTIVE


def stage(written: str) -> Stage:
    """Where a version stands; one that MLflow has deleted by a mark is an error."""
    try:
        return Stage(written or "None")
    except ValueError as error:
        raise TrackingError(f"it is {written!r}") from error

"""A run of an open store, as it was recorded: by us, or by plain MLflow."""

from runner.errors import Conflict, NotFound
from runner.progress import Progress
from runner.records import mlflows, stored
from runner.records.model import Recorded
from runner.settings import Settings
from runner.tracking import OpenStore
from runner.tracking.model import Lifecycle, Run


def read(store: OpenStore, reference: str, *, settings: Settings, progress: Progress) -> Recorded:
    """The run that has that id, beginning of an id, name or number from the end; good for as long as the store is open.

    Raises:
        NotFound: there is none, or it was deleted.
        Conflict: it is still going on.
        Unrepeatable: nobody has recorded how it was executed, or the record was altered.
    """
    run = store.run(reference)
    _refuse_unfinished(run)
    if (document := stored.plan_of(store, run)) is not None:
        return stored.recorded(store, run, document)
    return mlflows.recorded(store, run, settings=settings, progress=progress)


def _refuse_unfinished(run: Run) -> None:
    if run.lifecycle is Lifecycle.DELETED:
        raise NotFound(
            f"run {run.name} was deleted", hint=f"bring it back with `runner runs restore {run.id[:8]}`"
        )
    if not run.status.ended:
        raise Conflict(
            f"run {run.name} is still going on ({run.status.value.lower()})",
            hint=f"wait for its end: runner runs logs --follow {run.id[:8]}",
        )

"""Whose artifacts lie at a path below the root of all."""

from runner.errors import Conflict, NotFound
from runner.tracking.database import Connection
from runner.tracking.model import Lifecycle

KEPT = "SELECT lifecycle, artifact_uri FROM {} WHERE uuid = :owner"


def refuse_unowned(db: Connection, path: str, *, root: str) -> None:
    """Raises unless a run or a logged model, not deleted, keeps its artifacts there: those of a run that has moved stay.

    `<experiment>/<run>` alone stands for what is the run's, wherever that lies.
    """
    parts = path.split("/")
    of_model = parts[1:2] == ["models"]
    table, above = ("runner_logged_models", 3) if of_model else ("runner_runs", 2)
    owner, place = parts[above - 1 : above], "/".join(parts[: above + 1])
    rows = db.execute(KEPT.format(table), {"owner": owner[0]}) if owner else []
    kept = [lifecycle for lifecycle, uri in rows if len(parts) == above or uri == f"{root}/{place}"]
    if not kept:
        raise NotFound(
            f"no run or logged model keeps its artifacts at {place!r}",
            hint="<experiment>/<run>/artifacts/..., as `artifact_uri` of the run says",
        )
    if kept[0] == Lifecycle.DELETED:
        raise Conflict(f"{'model' if of_model else 'run'} {owner[0]} is deleted: it takes no artifacts")

"""Freeing what is not needed any more: deleted runs, models and experiments with their artifacts; what killed runs left.

Artifacts go first: what is left when that fails is found again by the next collection, for its row is still there.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from runner.errors import Conflict, NotFound, RunnerError, TrackingError
from runner.files import remove_tree
from runner.tracking import logs
from runner.tracking.artifacts import Artifacts
from runner.tracking.sql.store import SqlStore
from runner.tracking.sql.trash import Deleted, SqlTrash

HOUR = 3600.0
FORGOTTEN = 30 * 24 * HOUR  # seconds without a word: longer than a run of another store is silent


@dataclass(frozen=True, slots=True)
class Freed:
    """What became of one of them: `bytes` of artifacts are free; or why it stays, as it should or because that `failed`."""

    item: Deleted
    bytes: int = 0
    refusal: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Collected:
    """All of it: `datasets` counts those that nobody names any more, `live` are directories that killed runs left."""

    items: Sequence[Freed]
    datasets: int
    live: Sequence[Path]


def collect(
    store: SqlStore, home: Path, root: str, *, before: int, dry_run: bool, told: Callable[[Freed], None]
) -> Collected:
    """Free what was deleted before that moment (ms), and what nobody needs any more. `told` hears of each as it goes.

    `root` is the URI below which the store keeps artifacts.
    """
    items = []
    for item in store.trash.deleted(before):
        items.append(_freed(store.trash, item, root, dry_run=dry_run))
        told(items[-1])
    datasets = store.trash.unused_datasets() if dry_run else store.trash.purge_unused_datasets()
    return Collected(items, datasets, tuple(_live_directories(store, home, dry_run=dry_run)))


def _freed(trash: SqlTrash, item: Deleted, root: str, *, dry_run: bool) -> Freed:
    """One that cannot be freed stops no other."""
    try:
        trash.confirm(item)
        size = _size(item)
        if not dry_run:
            _free(trash, item, root)
    except Conflict as error:
        return Freed(item, refusal=str(error))
    except (RunnerError, OSError) as error:
        return Freed(item, refusal=str(error), failed=True)
    return Freed(item, size)


def _live_directories(store: SqlStore, home: Path, *, dry_run: bool) -> Iterator[Path]:
    """Those of runs that are over, or that nobody knows: what their output was is an artifact then, the rest is gone."""
    for live in sorted((home / "live").glob("*")):
        try:
            run = store.run(live.name)
            if run.status.ended and _silent(live) > HOUR:
                if not dry_run:
                    logs.salvage(live, Artifacts(run.artifact_uri))
                yield live
        except NotFound:  # of another store, or forgotten
            if _silent(live) > FORGOTTEN:
                if not dry_run:
                    remove_tree(live)
                yield live
        except (RunnerError, OSError):
            continue


def _free(trash: SqlTrash, item: Deleted, root: str) -> None:
    """An experiment takes along what is left below its place, files to which no row of a run leads."""
    directory = _directory(item)
    if directory is not None:
        remove_tree(directory)
        if directory.parent.name == item.id:
            with suppress(OSError):  # somebody else has put something there, or it has never been
                directory.parent.rmdir()
    elif item.artifact_uri:
        Artifacts(_own(item)).delete_all()
    elif item.kind == "experiment" and trash.empty(item, place := f"{root}/{item.id}"):
        Artifacts(place).delete_all()
    trash.purge(item)


def _size(item: Deleted) -> int:
    """Of its artifacts; those that are gone already take no room."""
    directory = _directory(item)
    if not item.artifact_uri or (directory is not None and not directory.is_dir()):
        return 0
    return sum(artifact.size for artifact in Artifacts(_own(item)).list())


def _directory(item: Deleted) -> Path | None:
    """Where its artifacts are, if that is on this machine."""
    uri = _own(item) if item.artifact_uri else ""
    return Path(unquote(uri.removeprefix("file://"))) if uri.startswith("file:///") else None


def _own(item: Deleted) -> str:
    """The place of its artifacts, if we have made it: the id is one of the directories in it.

    Raises:
        TrackingError: it is any other place, which may be somebody else's.
    """
    if item.id not in item.artifact_uri.split("/"):
        raise TrackingError(f"its artifacts at {item.artifact_uri} are not in a place of its own")
    return item.artifact_uri


def _silent(directory: Path) -> float:
    """Seconds since something was written there."""
    last = max(path.stat().st_mtime for path in (directory, *directory.iterdir()))
    return time.time() - last

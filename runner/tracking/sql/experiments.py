"""Experiments in the database."""

from collections.abc import Mapping, Sequence
from typing import Any

from runner.errors import Conflict, NotFound, TrackingError, did_you_mean
from runner.tracking import checks
from runner.tracking.clock import now
from runner.tracking.database import Connection
from runner.tracking.model import Experiment, Lifecycle
from runner.tracking.sql import keys

COLUMNS = "id, name, artifact_location, lifecycle, created, updated"
MOST = 20_000  # in one search: what every database takes as parameters
SUGGESTED = 1000  # names among which the nearest is sought


def create(
    db: Connection, name: str, *, artifact_root: str, artifact_location: str | None, tags: Mapping[str, str]
) -> Experiment:
    """A new one; two at once make theirs one after another."""
    number = _next_number(db)
    _refuse_taken(db, name)
    _insert(db, number, name, artifact_location or f"{artifact_root}/{number}")
    _write_tags(db, number, tags)
    return read(db, "id = :id", {"id": number})[0]


def create_default(db: Connection, *, artifact_root: str) -> None:
    """Experiment "0", which MLflow clients take for granted; nothing if it is there."""
    if not read(db, "id = 0", {}):
        _insert(db, 0, "Default", f"{artifact_root}/0")


def find(db: Connection, id_or_name: str, *, tagged: bool = True) -> Experiment:
    """See `Store.experiment`. One that need not be `tagged` takes a statement less."""
    if id_or_name.isascii() and id_or_name.isdecimal() and len(id_or_name) < 19:  # noqa: PLR2004 - 64 bits
        by_id = read(db, "id = :id", {"id": int(id_or_name)}, tagged=tagged)
        if by_id:
            return by_id[0]
    return named(db, id_or_name)


def numbered(db: Connection, number: str) -> Experiment:
    """The experiment with that id, not with such a name."""
    if number.isascii() and number.isdecimal():
        found = find(db, number)
        if found.id == number:
            return found
    raise NotFound(f"there is no experiment with the id {number!r}")


def named(db: Connection, name: str) -> Experiment:
    """See `Store.experiment_named`."""
    by_name = read(db, "name = :name", {"name": checks.text(name)})
    if by_name:
        return by_name[0]
    rows = db.execute(f"SELECT name FROM runner_experiments ORDER BY id DESC LIMIT {SUGGESTED}")
    raise NotFound(
        f"there is no experiment {name!r}",
        hint=did_you_mean(name, [other for (other,) in rows]) or "`runner experiments list` shows all",
    )


def numbers(experiment_ids: Sequence[str]) -> list[int]:
    """Those of the ids that can be some, for an IN (...); -1, which none has, where there are none."""
    found = {int(text) for text in experiment_ids if text.isdecimal() and len(text) < 19}  # noqa: PLR2004 - 64 bits
    if len(found) > MOST:
        raise TrackingError(f"{len(found)} experiments at once cannot be searched", hint=f"at most {MOST}")
    return sorted(found) or [-1]


def read(
    db: Connection, where: str, values: Mapping[str, Any], *, tagged: bool = True
) -> Sequence[Experiment]:
    """Those that fit, newest first."""
    rows = db.execute(
        f"SELECT {COLUMNS} FROM runner_experiments WHERE {where} ORDER BY created DESC, id DESC", values
    )
    tags = keys.attached(
        db, "runner_experiment_tags", "value", owner="experiment", of=[row[0] for row in rows if tagged]
    )
    return [
        Experiment(
            id=str(number),
            name=name,
            artifact_location=location,
            lifecycle=Lifecycle(lifecycle),
            created=created,
            updated=updated,
            tags=dict(tags.get(number, [])),
        )
        for number, name, location, lifecycle, created, updated in rows
    ]


def in_order(db: Connection, numbers: Sequence[int]) -> Sequence[Experiment]:
    """The experiments with these ids."""
    found: dict[str, Experiment] = {}
    for marks in keys.bound(numbers):
        found |= {one.id: one for one in read(db, f"id IN ({keys.listed(marks)})", marks)}
    return [found[str(number)] for number in numbers]


def rename(db: Connection, id_or_name: str, name: str) -> Experiment:
    """See `Store.rename_experiment`."""
    found = find(db, id_or_name)
    refuse_deleted(found)
    if found.name != name:
        _refuse_taken(db, name)
    db.execute(
        "UPDATE runner_experiments SET name = :name, updated = :now WHERE id = :id",
        {"name": name, "now": now(), "id": int(found.id)},
    )
    return find(db, found.id)


def mark(db: Connection, found: Experiment, lifecycle: Lifecycle) -> None:
    """Delete or restore it with its runs and logged models."""
    moment = now()
    values = {"lifecycle": lifecycle.value, "now": moment, "id": int(found.id)}
    db.execute("UPDATE runner_experiments SET lifecycle = :lifecycle, updated = :now WHERE id = :id", values)
    deleted = moment if lifecycle is Lifecycle.DELETED else None
    for table in ("runner_runs", "runner_logged_models"):
        db.execute(
            f"UPDATE {table} SET lifecycle = :lifecycle, deleted = :deleted WHERE experiment = :id",
            {"lifecycle": lifecycle.value, "deleted": deleted, "id": int(found.id)},
        )


def tag(db: Connection, found: Experiment, tags: Mapping[str, str]) -> None:
    """See `Store.tag_experiment`."""
    refuse_deleted(found)
    _write_tags(db, int(found.id), tags)
    _touch(db, found)


def delete_tag(db: Connection, found: Experiment, key: str) -> None:
    """See `Store.delete_experiment_tag`."""
    refuse_deleted(found)
    if key not in found.tags:
        raise NotFound(f"experiment {found.name!r} has no tag {key!r}")
    keys.detach(db, "runner_experiment_tags", key, owner="experiment", number=int(found.id))
    _touch(db, found)


def refuse_deleted(found: Experiment) -> None:
    """Raises Conflict for a deleted one."""
    if found.lifecycle is Lifecycle.DELETED:
        raise Conflict(f"experiment {found.name!r} is deleted", hint=f"runner experiments restore {found.id}")


def _next_number(db: Connection) -> int:
    """One that no experiment has ever had: files of one that is forgotten must not become another's."""
    counter = {"name": "experiments"}
    db.execute("UPDATE runner_counters SET last_number = last_number + 1 WHERE name = :name", counter)
    ((number,),) = db.execute("SELECT last_number FROM runner_counters WHERE name = :name", counter)
    return int(number)


def _insert(db: Connection, number: int, name: str, location: str) -> None:
    db.execute(
        "INSERT INTO runner_experiments (id, name, artifact_location, lifecycle, created, updated)"
        " VALUES (:id, :name, :location, :lifecycle, :created, :updated)",
        {
            "id": number,
            "name": name,
            "location": location,
            "lifecycle": Lifecycle.ACTIVE.value,
            "created": now(),
            "updated": now(),
        },
    )


def _write_tags(db: Connection, number: int, tags: Mapping[str, str]) -> None:
    keys.attach(db, "runner_experiment_tags", tags, owner="experiment", number=number)


def _touch(db: Connection, found: Experiment) -> None:
    db.execute(
        "UPDATE runner_experiments SET updated = :now WHERE id = :id", {"now": now(), "id": int(found.id)}
    )


def _refuse_taken(db: Connection, name: str) -> None:
    for number, lifecycle in db.execute(
        "SELECT id, lifecycle FROM runner_experiments WHERE name = :name", {"name": name}
    ):
        deleted = lifecycle == Lifecycle.DELETED
        raise Conflict(
            f"there is {'a deleted' if deleted else 'an'} experiment {name!r} already",
            hint=f"runner experiments restore {number}" if deleted else None,
        )

"""Versions of registered models in the database. `model` is the surrogate key of the registered model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from runner.errors import NotFound
from runner.tracking import checks
from runner.tracking.clock import now
from runner.tracking.database import Connection, Row
from runner.tracking.filters import MODEL_VERSIONS
from runner.tracking.registry import ModelVersion, Stage
from runner.tracking.sql import keys, model_sources
from runner.tracking.sql.conditions import Subject

ROWS = "runner_model_versions r JOIN runner_registered_models m ON m.id = r.model"
COLUMNS: Mapping[str, str] = {  # of what ModelVersion calls so
    "model": "m.name",
    "version": "r.version",
    "created": "r.created",
    "updated": "r.updated",
    "source": "r.source",
    "location": "r.location",
    "stage": "r.stage",
    "description": "r.description",
    "run_id": "r.run_uuid",
    "run_link": "r.run_link",
    "model_id": "r.model_uuid",
    "user": "r.user_name",
}
TAGS = "runner_model_version_tags"

SUBJECT = Subject(
    vocabulary=MODEL_VERSIONS,
    rows=ROWS,
    columns={
        "name": "m.name",
        "run_id": "r.run_uuid",
        "source_path": "r.source",
        "version_number": "r.version",
        "creation_timestamp": "r.created",
        "last_updated_timestamp": "r.updated",
    },
    tables={"tag": TAGS},
    owner="version",
    ties="m.name, r.version DESC",
    usual="r.updated DESC",
)


class New(NamedTuple):
    """What is said of a version that is to be made."""

    source: str
    run_id: str
    run_link: str
    model_id: str
    description: str
    user: str

    def check(self) -> None:
        """Lengths.

        Raises:
            TrackingError: something of it cannot be recorded.
        """
        checks.place("the source of a model version", self.source)
        checks.place("the link to a run", self.run_link)
        checks.run_id(self.run_id)
        checks.text(self.model_id)
        checks.description(self.description)
        checks.user(self.user)


def insert(db: Connection, model: int, new: New) -> int:
    """A new version with the next number, which it returns."""
    origin = model_sources.origin(db, new.source, run_id=new.run_id, model_id=new.model_id)
    number = _next_number(db, model)
    values = {
        **new._asdict(),
        "location": origin.location,
        "run_id": origin.run_id,
        "model_id": origin.model_id,
    }
    db.execute(
        "INSERT INTO runner_model_versions (model, version, created, updated, stage, description, source, location,"
        " run_uuid, run_link, model_uuid, user_name) VALUES (:model, :version, :now, :now, :stage, :description,"
        " :source, :location, :run_id, :run_link, :model_id, :user)",
        {**values, "model": model, "version": number, "now": now(), "stage": Stage.NONE.value},
    )
    return number


def _next_number(db: Connection, model: int) -> int:
    db.execute(
        "UPDATE runner_registered_models SET last_version = last_version + 1, updated = :now WHERE id = :id",
        {"now": now(), "id": model},
    )
    ((number,),) = db.execute(
        "SELECT last_version FROM runner_registered_models WHERE id = :id", {"id": model}
    )
    return int(number)


def exact(db: Connection, model: int, version: int) -> int:
    """The surrogate key of a version."""
    values = {"model": model, "version": version if version in range(2**31) else -1}
    statement = "SELECT id FROM runner_model_versions WHERE model = :model AND version = :version"
    for row in db.execute(statement, values):
        return int(row[0])
    ((name,),) = db.execute("SELECT name FROM runner_registered_models WHERE id = :model", values)
    raise NotFound(f"Model Version (name={name}, version={version}) not found")


def read(db: Connection, numbers: Sequence[int]) -> list[ModelVersion]:
    """The versions with these surrogate keys, in this order, with their tags and aliases."""
    found: dict[int, ModelVersion] = {}
    for marks in keys.bound(numbers):
        where = f"r.id IN ({keys.listed(marks)})"
        rows = db.execute(f"SELECT r.id, {', '.join(COLUMNS.values())} FROM {ROWS} WHERE {where}", marks)
        found.update(_filled(db, rows))
    return [found[number] for number in numbers]


def latest(db: Connection, models: Sequence[int]) -> list[ModelVersion]:
    """The newest version in each stage of each model."""
    numbers: list[int] = []
    for marks in keys.bound(models):
        newest = (
            "SELECT MAX(n.version) FROM runner_model_versions n WHERE n.model = r.model AND n.stage = r.stage"
        )
        rows = db.execute(
            f"SELECT r.id FROM runner_model_versions r WHERE r.model IN ({keys.listed(marks)})"
            f" AND r.version = ({newest}) ORDER BY r.version",
            marks,
        )
        numbers += [row[0] for row in rows]
    return read(db, numbers)


def describe(db: Connection, number: int, description: str) -> None:
    """See `Registry.describe_version`."""
    db.execute(
        "UPDATE runner_model_versions SET description = :description, updated = :now WHERE id = :id",
        {"description": checks.description(description), "now": now(), "id": number},
    )


def move(db: Connection, model: int, number: int, stage: Stage, *, archive_others: bool) -> None:
    """See `Registry.move_version`."""
    values = {"stage": stage.value, "now": now(), "id": number}
    if archive_others:
        db.execute(
            "UPDATE runner_model_versions SET stage = :archived, updated = :now"
            " WHERE model = :model AND stage = :stage AND id <> :id",
            {**values, "model": model, "archived": Stage.ARCHIVED.value},
        )
    db.execute("UPDATE runner_model_versions SET stage = :stage, updated = :now WHERE id = :id", values)


def delete(db: Connection, number: int) -> None:
    """See `Registry.delete_version`; its tags and aliases go with it."""
    db.execute("DELETE FROM runner_model_versions WHERE id = :id", {"id": number})


def tag(db: Connection, number: int, tags: Mapping[str, str]) -> None:
    """See `Registry.tag_version`."""
    keys.attach(db, TAGS, tags, owner="version", number=number)


def delete_tag(db: Connection, number: int, key: str) -> None:
    """See `Registry.delete_version_tag`."""
    keys.detach(db, TAGS, key, owner="version", number=number)


def _filled(db: Connection, rows: Sequence[Row]) -> Iterator[tuple[int, ModelVersion]]:
    numbers = [row[0] for row in rows]
    tags = keys.attached(db, TAGS, "value", owner="version", of=numbers)
    aliases = _aliases(db, numbers)
    for number, *rest in rows:
        values = dict(zip(COLUMNS, rest, strict=True))
        values |= {"stage": Stage(values["stage"]), "tags": dict(tags.get(number, []))}
        yield number, ModelVersion(**values, aliases=tuple(aliases.get(number, ())))


def _aliases(db: Connection, numbers: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for marks in keys.bound(numbers):
        for number, alias in db.execute(
            f"SELECT version, alias FROM runner_model_aliases WHERE version IN ({keys.listed(marks)}) ORDER BY alias",
            marks,
        ):
            found.setdefault(number, []).append(alias)
    return found

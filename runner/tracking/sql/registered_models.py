"""Registered models in the database."""

from collections.abc import Iterator, Mapping, Sequence

from runner.errors import Conflict, NotFound, did_you_mean
from runner.tracking import checks
from runner.tracking.clock import now
from runner.tracking.database import Connection, Row, upsert
from runner.tracking.filters import REGISTERED_MODELS
from runner.tracking.registry import ModelVersion, RegisteredModel
from runner.tracking.sql import keys, model_versions
from runner.tracking.sql.conditions import Subject
from runner.tracking.sql.experiments import SUGGESTED

COLUMNS = "id, name, description, created, updated"
TAGS = "runner_registered_model_tags"
ALIAS = ("model", "alias", "version")
INSERT_ALIAS = upsert("runner_model_aliases", ALIAS, key=ALIAS[:2], update=ALIAS[2:])
SUBJECT = Subject(
    vocabulary=REGISTERED_MODELS,
    rows="runner_registered_models r",
    columns={
        "name": "r.name",
        "timestamp": "r.updated",  # as in MLflow
        "creation_timestamp": "r.created",
        "last_updated_timestamp": "r.updated",
    },
    tables={"tag": TAGS},
    owner="model",
    ties="r.name",
)


def insert(db: Connection, name: str, description: str) -> int:
    """A new one; its surrogate key."""
    _refuse_taken(db, name)
    return db.insert(
        "INSERT INTO runner_registered_models (name, description, created, updated, last_version)"
        " VALUES (:name, :description, :now, :now, 0)",
        {"name": name, "description": checks.description(description), "now": now()},
    )


def exact(db: Connection, name: str) -> int:
    """The surrogate key of a model.

    Raises:
        NotFound: none has that name; the hint is a near one.
    """
    checks.model_name(name)
    for row in db.execute("SELECT id FROM runner_registered_models WHERE name = :name", {"name": name}):
        return int(row[0])
    rows = db.execute(f"SELECT name FROM runner_registered_models ORDER BY id DESC LIMIT {SUGGESTED}")
    raise NotFound(
        f"Registered Model with name={name} not found", hint=did_you_mean(name, [other for (other,) in rows])
    )


def read(db: Connection, numbers: Sequence[int]) -> list[RegisteredModel]:
    """The models with these surrogate keys, in this order, with tags, aliases and their newest versions."""
    found: dict[int, RegisteredModel] = {}
    for marks in keys.bound(numbers):
        where = f"id IN ({keys.listed(marks)})"
        rows = db.execute(f"SELECT {COLUMNS} FROM runner_registered_models WHERE {where}", marks)
        found.update(zip((row[0] for row in rows), _filled(db, rows), strict=True))
    return [found[number] for number in numbers]


def describe(db: Connection, number: int, description: str) -> None:
    """See `Registry.describe`."""
    db.execute(
        "UPDATE runner_registered_models SET description = :description, updated = :now WHERE id = :id",
        {"description": checks.description(description), "now": now(), "id": number},
    )


def rename(db: Connection, name: str, new_name: str) -> None:
    """See `Registry.rename`."""
    number = exact(db, name)
    if new_name != name:
        _refuse_taken(db, new_name)
    values = {"name": new_name, "now": now(), "id": number}
    db.execute("UPDATE runner_registered_models SET name = :name, updated = :now WHERE id = :id", values)
    db.execute("UPDATE runner_model_versions SET updated = :now WHERE model = :id", values)


def touch(db: Connection, number: int) -> None:
    """Note that something about the model has changed."""
    db.execute(
        "UPDATE runner_registered_models SET updated = :now WHERE id = :id", {"now": now(), "id": number}
    )


def delete(db: Connection, number: int) -> None:
    """See `Registry.delete`; the database deletes what belongs to it."""
    db.execute("DELETE FROM runner_registered_models WHERE id = :id", {"id": number})


def tag(db: Connection, number: int, tags: Mapping[str, str]) -> None:
    """See `Registry.tag`."""
    keys.attach(db, TAGS, tags, owner="model", number=number)


def delete_tag(db: Connection, number: int, key: str) -> None:
    """See `Registry.delete_tag`."""
    keys.detach(db, TAGS, key, owner="model", number=number)


def set_alias(db: Connection, number: int, alias: str, version: int) -> None:
    """See `Registry.set_alias`; `version` is the surrogate key of one."""
    db.execute(INSERT_ALIAS, {"model": number, "alias": alias, "version": version})


def delete_alias(db: Connection, number: int, alias: str) -> None:
    """See `Registry.delete_alias`."""
    db.execute(
        "DELETE FROM runner_model_aliases WHERE model = :model AND alias = :alias",
        {"model": number, "alias": alias},
    )


def _filled(db: Connection, rows: Sequence[Row]) -> Iterator[RegisteredModel]:
    numbers = [row[0] for row in rows]
    tags = keys.attached(db, TAGS, "value", owner="model", of=numbers)
    aliases = _aliases(db, numbers)
    latest: dict[str, list[ModelVersion]] = {}
    for version in model_versions.latest(db, numbers):
        latest.setdefault(version.model, []).append(version)
    for number, name, description, created, updated in rows:
        yield RegisteredModel(
            name=name,
            created=created,
            updated=updated,
            description=description,
            tags=dict(tags.get(number, [])),
            aliases=aliases.get(number, {}),
            latest=tuple(latest.get(name, ())),
        )


def _aliases(db: Connection, numbers: Sequence[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for marks in keys.bound(numbers):
        for number, alias, version in db.execute(
            "SELECT a.model, a.alias, v.version FROM runner_model_aliases a"
            f" JOIN runner_model_versions v ON v.id = a.version WHERE a.model IN ({keys.listed(marks)}) ORDER BY a.alias",
            marks,
        ):
            found.setdefault(number, {})[alias] = version
    return found


def _refuse_taken(db: Connection, name: str) -> None:
    checks.model_name(name)
    if db.execute("SELECT 1 FROM runner_registered_models WHERE name = :name", {"name": name}):
        raise Conflict(f"Registered Model (name={name}) already exists.")

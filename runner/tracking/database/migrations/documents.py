"""What version 0001 kept as JSON in tags of runs, because there were no tables for it, becomes rows of those tables.

    runner.dataset.<digest>   a data set that the run used
    runner.model.<id>         a model that the run logged; its files stay where they are
    runner.input.<id>         a model that the run used

A tag that looks so and holds something else is somebody's own: it stays.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from runner.tracking.sql.recording import as_number

BATCH = 500  # tags in memory at once
LONGEST_ID = 64
NO_DOCUMENT = (
    *(ValueError, LookupError, TypeError, AttributeError),
    *(exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.InterfaceError),
)
NEXT = sa.text(
    "SELECT t.run, t.key_id, k.name, t.value, r.uuid, r.experiment, r.artifact_uri, r.lifecycle, r.deleted"
    " FROM runner_tags t JOIN runner_key_names k ON k.id = t.key_id JOIN runner_runs r ON r.id = t.run"
    " WHERE (k.name LIKE 'runner.dataset.%' OR k.name LIKE 'runner.model.%' OR k.name LIKE 'runner.input.%')"
    " AND (t.run > :run OR (t.run = :run AND t.key_id > :key_id)) ORDER BY t.run, t.key_id LIMIT :batch"
)


@dataclass(frozen=True, slots=True)
class Tag:
    """One of these tags, and the run that has it."""

    run: int
    key_id: int
    key: str
    value: str
    run_id: str
    experiment: int
    artifact_uri: str
    lifecycle: str
    deleted: int | None


def convert(db: sa.Connection) -> None:
    """Write the rows, and remove the tags."""
    for tag in _tags(db):
        try:
            with db.begin_nested():  # what turns out to be no such document leaves nothing
                _write(db, tag, json.loads(tag.value))
        except NO_DOCUMENT:
            continue
        gone = {"run": tag.run, "key_id": tag.key_id}
        db.execute(sa.text("DELETE FROM runner_tags WHERE run = :run AND key_id = :key_id"), gone)


def _tags(db: sa.Connection) -> Iterator[Tag]:
    last = {"run": 0, "key_id": 0}
    while rows := db.execute(NEXT, {**last, "batch": BATCH}).all():
        for row in rows:
            yield Tag(*row)
        last = {"run": rows[-1][0], "key_id": rows[-1][1]}


def _write(db: sa.Connection, tag: Tag, document: Mapping[str, Any]) -> None:
    match tag.key.split(".")[1]:
        case "dataset":
            _dataset(db, tag, document)
        case "model":
            _model(db, tag, document)
        case _:
            _link(db, tag, document["model_id"], made=False, step=0)


def _dataset(db: sa.Connection, tag: Tag, document: Mapping[str, Any]) -> None:
    given, tags = document["dataset"], {one["key"]: one["value"] for one in document.get("tags", [])}
    name = {"experiment": tag.experiment, "name": given["name"], "digest": given["digest"]}
    if _number(db, "runner_datasets", **name) is None:
        _insert(
            db,
            "runner_datasets",
            **name,
            source_type=given["source_type"],
            source=given["source"],
            schema_text=given.get("schema") or None,
            profile_text=given.get("profile") or None,
        )
    _insert(
        db,
        "runner_inputs",
        run=tag.run,
        dataset=_number(db, "runner_datasets", **name),
        context=tags.get("mlflow.data.context", ""),
        tags_json=json.dumps(tags),
    )


def _model(db: sa.Connection, tag: Tag, document: Mapping[str, Any]) -> None:
    _insert(
        db,
        "runner_logged_models",
        uuid=_model_id(document["id"]),
        experiment=tag.experiment,
        name=document["name"],
        type_name=document.get("type", ""),
        status=document.get("status", "LOGGED_MODEL_PENDING").removeprefix("LOGGED_MODEL_"),
        source_run=tag.run_id,
        artifact_uri=f"{tag.artifact_uri.rstrip('/')}/{document['path']}",
        created=document["created"],
        updated=document["updated"],
        lifecycle=tag.lifecycle,
        deleted=tag.deleted,
    )
    model = _number(db, "runner_logged_models", uuid=document["id"])
    for key, value in document.get("params", {}).items():
        _insert(
            db,
            "runner_logged_model_params",
            model=model,
            key_id=_key(db, key),
            value=value,
            number=as_number(value),
        )
    for key, value in document.get("tags", {}).items():
        _insert(db, "runner_logged_model_tags", model=model, key_id=_key(db, key), value=value)
    _link(db, tag, document["id"], made=True, step=document.get("step", 0))


def _link(db: sa.Connection, tag: Tag, model_id: str, *, made: bool, step: int) -> None:
    _insert(db, "runner_run_models", run=tag.run, model_uuid=_model_id(model_id), made=made, step=step)


def _model_id(text: str) -> str:
    if not 0 < len(text) <= LONGEST_ID:
        raise ValueError(text)
    return text


def _key(db: sa.Connection, name: str) -> int | None:
    if _number(db, "runner_key_names", name=name) is None:
        _insert(db, "runner_key_names", name=name)
    return _number(db, "runner_key_names", name=name)


def _number(db: sa.Connection, table: str, **named: object) -> int | None:
    where = " AND ".join(f"{column} = :{column}" for column in named)
    number: int | None = db.execute(sa.text(f"SELECT id FROM {table} WHERE {where}"), named).scalar()
    return number


def _insert(db: sa.Connection, table: str, **row: object) -> None:
    marks = ", ".join(f":{column}" for column in row)
    db.execute(sa.text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"), row)

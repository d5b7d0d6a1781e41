"""What versions of registered models are made of: files somewhere, a logged model, another version.

source                     where its files are              what made it, unless that is said
models:/m-...              those of that logged model       it, and the run that logged it
models:/NAME/VERSION       those of that version            what made that one
anything else              there                            the run that logged the model, if one is named
"""

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from runner.errors import NotFound, TrackingError
from runner.tracking import checks
from runner.tracking.database import Connection
from runner.tracking.sql import keys
from runner.tracking.tags import listed

VERSIONS = "mlflow.modelVersions"  # tag of a logged model: the versions made of it, as JSON
MODEL_TAGS = "runner_logged_model_tags"
OF_MODEL = re.compile(r"models:/(m-[^/@]+)")
OF_VERSION = re.compile(r"models:/([^/@]+)/([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the files of a version are, and what made it ("" if nobody knows)."""

    location: str
    run_id: str
    model_id: str


class Logged(NamedTuple):
    """A logged model, as far as versions are made of it."""

    number: int
    artifact_uri: str
    source_run: str


def origin(db: Connection, source: str, *, run_id: str, model_id: str) -> Origin:
    """What the source means, with the run and the logged model that the caller names ("": none).

    Raises:
        NotFound: it is a model that does not exist.
        TrackingError: it is another model than the one that was named.
    """
    if hit := OF_MODEL.fullmatch(source):
        if model_id not in {"", hit[1]}:
            raise TrackingError(f"the source {source} is not the model {model_id}")
        model = logged(db, hit[1])
        return Origin(model.artifact_uri, run_id or model.source_run, hit[1])
    if hit := OF_VERSION.fullmatch(source):
        known = _of_version(db, hit[1], int(hit[2]))
        return Origin(known.location, run_id or known.run_id, model_id or known.model_id)
    if source.startswith("models:"):
        raise TrackingError(f"{source!r} names no model", hint="models:/NAME/VERSION, or models:/m-...")
    made_by = logged(db, model_id).source_run if model_id else ""
    return Origin(source, run_id or made_by, model_id)


def logged(db: Connection, model_id: str) -> Logged:
    """The logged model with that id."""
    statement = (
        "SELECT id, artifact_uri, source_run FROM runner_logged_models"
        " WHERE uuid = :uuid AND lifecycle = 'active'"
    )
    for row in db.execute(statement, {"uuid": checks.text(model_id)}):
        return Logged(*row)
    raise NotFound(f"Logged model with ID {model_id!r} not found.")


def tell(db: Connection, model_id: str, *, name: str, version: int) -> None:
    """Write into the tags of the logged model that this version was made of it, as MLflow does."""
    number = logged(db, model_id).number
    tags = dict(keys.attached(db, MODEL_TAGS, "value", owner="model", of=[number]).get(number, []))
    known, made = listed(tags.get(VERSIONS, "[]")), {"name": name, "version": version}
    value = json.dumps(known if made in known else [*known, made])  # one that moved in may know it
    if len(value) <= checks.RUN_TAG:  # beyond that the registry knows it still
        keys.attach(db, MODEL_TAGS, {VERSIONS: value}, owner="model", number=number)


def _of_version(db: Connection, name: str, version: int) -> Origin:
    rows = db.execute(
        "SELECT v.location, v.run_uuid, v.model_uuid FROM runner_model_versions v"
        " JOIN runner_registered_models m ON m.id = v.model WHERE m.name = :name AND v.version = :version",
        {"name": checks.text(name), "version": version},
    )
    for row in rows:
        return Origin(*row)
    raise NotFound(f"Model Version (name={name}, version={version}) not found")

"""What names, operators and values of our own filter language mean, and what is said where they mean nothing."""

import re
import sys
from collections.abc import Sequence

from runner.errors import did_you_mean
from runner.tracking.filters.moments import DURATION, ago, duration
from runner.tracking.filters.parser import Clause, Name
from runner.tracking.filters.pieces import Piece
from runner.tracking.filters.vocabulary import (
    ATTRIBUTE_OF_RUN,
    DATASET,
    DATASET_KEYS,
    METRIC,
    NUMERIC,
    PARAM,
    TAG,
    Entity,
)

ENTITIES = {**METRIC, **PARAM, **TAG, **ATTRIBUTE_OF_RUN, **DATASET}
ATTRIBUTES = {
    **{name: name for name in ("id", "name", "status", "user", "experiment", "started", "ended", "duration")},
    "run_id": "id",
    "run_name": "name",
    "user_id": "user",
    "start_time": "started",
    "end_time": "ended",
    "created": "started",
}
SHORT = {"code": "mlflow.source.git.commit", "note": "mlflow.note.content"}  # tags that people name so
STATUSES = {
    "scheduled": ("PENDING", "QUEUED"),
    "running": ("PREPARING", "RUNNING"),
    "failed": ("FAILED", "LOST"),
    **{word.lower(): (word,) for word in ("PENDING", "QUEUED", "PREPARING", "FINISHED", "KILLED", "LOST")},
}
TEXTUAL = ("=", "!=", "~", "LIKE", "ILIKE")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
GREATEST = sys.float_info.max  # infinities are stored as this
TIMES = {"started", "ended", "duration"}


def said(entity: Entity, key: str, at: Piece) -> Name:
    """The name whose entity is written."""
    if not key:
        at.fail(f"a key is missing after {at.value}", "for example metrics.loss")
    if entity == "attribute" and key not in ATTRIBUTES:
        known = did_you_mean(key, ATTRIBUTES) or f"one of {', '.join(dict.fromkeys(ATTRIBUTES.values()))}"
        at.fail(f"a run has no {key!r}", known)
    if entity == "dataset" and key not in DATASET_KEYS:
        at.fail(f"a dataset has no {key!r}", f"one of {', '.join(DATASET_KEYS)}")
    return Name(entity, ATTRIBUTES[key] if entity == "attribute" else key, at.start)


def unsaid(key: str, at: Piece) -> list[Name]:
    """What a name without entity may mean: an attribute, or else a param, a metric and a tag."""
    if at.kind == "word" and key in ATTRIBUTES:
        return [Name("attribute", ATTRIBUTES[key], at.start)]
    if at.kind == "word" and key in SHORT:
        return [Name("tag", SHORT[key], at.start)]
    entities: tuple[Entity, ...] = ("param", "metric", "tag")
    return [Name(entity, key, at.start) for entity in entities]


def comparison(name: Name, operator: str, value: Piece, *, alone: bool) -> Clause | None:
    """The comparison, if it means something; if nothing else can be meant, it must."""
    number = _number(value)
    match name.entity:
        case "attribute":
            return _attribute(name, operator, value)
        case "metric":
            if number is not None and operator in NUMERIC:
                return Clause(name, operator, number)
        case "param":
            if operator in NUMERIC and number is not None:
                return Clause(name, operator, number)
            if operator in TEXTUAL:
                return Clause(name, operator, value.value)
        case _ if operator in TEXTUAL and (alone or number is None):
            return Clause(name, operator, value.value)
    if alone:
        takes = NUMERIC if name.entity == "metric" else TEXTUAL
        kind = "a number" if number is not None else "a text"
        value.fail(f"{name.key} cannot be compared by {operator} with {kind}", f"it takes {' '.join(takes)}")
    return None


def _number(value: Piece) -> float | None:
    """The number that a word is, no greater than any that is stored."""
    if value.kind != "word" or not NUMBER.fullmatch(value.value):
        return None
    return max(-GREATEST, min(GREATEST, float(value.value)))


def among(name: Name, operator: str, values: Sequence[Piece]) -> Clause:
    """That it is one of the values, or none."""
    if name.entity == "attribute" and name.key == "status":
        return Clause(name, operator, tuple(word for each in values for word in _status(each)))
    if name.entity == "metric" or (name.entity == "attribute" and name.key in TIMES):
        values[0].fail(f"{name.key} takes no list", f"it takes {' '.join(NUMERIC)}")
    return Clause(name, operator, tuple(each.value for each in values))


# attributes -----------------------------------------------------------------------------------------------


def _attribute(name: Name, operator: str, value: Piece) -> Clause:
    if name.key in TIMES:
        if operator not in NUMERIC:
            value.fail(f"{name.key} cannot be compared by {operator}", f"it takes {' '.join(NUMERIC)}")
        return Clause(name, operator, float(_length(value) if name.key == "duration" else moment(value)))
    if operator not in TEXTUAL:
        value.fail(f"{name.key} cannot be compared by {operator}", f"it takes {' '.join(TEXTUAL)}")
    if name.key == "status" and operator in {"=", "!="}:
        return Clause(name, "IN" if operator == "=" else "NOT IN", _status(value))
    return Clause(name, operator, value.value)


def _status(value: Piece) -> tuple[str, ...]:
    found = STATUSES.get(value.value.lower())
    if found is None:
        known = did_you_mean(value.value.lower(), STATUSES) or f"one of {', '.join(STATUSES)}"
        value.fail(f"there is no status {value.value!r}", known)
    return found


def moment(value: Piece) -> int:
    """The time that is written."""
    found = ago(value.value)
    if found is None:
        value.fail(f"{value.value!r} is no time", "for example 7d, 12h, 30m, 2026-11-01 or 2026-11-01T18:30")
    return found


def _length(value: Piece) -> int:
    found = duration(value.value)
    if found is None:
        value.fail(f"{value.value!r} is no duration", f"a number and one of {', '.join(DURATION)}: 90s, 2h")
    return found

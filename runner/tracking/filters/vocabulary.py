"""What can be compared in each search, and how.

runs                entities metric, param, tag, dataset   attributes run_id, run_name, status, start_time...
experiments         tag                                    name, experiment_id, creation_time...
registered models   tag                                    name, timestamp...
model versions      tag                                    name, version_number, run_id, source_path...
logged models       metric, param, tag                     name, model_id, status, creation_timestamp...
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Entity: TypeAlias = Literal["metric", "param", "tag", "attribute", "dataset"]
Kind: TypeAlias = Literal["text", "listed", "id", "number", "version"]
"""Of an attribute: a text, a text that takes IN, the text of a number, a number, a number that may be quoted."""

NUMERIC = ("=", "!=", ">", ">=", "<", "<=")
TEXTUAL = ("=", "!=", "LIKE", "ILIKE")
MEMBER = ("IN", "NOT IN")
NULL = ("IS NULL", "IS NOT NULL")
DATASET_KEYS = ("name", "digest", "context")

METRIC: Mapping[str, Entity] = dict.fromkeys(("metrics", "metric"), "metric")
PARAM: Mapping[str, Entity] = dict.fromkeys(("params", "param", "parameters", "parameter"), "param")
TAG: Mapping[str, Entity] = dict.fromkeys(("tags", "tag"), "tag")
ATTRIBUTE: Mapping[str, Entity] = dict.fromkeys(("attributes", "attribute"), "attribute")
ATTRIBUTE_OF_RUN: Mapping[str, Entity] = {**ATTRIBUTE, **dict.fromkeys(("attr", "run"), "attribute")}
DATASET: Mapping[str, Entity] = dict.fromkeys(("datasets", "dataset"), "dataset")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The names that a filter or an order may hold.

    `entities` are the words before a dot, the usual one for each entity first; `attributes` need none. `thing` and
    `example` are for messages.
    """

    thing: str
    example: str
    entities: Mapping[str, Entity]
    attributes: Mapping[str, Kind]

    def usual(self) -> list[str]:
        """One word for each entity."""
        words: dict[Entity, str] = {}
        for word, entity in self.entities.items():
            words.setdefault(entity, word)
        return list(words.values())

    def keyed(self) -> list[str]:
        """Those of them that take any key."""
        return [word for word in self.usual() if self.entities[word] not in {"attribute", "dataset"}]

    def operators(self, entity: Entity, key: str, *, number: bool) -> tuple[str, ...]:
        """What may stand between such a name and a value that is a number, or is not."""
        kind = self.attributes[key] if entity == "attribute" else entity
        return (NUMBERS if number else TEXTS).get(kind, ())


NUMBERS: Mapping[Entity | Kind, tuple[str, ...]] = dict.fromkeys(
    ("metric", "param", "number", "version"), NUMERIC
)
TEXTS: Mapping[Entity | Kind, tuple[str, ...]] = {
    "param": (*TEXTUAL, *NULL),
    "tag": (*TEXTUAL, *NULL),
    "dataset": (*TEXTUAL, *MEMBER),
    "text": TEXTUAL,
    "listed": (*TEXTUAL, *MEMBER),
    "id": ("=", "!=", *MEMBER),
}

RUNS = Vocabulary(
    thing="a run",
    example="metrics.loss",
    entities={**METRIC, **PARAM, **TAG, **ATTRIBUTE_OF_RUN, **DATASET},
    attributes={
        "run_id": "listed",
        **dict.fromkeys(("run_name", "run name", "Run name", "Run Name"), "text"),
        **dict.fromkeys(("status", "user_id", "artifact_uri"), "text"),
        **dict.fromkeys(("start_time", "created", "Created", "end_time"), "number"),
    },
)
EXPERIMENTS = Vocabulary(
    thing="an experiment",
    example="tags.team",
    entities={**TAG, **ATTRIBUTE},
    attributes={
        "name": "text",
        "experiment_id": "id",
        **dict.fromkeys(("creation_time", "last_update_time"), "number"),
    },
)
REGISTERED_MODELS = Vocabulary(
    thing="a registered model",
    example="tags.team",
    entities={**TAG, **ATTRIBUTE},
    attributes={
        "name": "listed",
        **dict.fromkeys(("timestamp", "creation_timestamp", "last_updated_timestamp"), "number"),
    },
)
MODEL_VERSIONS = Vocabulary(
    thing="a model version",
    example="tags.team",
    entities={**TAG, **ATTRIBUTE},
    attributes={
        **dict.fromkeys(("name", "run_id"), "listed"),
        "source_path": "text",
        "version_number": "version",
        **dict.fromkeys(("creation_timestamp", "last_updated_timestamp"), "number"),
    },
)
LOGGED_MODELS = Vocabulary(
    thing="a logged model",
    example="metrics.loss",
    entities={**METRIC, **PARAM, **TAG, **ATTRIBUTE},
    attributes={
        **dict.fromkeys(("name", "model_id", "model_type", "status", "source_run_id"), "listed"),
        **dict.fromkeys(
            ("creation_timestamp", "creation_time", "last_updated_timestamp", "last_updated_time"), "number"
        ),
    },
)

"""Data sets that a program logs as its inputs: a tag each, `runner.dataset.<number of its name and digest>`.

The tag holds the JSON object that the client sent. What makes it longer than a tag may be is left out: first the profile, then
the schema, then the source.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from runner.server import wire
from runner.server.errors import Malformed
from runner.tracking.checks import RUN_TAG

PREFIX = "runner.dataset."
LONGEST: Mapping[str, int] = {
    "name": 500,
    "digest": 36,
    "source": 65_535,
    "schema": 1_048_575,
    "profile": 16_777_215,
}


@dataclass(frozen=True, slots=True)
class _Cut:
    field: str
    value: str | None


CUTS = (_Cut("profile", None), _Cut("schema", None), _Cut("source", ""))


def as_tags(inputs: list[wire.DatasetInput]) -> dict[str, str]:
    """A tag for each data set."""
    return {_key(given.dataset): _fitting(_checked(given)) for given in inputs}


def divided(tags: Mapping[str, str]) -> tuple[dict[str, str], list[wire.DatasetInput]]:
    """The other tags, and the data sets."""
    plain = {key: value for key, value in tags.items() if not key.startswith(PREFIX)}
    recorded = []
    for key, value in tags.items():
        if key not in plain:
            try:
                recorded.append(wire.decoded(wire.DatasetInput, value.encode()))
            except Malformed:  # somebody else's tag
                plain[key] = value
    return plain, recorded


def _key(dataset: wire.Dataset) -> str:
    return PREFIX + hashlib.sha256(f"{dataset.name}\n{dataset.digest}".encode()).hexdigest()[:16]


def _checked(given: wire.DatasetInput) -> wire.DatasetInput:
    for field, longest in LONGEST.items():
        value = getattr(given.dataset, field) or ""
        if len(value) > longest:
            raise Malformed(f"'dataset.{field}' exceeds the maximum length of {longest} characters")
    return given


def _fitting(given: wire.DatasetInput) -> str:
    text = _text(given)
    for cut in CUTS:
        if len(text) <= RUN_TAG:
            break
        given = replace(given, dataset=replace(given.dataset, **{cut.field: cut.value}))
        text = _text(given)
    return text


def _text(given: wire.DatasetInput) -> str:
    return msgspec.json.encode(given).decode()

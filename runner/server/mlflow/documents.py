"""What a run has beside params, metrics and tags, and no table yet: a JSON object each, in a tag that clients do not see.

    runner.dataset.<number of name and digest>   a data set that the program read, as the client sent it
    runner.model.<id>                            a model that the run logged
    runner.input.<id>                            a model that the run used

What makes an object longer than a tag may be is left out, in an order that says what matters least.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from runner.server.errors import Malformed
from runner.server.mlflow import wire
from runner.tracking.checks import RUN_TAG

T = TypeVar("T", bound=Struct)

DATASET, MODEL, INPUT = "runner.dataset.", "runner.model.", "runner.input."
LONGEST: Mapping[str, int] = {
    "name": 500,
    "digest": 36,
    "source": 65_535,
    "schema": 1_048_575,
    "profile": 16_777_215,
}


class Model(Struct, omit_defaults=True):
    """A logged model. `step` is the step of its run at which it was made; `path` that of its files in the run's artifacts."""

    id: str
    name: str
    path: str
    created: int
    updated: int
    type: str = ""
    status: wire.ModelStatus = "LOGGED_MODEL_PENDING"
    step: int = 0
    params: dict[str, str] = {}
    tags: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Documents:
    """The tags of a run, taken apart."""

    tags: dict[str, str] = field(default_factory=dict)
    datasets: list[wire.DatasetInput] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    inputs: list[wire.ModelInput] = field(default_factory=list)


def apart(tags: Mapping[str, str]) -> Documents:
    """Tags proper and documents."""
    found = Documents()
    for key, value in tags.items():
        if key.startswith(DATASET) and (dataset := _read(wire.DatasetInput, value)):
            found.datasets.append(dataset)
        elif key.startswith(MODEL) and (model := _read(Model, value)):
            found.models.append(model)
        elif key.startswith(INPUT) and (used := _read(wire.ModelInput, value)):
            found.inputs.append(used)
        else:
            found.tags[key] = value
    return found


def of_datasets(inputs: Sequence[wire.DatasetInput]) -> dict[str, str]:
    """Tags for data sets.

    Raises:
        Malformed: a field is longer than MLflow lets it be.
    """
    return {_dataset_key(given.dataset): _dataset_text(given) for given in inputs}


def of_models(models: Sequence[Model]) -> dict[str, str]:
    """Tags for logged models."""
    return {MODEL + model.id: _fitting(model, (lambda one: replace(one, params={}),)) for model in models}


def of_inputs(inputs: Sequence[wire.ModelInput]) -> dict[str, str]:
    """Tags for models that were used."""
    return {INPUT + used.model_id: _text(used) for used in inputs}


def _dataset_key(dataset: wire.Dataset) -> str:
    return DATASET + hashlib.sha256(f"{dataset.name}\n{dataset.digest}".encode()).hexdigest()[:16]


def _dataset_text(given: wire.DatasetInput) -> str:
    for name, longest in LONGEST.items():
        if len(getattr(given.dataset, name) or "") > longest:
            raise Malformed(f"'dataset.{name}' exceeds the maximum length of {longest} characters")
    return _fitting(given, (_without("profile"), _without("schema"), _without("source")))


def _without(name: str) -> Callable[[wire.DatasetInput], wire.DatasetInput]:
    return lambda given: replace(given, dataset=replace(given.dataset, **{name: ""}))


def _fitting(document: T, cuts: Sequence[Callable[[T], T]]) -> str:
    text = _text(document)
    for cut in cuts:
        if len(text) <= RUN_TAG:
            break
        document = cut(document)
        text = _text(document)
    return text


def _text(document: Struct) -> str:
    return msgspec.json.encode(document).decode()


def _read(shape: type[T], text: str) -> T | None:
    """The document; None if the tag is somebody else's."""
    try:
        return msgspec.json.decode(text, type=shape)
    except msgspec.DecodeError:
        return None

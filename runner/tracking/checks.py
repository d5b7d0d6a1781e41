"""Limits of names, keys and values: MLflow's, so that what we hold can be told to its clients. Too long is an error, never cut."""

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Mapping

from runner.errors import TrackingError
from runner.tracking.model import DatasetInput, Metric, ModelOutput

KEY, PARAM, RUN_TAG, EXPERIMENT_TAG, NAME, LIMIT = 250, 6000, 8000, 20000, 500, 50_000
REGISTRY_TAG, ALIAS = 100_000, 255
REFERENCE = 500  # the longest id or name that anything has
USER, LINK, DESCRIPTION = 256, 16_000, 100_000  # a link: MySQL's TEXT holds 65,535 bytes, and paths are added
DATASET: Mapping[str, int] = {  # as MLflow has them, and the first four needed
    "name": 500,
    "digest": 36,
    "source_type": 250,
    "source": 65_535,
    "schema": 1_048_575,
    "profile": 16_777_215,
}
DATASET_TAG_KEY, DATASET_TAG = 255, 500
INT64 = range(-(2**63), 2**63)
_KEY = re.compile(r"[\w\-./: ]+")
_ALIAS = re.compile(rf"[\w\-]{{1,{ALIAS}}}")
_RESERVED = re.compile(r"latest|v\d+", re.IGNORECASE)  # `models:/name@v3` would look like version 3


def experiment_name(name: str) -> None:
    """Not empty, not too long, no control characters."""
    _name("an experiment", name, NAME)


def run_name(name: str) -> None:
    """Not empty, not too long, no control characters."""
    _name("a run", name, KEY)


def model_name(name: str) -> None:
    """What stands in URIs and must not be taken for another name: nothing that is written in two ways or decoded."""
    _name("a registered model", name, NAME)
    plain = name == unicodedata.normalize("NFKC", name).strip()
    if not plain or name in {".", ".."} or set("/:%#") & set(name):
        raise TrackingError(
            f"{name!r} is no name for a registered model",
            hint="no / : % #, no spaces around it, no signs that only look different, such as ligatures",
        )


def alias(name: str) -> None:
    """A name for a version, as MLflow has them."""
    if not _ALIAS.fullmatch(name):
        hint = f"up to {ALIAS} letters, digits, _ and -"
        raise TrackingError(f"{name!r} is no alias for a model version", hint=hint)


def new_alias(name: str) -> None:
    """An alias that may be given."""
    alias(name)
    if _RESERVED.fullmatch(name):
        raise TrackingError(f"{name!r} is reserved: it cannot be an alias for a model version")


def text(value: str) -> str:
    """The text itself, if every database can hold it: Unicode without NUL."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise TrackingError(f"{value!r} is no text: bytes that are not UTF-8 cannot be recorded") from error
    if "\0" in value:
        raise TrackingError(f"{value!r} holds a NUL character, which cannot be recorded")
    return value


def possible(reference: str) -> bool:
    """Whether anything can have this id or name; for what cannot, no database needs to be asked, and some refuse to be."""
    return reference.isprintable() and len(reference) <= REFERENCE


def user(name: str) -> str:
    """The name itself, if it can be recorded as that of a run's or a version's author."""
    return _short("the name of a user", name, USER)


def place(what: str, uri: str) -> str:
    """The address itself, if it can be recorded."""
    return _short(what, uri, LINK)


def run_id(given: str) -> str:
    """The id itself, if a run can have it, whether or not one has."""
    return _short("the id of a run", given, USER)


def description(given: str) -> str:
    """The text itself, if it can be recorded."""
    return _short("a description", given, DESCRIPTION)


def logged_model_name(name: str) -> None:
    """What stands in URIs."""
    _name("a logged model", name, NAME)
    if set("/:.%\"'") & set(name):
        raise TrackingError(f"{name!r} is no name for a logged model", hint="no / : . % \" '")


def logged_model_type(name: str) -> None:
    """A word of the client's."""
    _short("the type of a logged model", name, NAME)


def datasets(inputs: Iterable[DatasetInput]) -> None:
    """What is needed, and lengths."""
    for given in inputs:
        for field, longest in DATASET.items():
            value = getattr(given.dataset, field)
            if not value and field in {"name", "digest", "source_type", "source"}:
                raise TrackingError(f"a data set has no {field}")
            _short(f"the {field} of a data set", value or "", longest)
        for key, value in given.tags.items():
            _short("the key of a data set's tag", key, DATASET_TAG_KEY)
            _short("a data set's tag", value, DATASET_TAG)


def outputs(models: Iterable[ModelOutput]) -> None:
    """Steps that 64 bits hold."""
    for model in models:
        if model.step not in INT64:
            raise TrackingError(f"model {model.model_id!r}: step {model.step} is out of range")


def params(values: Mapping[str, str], *, longest: int = PARAM) -> None:
    """Keys and lengths."""
    _texts("param", values, longest)


def tags(values: Mapping[str, str], *, longest: int) -> None:
    """Keys and lengths."""
    _texts("tag", values, longest)


def metrics(points: Iterable[Metric]) -> None:
    """Keys, and steps and times that 64 bits hold."""
    for point in points:
        _key("metric", point.key)
        if point.step not in INT64 or point.time not in INT64 or point.time < 0:
            raise TrackingError(
                f"metric {point.key!r}: step {point.step} or time {point.time} is out of range"
            )
        if point.dataset_name is not None:
            _short("the name of a data set", point.dataset_name, DATASET["name"])
            _short("the digest of a data set", point.dataset_digest or "", DATASET["digest"])


def limit(count: int) -> None:
    """The size of a page."""
    if not 1 <= count <= LIMIT:
        raise TrackingError(f"{count} at once cannot be had", hint=f"between 1 and {LIMIT}")


def offset(token: str | None) -> int:
    """Where a page begins."""
    if token is None:
        return 0
    if not (token.isascii() and token.isdecimal() and len(token) < 19):  # noqa: PLR2004 - 64 bits
        raise TrackingError(f"{token!r} is no page token", hint="take the one that the previous page gave")
    return int(token)


def _name(what: str, name: str, longest: int) -> None:
    if not name.strip() or len(name) > longest or not name.isprintable():
        raise TrackingError(f"{name!r} is no name for {what}", hint=f"up to {longest} printable characters")


def _short(what: str, value: str, longest: int) -> str:
    if len(text(value)) > longest:
        raise TrackingError(f"{what} has {len(value)} characters, more than {longest}")
    return value


def _key(kind: str, key: str) -> None:
    simple = _KEY.fullmatch(key) and posixpath.normpath(key) == key and not key.startswith(("/", ".."))
    if not simple or key == "." or len(key) > KEY:
        raise TrackingError(
            f"{key!r} is no {kind} name",
            hint=f"up to {KEY} letters, digits, spaces and _ - . / : in the form of a simple relative path",
        )


def _texts(kind: str, values: Mapping[str, str], longest: int) -> None:
    for key, value in values.items():
        _key(kind, key)
        if len(text(value)) > longest:
            raise TrackingError(f"{kind} {key!r} has {len(value)} characters, more than {longest}")

"""Limits of names, keys and values: MLflow's, so that what we hold can be told to its clients. Too long is an error, never cut."""

import posixpath
import re
from collections.abc import Iterable, Mapping

from runner.errors import TrackingError
from runner.tracking.model import Metric

KEY, PARAM, RUN_TAG, EXPERIMENT_TAG, NAME = 250, 6000, 8000, 20000, 500
INT64 = range(-(2**63), 2**63)
_KEY = re.compile(r"[\w\-./: ]+")


def experiment_name(name: str) -> None:
    """Not empty, not too long, no control characters."""
    if not name.strip() or len(name) > NAME or not name.isprintable():
        raise TrackingError(
            f"{name!r} is no name for an experiment", hint=f"up to {NAME} printable characters"
        )


def run_name(name: str | None) -> None:
    """None, or not empty, not too long, no control characters."""
    if name is not None and (not name.strip() or len(name) > KEY or not name.isprintable()):
        raise TrackingError(f"{name!r} is no name for a run", hint=f"up to {KEY} printable characters")


def params(values: Mapping[str, str]) -> None:
    """Keys and lengths."""
    _keys("param", values)
    _lengths("param", values, PARAM)


def tags(values: Mapping[str, str], *, longest: int) -> None:
    """Keys and lengths."""
    _keys("tag", values)
    _lengths("tag", values, longest)


def metrics(points: Iterable[Metric]) -> None:
    """Keys, and steps and times that 64 bits hold."""
    for point in points:
        _keys("metric", [point.key])
        if point.step not in INT64 or point.time not in INT64 or point.time < 0:
            raise TrackingError(
                f"metric {point.key!r}: step {point.step} or time {point.time} is out of range"
            )


def _keys(kind: str, keys: Iterable[str]) -> None:
    for key in keys:
        simple = _KEY.fullmatch(key) and posixpath.normpath(key) == key and not key.startswith(("/", ".."))
        if not simple or key == "." or len(key) > KEY:
            raise TrackingError(
                f"{key!r} is no {kind} name",
                hint=f"up to {KEY} letters, digits, spaces and _ - . / : in the form of a simple relative path",
            )


def _lengths(kind: str, values: Mapping[str, str], longest: int) -> None:
    for key, value in values.items():
        if len(value) > longest:
            raise TrackingError(f"{kind} {key!r} has {len(value)} characters, more than {longest}")

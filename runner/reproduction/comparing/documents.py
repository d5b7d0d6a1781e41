"""Documents: JSON, JSON Lines, YAML, MLmodel. The order of keys does not matter, that of lists does."""

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

from runner.errors import ProjectError
from runner.project.document import native, read
from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.unreadable import Unreadable

LARGEST = 64 * 1024 * 1024  # bytes of a document that is held in memory
# Of a logged model: which run made it, when, and where it lies.
MLMODEL_OWN = {"run_id", "utc_time_created", "model_uuid", "model_id", "artifact_path", "model_size_bytes"}

_NOTHING = object()


def json_document(first: Path, second: Path, tally: Tally) -> None:
    """One JSON value in each."""
    values(_loaded(first), _loaded(second), tally)


def json_lines(first: Path, second: Path, tally: Tally) -> None:
    """A JSON value on each line; empty lines do not count."""
    for number, (a, b) in enumerate(zip_longest(_lines(first), _lines(second), fillvalue=_NOTHING)):
        if a is _NOTHING or b is _NOTHING:
            tally.others(equal=False)
        else:
            values(a, b, tally, str(number))


def yaml_document(first: Path, second: Path, tally: Tally) -> None:
    """One YAML document in each, within the limits that project files have."""
    values(_read(first), _read(second), tally)


def model_description(first: Path, second: Path, tally: Tally) -> None:
    """An MLmodel file, without what belongs to the run that made it."""
    values(_without_own(_read(first)), _without_own(_read(second)), tally)


def values(first: object, second: object, tally: Tally, place: str = "") -> None:
    """Two documents, value by value; a place is written as `metrics.rmse` or `folds.0.rmse`."""
    waiting: list[tuple[object, object, str]] = [(first, second, place)]
    while waiting:
        a, b, at = waiting.pop()
        if at and tally.passed_over(at):
            tally.skipped += a != b
        elif isinstance(a, Mapping) and isinstance(b, Mapping):
            waiting += [(a.get(key, _NOTHING), b.get(key, _NOTHING), _below(at, key)) for key in {**a, **b}]
        elif isinstance(a, list) and isinstance(b, list):
            pairs = zip_longest(a, b, fillvalue=_NOTHING)
            waiting += [(one, other, _below(at, index)) for index, (one, other) in enumerate(pairs)]
        elif _is_number(a) and _is_number(b):
            tally.numbers(a, b)  # type: ignore[arg-type]
        else:
            tally.others(equal=type(a) is type(b) and a == b)


def _below(place: str, key: object) -> str:
    return f"{place}.{key}" if place else str(key)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _loaded(file: Path) -> object:
    if file.stat().st_size > LARGEST:
        raise Unreadable(f"larger than {LARGEST >> 20} MiB")
    return _parsed(file.read_bytes())


def _lines(file: Path) -> Iterator[object]:
    with file.open("rb") as lines:
        while line := lines.readline(LARGEST):
            if line.strip():
                yield _parsed(line)


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError as error:
        raise Unreadable("no valid JSON") from error
    except RecursionError as error:
        raise Unreadable("JSON that is nested too deeply") from error


def _read(file: Path) -> object:
    try:
        root = read(file).root
    except ProjectError as error:
        raise Unreadable(f"no YAML that is read: {error.message}") from error
    return None if root is None else native(root)


def _without_own(document: object) -> object:
    if not isinstance(document, dict):
        return document
    return {key: value for key, value in document.items() if key not in MLMODEL_OWN}

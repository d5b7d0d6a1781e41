"""What lies beside an MLmodel: a sample input, what the model needs, its card. Strangers have written it."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from runner.errors import TrackingError
from runner.server.native.looking import trees
from runner.server.native.looking.shapes import Column, Table
from runner.server.native.looking.values import TooMuch, cell, tree
from runner.server.native.models.mlmodel import table, text
from runner.server.native.models.version_shapes import Example

CARDS = ("README.md", "MODEL_CARD.md", "model_card.md")
REQUIRED = ("requirements.txt", "python_env.yaml", "conda.yaml")
MOST_ROWS, MOST_COLUMNS = 20, 200
MOST_VALUES = 5000  # of an example that is no table
MOST_LINES = 1000  # of requirements
LONGEST_BODY = 4000  # characters of a request that anybody copies
FRONT = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)


def example(path: str, data: bytes) -> Example:
    """The sample input; `data` is the whole file."""
    try:
        found, params = _apart(msgspec.json.decode(data))
        if (split := _split(found)) is not None:
            return Example(path=path, table=_table(*split), params=_bounded(params))
        return Example(path=path, value=_bounded(found), params=_bounded(params))
    except (msgspec.DecodeError, RecursionError, TooMuch):
        return Example(path=path, trouble="it is too much, or no JSON")


def body(data: bytes) -> str:
    """A request to a served model, as one line; "" if it is too long to be copied."""
    try:
        found = msgspec.json.format(data, indent=0).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return found if len(found) <= LONGEST_BODY else ""


def requirements(data: bytes) -> list[str]:
    """The lines of a requirements.txt that ask for something."""
    lines = (line.strip() for line in data.decode(errors="replace").splitlines())
    return [line[:LONGEST_BODY] for line in lines if line and not line.startswith("#")][:MOST_LINES]


def in_conda(data: bytes) -> tuple[str, list[str]]:
    """The Python and the other requirements of a conda.yaml, those of pip included."""
    try:
        entries = table(trees.parsed(data, "yaml")).get("dependencies")
    except TrackingError:
        return "", []
    found: list[str] = []
    for each in entries if isinstance(entries, list) else ():
        pip = table(each).get("pip")
        found += [text(one) for one in (pip if isinstance(pip, list) else [each])]
    python = next((one.partition("=")[2].strip("=") for one in found if one.startswith("python=")), "")
    return python, [one for one in found if one and not one.startswith("python=")][:MOST_LINES]


def python_of(data: bytes) -> str:
    """The Python of a python_env.yaml."""
    try:
        return text(table(trees.parsed(data, "yaml")).get("python"))
    except TrackingError:
        return ""


def card(data: bytes) -> tuple[str, str]:
    """The Markdown of a model card, and the licence that the lines above it name."""
    found = data.decode(errors="replace")
    front = FRONT.match(found)
    if front is None:
        return found, ""
    try:
        licence = text(table(trees.parsed(front[1].encode(), "yaml")).get("license"))
    except TrackingError:
        licence = ""
    return found[front.end() :], licence


def _apart(found: Any) -> tuple[Any, Any]:
    """The input, and the params that are kept beside it where there are some."""
    if isinstance(found, dict) and set(found) == {"inputs", "params"}:
        return found["inputs"], found["params"]
    return found, None


def _split(found: Any) -> tuple[Sequence[Any], Sequence[Any]] | None:
    """Columns and rows of what pandas writes as `split`, or of a matrix."""
    given = {"data": found} if isinstance(found, list) else table(found)
    columns, rows = given.get("columns"), given.get("data")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        return None
    return (columns if isinstance(columns, list) else range(max(map(len, rows)))), rows


def _table(columns: Sequence[Any], rows: Sequence[Any]) -> Table:
    names = [str(cell(name)) for name in columns[:MOST_COLUMNS]]
    shown = [[_cell(value) for value in row[: len(names)]] for row in rows[:MOST_ROWS]]
    numeric = [_numeric([row[at] for row in shown if at < len(row)]) for at in range(len(names))]
    return Table(
        columns=[Column(name=name, numeric=each) for name, each in zip(names, numeric, strict=True)],
        rows=shown,
        offset=0,
        total=len(rows),
        partial=len(columns) > MOST_COLUMNS,
    )


def _numeric(values: Sequence[Any]) -> bool:
    there = [value for value in values if value is not None]
    return bool(there) and all(type(value) in {int, float} for value in there)


def _cell(value: Any) -> str | float | bool | None:
    """Nested values as JSON."""
    return cell(msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value)


def _bounded(found: Any) -> Any:
    """Nested values, of long lists the beginning."""
    left = [MOST_VALUES]

    def cut(value: Any) -> Any:
        left[0] -= 1
        if isinstance(value, list):
            return _begin(value, left, cut)
        if isinstance(value, dict):
            return {key: cut(each) for key, each in value.items() if left[0] > 0}
        return value

    return tree(cut(found))


def _begin(values: list[Any], left: list[int], cut: Callable[[Any], Any]) -> list[Any]:
    shown: list[Any] = []
    for each in values:
        if left[0] <= 0:
            return [*shown, f"… {len(values) - len(shown)} more"]
        shown.append(cut(each))
    return shown

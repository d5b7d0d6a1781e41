"""Requests made of the shapes that calls take: right ones, and the same with one hostile value in some place."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import msgspec
from msgspec import inspect as shapes

from runner.server.app import CALLS
from runner.server.mlflow.call import AnyCall

TEXTS = (
    "",
    "\0",
    "a\0b",
    "\x1b[31m\n",
    "\ud800",
    "x" * 300,
    "\U0001f600" * 8000,
    "x" * 70_000,
    "[" * 70_000,
    "9" * 400,
    "-1",
    "%_!\\'\"`",
)
FILTERS = (
    f"tags.a LIKE '{'%a' * 30_000}'",
    f"tags.a ILIKE '{'!' * 10_000}'",
    "tags.a LIKE 'a\\'",
    "metrics.a > 1e999",
    "metrics.a = -1e999",
    "params.a < 1e999",
    "tags.`a\0` = 'x'",
    "tags.a = '\0'",
    *(f"{time} > {'9' * 400}" for time in ("start_time", "creation_time", "creation_timestamp")),
    "version_number = 99999999999999999999",
    "version_number = '999999999999999999'",
    "experiment_id IN ('999999999999999999', 'x')",
    " AND ".join(["name IN (" + ", ".join(["'x'"] * 4000) + ")"] * 9),
    f"tags.`{'k' * 300}` = '{'x' * 70_000}'",
)
INTEGERS = (0, -1, 2**31, 2**62, 2**63 - 1, -(2**63), 2**63, 10**400)
NUMBERS = (*INTEGERS, 1.7e308, "NaN", "-Infinity", "1e999", "9" * 400, "x")
URIS = tuple(f"s3://x/{text}" for text in TEXTS)
SPECIAL: Mapping[str, tuple[object, ...]] = {
    "filter": FILTERS,
    "page_token": ("999999999999999999", "9" * 30),
    **dict.fromkeys(("artifact_location", "source"), URIS),
}
FRESH = {("experiments/create", "name"), ("registered-models/create", "name")}
numbers = count()


def right(call: AnyCall, known: Mapping[str, object]) -> dict[str, Any]:
    """A request that the call takes, with `known` ids and names."""
    made = _right(call.shape, known)
    for path, name in FRESH:
        if call.path == path:
            made[name] = f"fresh-{next(numbers)}"
    return made


def hostile(known: Mapping[str, object]) -> Iterator[tuple[AnyCall, dict[str, Any]]]:
    """For each field of each call a request with each of the values that could go wrong there."""
    for call in CALLS:
        for name, value in _edges(call.shape, known):
            yield call, right(call, known) | {name: value}


def _right(shape: type[msgspec.Struct], known: Mapping[str, object]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in _fields(shape):
        if field.name in known:
            value = known[field.name]
            made[field.name] = [value] if _is_list(field.type) and not isinstance(value, list) else value
        elif field.required:
            made[field.name] = _usual(field.type, known)
    return made


def _usual(type_: shapes.Type, known: Mapping[str, object]) -> object:
    match type_:
        case shapes.StructType(cls=cls):
            return _right(cls, known)
        case shapes.LiteralType(values=values):
            return values[0]
        case shapes.ListType():
            return []
        case shapes.IntType() | shapes.UnionType():
            return 1
        case _:
            return "a"


def _edges(shape: type[msgspec.Struct], known: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for field in _fields(shape):
        for value in (*SPECIAL.get(field.name, ()), *_values(field.type, known)):
            yield field.name, value


def _values(type_: shapes.Type, known: Mapping[str, object]) -> Iterator[object]:
    match type_:
        case shapes.UnionType(types=types):
            for one in types:
                yield from _values(one, known)
        case shapes.ListType(item_type=inner):
            yield from ([], [None], [_usual(inner, known)] * 2, [_usual(inner, known)] * 1001)
            yield from ([value] for value in _values(inner, known))
        case shapes.StructType(cls=cls):
            yield {}
            usual = _right(cls, known)
            yield from (usual | {name: value} for name, value in _edges(cls, known))
        case shapes.StrType():
            yield from TEXTS
        case shapes.IntType():
            yield from INTEGERS
        case shapes.FloatType():
            yield from NUMBERS
        case _:
            yield from (None, "x", 7)


def _fields(shape: type[msgspec.Struct]) -> tuple[shapes.Field, ...]:
    found = shapes.type_info(shape)
    assert isinstance(found, shapes.StructType)
    return found.fields


def _is_list(type_: shapes.Type) -> bool:
    return isinstance(type_, shapes.ListType)

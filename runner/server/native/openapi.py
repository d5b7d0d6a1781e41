"""OpenAPI 3.1 of our own API, made of the table of its calls and their shapes. `python -m` it to write schemas/openapi.json."""

import json
import re
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

import runner
from runner.server.mlflow import wire
from runner.server.native.operation import JSON, Operation
from runner.server.native.routes import EVENTS, OPERATIONS, PREFIX
from runner.server.native.shapes import EVENTS as EVENT_SHAPES

REF = "#/components/schemas/{name}"
ERRORS = {
    "400": "The request is wrong",
    "401": "Not authenticated",
    "403": "Not permitted",
    "404": "There is no such run",
    "503": "The store or the server cannot answer now; the same request may succeed later",
}

Document = dict[str, Any]


class Error(Struct, kw_only=True):
    """Every error. Of a filter, an order or a column also `what` it is, from where to where (`position`) it is wrong, and why."""

    error_code: str
    message: str
    what: str | msgspec.UnsetType = msgspec.UNSET
    position: tuple[int, int] | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    hint: str | msgspec.UnsetType = msgspec.UNSET


@cache
def document() -> bytes:
    """The description as JSON."""
    return (json.dumps(described(), indent=2, ensure_ascii=False) + "\n").encode()


def described() -> Document:
    """The description."""
    shapes = [each for each in (_answer_shape(op) for op in OPERATIONS) if each]
    bodies = [op.takes for op in OPERATIONS if op.takes and op.method == "POST"]
    _, components = msgspec.json.schema_components(
        [*shapes, *bodies, *EVENT_SHAPES.values(), Error], ref_template=REF
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "runner",
            "version": runner.__version__,
            "description": "What runner's server answers beyond MLflow's REST API.",
        },
        "servers": [{"url": PREFIX}],
        "paths": _paths(),
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
        "security": [{}, {"bearer": []}, {"basic": []}],
    }


def _paths() -> Document:
    paths: Document = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> Document:
    made: Document = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            "200": {"description": "Done", "content": _content(operation)},
            **{status: _error(text) for status, text in ERRORS.items()},
        },
    }
    parameters = [*_of_path(operation), *(_of_query(operation) if operation.method == "GET" else ())]
    if parameters:
        made["parameters"] = parameters
    if operation.method == "POST" and operation.takes:
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": _ref(operation.takes)}}}
    return made


def _content(operation: Operation) -> Document:
    shape = _answer_shape(operation)
    if shape:
        return {JSON: {"schema": _ref(shape)}}
    if operation.gives == EVENTS:
        names = ", ".join(f"`{name}` ({shape.__name__})" for name, shape in EVENT_SHAPES.items())
        told = f"Server-sent events, each with an id; their data is JSON: {names}."
        return {EVENTS: {"schema": {"type": "string", "description": told}}}
    if operation.gives != JSON:
        return {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    return {JSON: {"schema": {"type": "object"}}}


def _error(text: str) -> Document:
    return {"description": text, "content": {JSON: {"schema": _ref(Error)}}}


def _of_path(operation: Operation) -> list[Document]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]


def _of_query(operation: Operation) -> list[Document]:
    if operation.takes is None:
        return []
    _, components = msgspec.json.schema_components([operation.takes], ref_template=REF)
    schema = components[operation.takes.__name__]
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": _single(each)}
        for name, each in schema["properties"].items()
    ]


def _single(schema: Mapping[str, Any]) -> Document:
    """A query cannot say null: a value that may be left out is left out."""
    found = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    return {key: value for key, value in found[0].items() if key != "default" or value is not None}


def _answer_shape(operation: Operation) -> type[Struct] | None:
    return None if isinstance(operation.gives, str) else operation.gives


def _ref(shape: type[Struct] | type[wire.Request]) -> Document:
    return {"$ref": REF.format(name=shape.__name__)}


if __name__ == "__main__":
    sys.stdout.write(document().decode())

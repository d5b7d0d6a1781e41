"""Signatures of models, as MLflow writes them: lists of columns, tensors and params as JSON in texts.

[{"name": "age", "type": "long", "required": true}]                                       age       long
[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 28, 28]}}]                    float32 (any, 28, 28)
[{"name": "tags", "type": "array", "items": {"type": "string"}, "required": false}]       tags      array of string, optional
"""

import json
from collections.abc import Mapping
from typing import Any

from runner.server.native.looking.values import cell
from runner.server.native.models.version_shapes import Signature, Spec

MOST, DEEPEST = 2000, 12  # fields, and their levels
LONGEST = 4 * 1024 * 1024  # characters of a part
NAME = 300  # characters of a name or type
MOST_SIZES = 32  # of a shape, and of values that a param has at first
PARTS = ("inputs", "outputs", "params")


def signature(given: object) -> Signature | None:
    """What the entry `signature` of an MLmodel means; None where there is none. It is a stranger's."""
    if not isinstance(given, Mapping):
        return None
    reading, found = _Reading(), Signature()
    for part in PARTS:
        try:
            setattr(found, part, reading.part(given.get(part)))
        except (ValueError, RecursionError):
            found.trouble = f"its {part} are not written as MLflow writes them"
    found.more = reading.left < 0
    return found


class _Reading:
    """Counts, for a few signs may stand for more than anybody reads."""

    def __init__(self) -> None:
        self.left = MOST

    def part(self, given: object) -> list[Spec]:
        if given is None:
            return []
        if not isinstance(given, str) or len(given) > LONGEST:
            raise ValueError(given)
        found = json.loads(given)
        if not isinstance(found, list):
            raise ValueError(given)  # noqa: TRY004 - as for a text that is no JSON
        return self._specs([(None, each) for each in found], 0)

    def _specs(self, given: "list[tuple[object, Any]]", depth: int) -> list[Spec]:
        specs = []
        for name, each in given:
            self.left -= 1
            if self.left < 0:
                break
            specs.append(self._spec(name, each, depth))
        return specs

    def _spec(self, name: object, given: object, depth: int) -> Spec:
        if not isinstance(given, Mapping):
            raise ValueError(given)  # noqa: TRY004 - as above
        tensor = given.get("tensor-spec")
        said = tensor if isinstance(tensor, Mapping) else given
        kind, fields = self._type(said, depth)
        return Spec(
            name=_text(given.get("name") if name is None else name),
            type=kind,
            shape=_shape(said.get("shape")),
            optional=given.get("required") is False or given.get("optional") is True,
            default=_default(given.get("default")),
            fields=fields,
        )

    def _type(self, given: Mapping[str, Any], depth: int) -> tuple[str, list[Spec]]:
        """In words, and the fields of what has some."""
        kind = _text(given.get("type", given.get("dtype")))
        if depth >= DEEPEST:
            return f"{kind}, deeper than is shown", []
        match kind:
            case "array" | "map":
                inner = given.get("items" if kind == "array" else "values")
                named, fields = (
                    self._type(inner, depth + 1) if isinstance(inner, Mapping) else (_text(inner), [])
                )
                return f"{kind} of {named}"[:NAME], fields
            case "object":
                properties = given.get("properties")
                pairs = list(properties.items()) if isinstance(properties, Mapping) else []
                return kind, self._specs(pairs, depth + 1)
            case "sparkml_vector":
                return "vector of double", []
            case _:
                return kind, []


def _text(given: object) -> str:
    return "" if given is None else str(given)[:NAME]


def _shape(given: object) -> list[int] | None:
    if not isinstance(given, list) or not all(type(each) is int and abs(each) < 2**53 for each in given):
        return None
    return given[:MOST_SIZES]


def _default(given: object) -> Any:
    return [cell(each) for each in given[:MOST_SIZES]] if isinstance(given, list) else cell(given)

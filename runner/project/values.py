"""Types of parameters: what a text must look like. Unknown types are labels, as in MLflow, and accept any text.

string, float, path, uri (MLflow's) · int, bool, list, list[...] (ours); the usual other names are understood.
"""

import re
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from runner.project.model import Parameter

Kind: TypeAlias = Literal["string", "float", "int", "bool", "path", "uri"]

NAMES: dict[str, Kind] = {
    "string": "string", "str": "string", "text": "string",
    "float": "float", "double": "float", "number": "float",
    "int": "int", "integer": "int",
    "bool": "bool", "boolean": "bool",
}  # fmt: skip
EXACT_NAMES: dict[str, Kind] = {"path": "path", "uri": "uri"}  # they act, and MLflow's act in lower case only
LIST = re.compile(r"list(?:\[\s*(\w+)\s*\])?", re.IGNORECASE)
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")
FLOAT_NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?|nan)", re.IGNORECASE
)
TRUE_WORDS = frozenset({"true", "yes", "on", "1"})
FALSE_WORDS = frozenset({"false", "no", "off", "0"})
ARTICLES: dict[Kind, str] = {
    "string": "a string", "float": "a float", "int": "an int", "bool": "a bool", "path": "a path", "uri": "a URI",
}  # fmt: skip


class ValueType(Struct, frozen=True):
    """A known type: one value, or a list of them."""

    kind: Kind
    is_list: bool = False


def value_type(name: str) -> ValueType | None:
    """What a type's name means; None for a name that we do not know.

    >>> value_type("List[int]")
    ValueType(kind='int', is_list=True)
    """
    name = name.strip()
    if kind := EXACT_NAMES.get(name) or NAMES.get(name.lower()):
        return ValueType(kind)
    if (hit := LIST.fullmatch(name)) and (element := NAMES.get((hit[1] or "string").lower())):
        return ValueType(element, is_list=True)
    return None


def objection(parameter: Parameter, text: str) -> str | None:
    """What is wrong with `text` as the parameter's value, or None. The text of a secret is not repeated."""
    wanted = value_type(parameter.type)
    single = wanted is None or not wanted.is_list
    for part in (text,) if single else elements(text):
        shown = "the value" if parameter.secret else repr(part)
        if wanted and not _fits(part, wanted.kind):
            return f"{shown} is not {ARTICLES[wanted.kind]}"
        if complaint := _out_of_range(parameter, part):
            return f"{shown} is {complaint}"
    if parameter.choices and text not in parameter.choices:
        shown = "the value" if parameter.secret else repr(text)
        return f"{shown} is none of {', '.join(parameter.choices)}"
    return None


def elements(text: str) -> list[str]:
    """The parts of a list as people write it: `[1, 2]`, `1,2`, `1 2`.

    >>> elements("[1, 2]"), elements("1 2"), elements("[]")
    (['1', '2'], ['1', '2'], [])
    """
    inner = text.strip()
    if inner[:1] + inner[-1:] in {"[]", "()"}:
        inner = inner[1:-1]
    parts = inner.split(",") if "," in inner else inner.split()
    return [part.strip() for part in parts]


def is_true(text: str) -> bool:
    """Whether a flag with this value is set: anything but a word for no."""
    return text.strip().lower() not in FALSE_WORDS | {"", "none", "null"}


def _fits(text: str, kind: Kind) -> bool:
    match kind:
        case "string" | "path":
            return True
        case "int":
            return WHOLE_NUMBER.fullmatch(text) is not None
        case "float":
            return FLOAT_NUMBER.fullmatch(text) is not None
        case "bool":
            return text.lower() in TRUE_WORDS | FALSE_WORDS
        case "uri":
            return _has_scheme(text)


def _has_scheme(text: str) -> bool:
    try:
        return bool(urlsplit(text).scheme)
    except ValueError:
        return False


def _out_of_range(parameter: Parameter, text: str) -> str | None:
    if (parameter.minimum is None and parameter.maximum is None) or not FLOAT_NUMBER.fullmatch(text):
        return None
    number = float(text)
    if parameter.minimum is not None and not number >= parameter.minimum:
        return f"not at least {parameter.minimum:g}"
    if parameter.maximum is not None and not number <= parameter.maximum:
        return f"not at most {parameter.maximum:g}"
    return None

"""Nested values: JSON, YAML (MLmodel too), TOML."""

import json
import tomllib
from typing import Any

import yaml

from runner.errors import TrackingError
from runner.server.native.looking.values import DEEPEST, MOST, TooMuch, tree

MOST_SIXTIETHS = 1000  # YAML has numbers such as 1:30:00, which take long to make
NUMBER = frozenset("+-.:_0123456789")
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parsed(data: bytes, kind: str) -> Any:
    """The values.

    Raises:
        TrackingError: it is none of that kind, or too much of it.
    """
    try:
        text = data.decode("utf-8-sig")
        match kind:
            case "json":
                return tree(json.loads(text))
            case "toml":
                return tree(tomllib.loads(text))
            case _:
                _check(text)
                return tree(yaml.load(text, Loader))  # noqa: S506 - a safe one
    except (ValueError, yaml.YAMLError, RecursionError, TooMuch) as error:
        raise TrackingError(f"it cannot be read as {kind}: {error}") from error


def _check(text: str) -> None:
    """Look through YAML before values are made of it: libyaml's end of the process is what a hundred thousand levels come to.

    Raises:
        TooMuch: there are too many values or levels, or a few would become many while they are made.
    """
    depth, merged, shared = 0, False, False
    for count, event in enumerate(yaml.parse(text, Loader)):
        merged |= isinstance(event, yaml.ScalarEvent) and _merges(event)
        shared |= isinstance(event, yaml.AliasEvent)
        if merged and shared:
            raise TooMuch("mappings are merged (<<) that stand elsewhere")
        if isinstance(event, yaml.ScalarEvent) and _is_long_number(event):
            raise TooMuch("there is a number without end")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or count > 2 * MOST:
            raise TooMuch(f"more than {MOST} values, or {DEEPEST} levels")


def _merges(event: Any) -> bool:
    return event.value == "<<" or (event.tag or "").endswith(":merge")


def _is_long_number(event: Any) -> bool:
    typed = (event.tag or "").endswith((":int", ":float"))
    return event.value.count(":") > MOST_SIXTIETHS and (typed or not set(event.value) - NUMBER)

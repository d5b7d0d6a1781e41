"""Nested values: JSON, YAML (MLmodel too), TOML."""

import json
import tomllib
from typing import Any

import yaml

from runner.errors import TrackingError
from runner.server.native.looking.values import DEEPEST, MOST, TooMuch, tree

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
        TooMuch: there are too many values or levels.
    """
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or count > 2 * MOST:
            raise TooMuch(f"more than {MOST} values, or {DEEPEST} levels")

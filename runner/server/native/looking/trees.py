"""Nested values: JSON, YAML (MLmodel too), TOML."""

import json
import tomllib
from typing import Any

import yaml

from runner.errors import TrackingError
from runner.server.native.looking.values import TooMuch, tree

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
                return tree(yaml.load(text, Loader))  # noqa: S506 - a safe one
    except (ValueError, yaml.YAMLError, RecursionError, TooMuch) as error:
        raise TrackingError(f"it cannot be read as {kind}: {error}") from error

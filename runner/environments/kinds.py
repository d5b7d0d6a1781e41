"""The kinds of environments, each in a package of its own, which is imported when a run has one of that kind."""

from importlib import import_module
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["python", "conda", "images"]


def of_kind(kind: Kind, name: str) -> Any:
    """What a kind calls so: `resolve` and `recipe`, or `prepare` where nothing lies in the cache."""
    return getattr(import_module(f"runner.environments.{kind}"), name)

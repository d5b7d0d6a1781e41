"""The kinds of environments, each in a package of its own, of which modules are imported when a run has one of that kind."""

from importlib import import_module
from typing import Any


def late(module: str, name: str) -> Any:
    """A function of a module below this package, which most runs do not need."""
    return getattr(import_module(f"runner.environments.{module}"), name)

"""The flows, by name: `@flow("2.3")` says which version of mlflow has what the flow needs."""

import warnings
from collections.abc import Callable
from typing import Any

warnings.filterwarnings("ignore")

import mlflow  # noqa: E402
from packaging.version import Version  # noqa: E402

Read = dict[str, Any]
Flow = Callable[[str], Read]

VERSION = Version(mlflow.__version__)
FLOWS: dict[str, Flow] = {}


def flow(since: str = "1.0") -> Callable[[Flow], Flow]:
    """A flow of clients from that version on; it gets a name that is its own."""

    def register(function: Flow) -> Flow:
        if Version(since) <= VERSION:
            FLOWS[function.__name__] = function
        return function

    return register


def performed(name: str, space: str) -> Read:
    """What the flow read, or how it failed."""
    try:
        return FLOWS[name](f"{space}-{name.replace('_', '-')}")
    except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
        while mlflow.active_run():
            mlflow.end_run("FAILED")
        return {"raised": f"{type(error).__name__}: {error}"[:500]}

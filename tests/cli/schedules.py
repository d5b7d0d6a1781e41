"""Schedules as the command line shows them, and a scheduler of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.conftest import Cli

NOOP = "entry_points: {main: {command: 'true'}}"
PATIENCE = 60.0


def shown(cli: Cli, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("schedule", "show", name, "--json").out)
    return found


def history(cli: Cli, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cli("schedule", "history", name, "--json").out)
    return found


def eventually(ask: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := ask()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.2)
    return found


@contextmanager
def scheduler(*options: str) -> Iterator["subprocess.Popen[str]"]:
    """One of its own; asked to end at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "scheduler", *options], stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)
        assert process.stderr is not None
        process.stderr.close()

"""Projects for the tests' container engine, and runs of them that a test may end."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli import test_run
from tests.conftest import Cli
from tests.services.docker import IMAGE

Project = dict[str, str]


def project(command: str, *, parameters: str = "", docker: str = "", more: str = "", **files: str) -> Project:
    """A project whose `main` runs `command` in the engine's image."""
    return {
        "MLproject": json.dumps(
            {
                "name": "demo",
                "docker_env": {"image": IMAGE, **(json.loads(docker) if docker else {})},
                "entry_points": {
                    "main": {"parameters": json.loads(parameters) if parameters else {}, "command": command}
                },
                **(json.loads(more) if more else {}),
            }
        ),
        **files,
    }


def shown(cli: Cli) -> Any:
    """The last run, as JSON values."""
    return test_run.shown(cli)


def started(*arguments: str | Path) -> "subprocess.Popen[str]":
    """A `runner` of its own, which a test may end."""
    return subprocess.Popen(
        [sys.executable, "-m", "runner", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def up_to(process: "subprocess.Popen[str]", word: str) -> Iterator[None]:
    """The block runs once the program has said the word."""
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == f"{word}\n", process.stderr.read() if process.stderr else ""
        yield
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate()

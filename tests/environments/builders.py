"""Builders of environments in processes of their own, which a test may kill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.services.measuring import unmeasured

ROOT = Path(__file__).parents[2]


def builder(code: str, directory: Path, *arguments: str) -> "subprocess.Popen[str]":
    """A program in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", code, directory, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=ROOT,
        env=unmeasured(),
    )


def kill(builder: subprocess.Popen[str], *, alone: bool) -> None:
    """At once: alone, so that what it has started goes on, or with all of that."""
    builder.kill()
    builder.communicate()
    for process in [] if alone else Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            if os.getsid(int(process.name)) == builder.pid:
                os.kill(int(process.name), signal.SIGKILL)


def await_(seen: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def some(place: Path, pattern: str) -> bool:
    return next(place.glob(pattern), None) is not None

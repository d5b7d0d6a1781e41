"""Ends a run's processes when the runner that started them died without a word (kill -9, out of memory).

Started as ``python -I -S guard.py RUN_ID [GROUP]`` by the shell that waits for that in a session of its own, see `child.Guard`.
Then the process group is ended, and, where /proc tells, each process that left the group but still carries the run's id
in RUNNER_RUN_CHAIN: the ids of a run and of all runs around it.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

CHAIN = "RUNNER_RUN_CHAIN"
GRACE = 2.0  # seconds between the request and the order


def main(run_id: str, watched: str | None = None) -> None:
    """End them: first they are asked."""
    group = int(watched) if watched else None
    end(group, run_id, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline and (_alive(group) or _marked(run_id)):
        time.sleep(0.1)
    end(group, run_id, signal.SIGKILL)


def end(group: int | None, run_id: str, number: int) -> None:
    """Send the signal to the group and to every process that carries the run's mark."""
    if group is not None:
        _send(os.killpg, group, number)
    for process in _marked(run_id):
        _send(os.kill, process, number)


def _alive(group: int | None) -> bool:
    if group is None:
        return False
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def _marked(run_id: str) -> list[int]:
    return [process for process in _processes() if process != os.getpid() and run_id in _chain(process)]


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - pathlib costs 5 ms
    except OSError:  # no /proc: the group must do
        return []


def _chain(process: int) -> list[str]:
    """The runs to which a process belongs, the outermost first."""
    start = f"{CHAIN}=".encode()
    try:
        with open(f"/proc/{process}/environ", "rb") as file:  # noqa: PTH123
            variables = file.read().split(b"\0")
    except OSError:
        return []
    found = [variable[len(start) :] for variable in variables if variable.startswith(start)]
    return found[0].decode(errors="replace").split(":") if found else []


def _send(send: Callable[[int, int], None], target: int, number: int) -> None:
    with suppress(OSError):
        send(target, number)


if __name__ == "__main__":
    main(*sys.argv[1:])

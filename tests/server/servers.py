"""A real `runner server` as a process of its own."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

LISTENING = "listening at "


@dataclass(frozen=True)
class RunningServer:
    """`uri` is what a client takes as tracking URI; `said` are the lines up to the one that has it, `rest` those that follow."""

    uri: str
    process: "subprocess.Popen[str]"
    said: Sequence[str]
    rest: list[str]


@contextmanager
def running_server(*arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[RunningServer]:
    """`runner server` at a free port, with further arguments; it is ended when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "server", "--port", "0", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ if environ is None else environ),
    )
    assert process.stderr is not None
    rest: list[str] = []  # what it says of each request that it refuses: a full pipe would make it wait
    hearing = threading.Thread(target=_hear, args=(process.stderr, rest))
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith(LISTENING):
                break
        else:
            raise AssertionError(f"the server did not start: {''.join(said)}")
        hearing.start()
        yield RunningServer(line.removeprefix(LISTENING).strip(), process, said, rest)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if hearing.ident is None:
            hearing.start()
        hearing.join()


def _hear(stream: IO[str], lines: list[str]) -> None:
    with stream:
        lines.extend(stream)

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
    """`uri` is what a client takes as tracking URI; `said` are the lines up to the one that has it."""

    uri: str
    process: "subprocess.Popen[str]"
    said: Sequence[str]


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
    # what it says of each request that it refuses: nobody hears it, and a full pipe would make it wait
    rest = threading.Thread(target=_heard, args=(process.stderr,))
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith(LISTENING):
                break
        else:
            raise AssertionError(f"the server did not start: {''.join(said)}")
        rest.start()
        yield RunningServer(line.removeprefix(LISTENING).strip(), process, said)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if rest.ident is None:
            rest.start()
        rest.join()


def _heard(stream: IO[str]) -> None:
    with stream:
        stream.read()

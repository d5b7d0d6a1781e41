"""Secrets leave no trace in what a program prints: their values are replaced before anything sees them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from runner.executors import Sink

MASK = "********"
LONGEST_LINE = 64 * 1024  # bytes held back while waiting for the end of a line


@contextmanager
def masked(sink: Sink, secrets: Sequence[str]) -> Iterator[Sink]:
    """A sink that passes whole lines on with every secret masked; without secrets the sink itself, unbuffered."""
    # Output is looked at line by line, so a secret of several lines is masked line by line; the longest first, for
    # one secret may hold another.
    lines = {line for secret in secrets for line in secret.splitlines() if line.strip()}
    words = [line.encode() for line in sorted(lines, key=len, reverse=True)]
    if not words:
        yield sink
        return
    held: dict[Literal["stdout", "stderr"], bytes] = {"stdout": b"", "stderr": b""}

    def clean(data: bytes) -> bytes:
        for word in words:
            data = data.replace(word, MASK.encode())
        return data

    def write(stream: Literal["stdout", "stderr"], data: bytes) -> None:
        held[stream] += data
        end = max(held[stream].rfind(b"\n"), held[stream].rfind(b"\r")) + 1
        if end == 0 and len(held[stream]) > LONGEST_LINE:
            end = len(held[stream])
        if end:
            whole, held[stream] = held[stream][:end], held[stream][end:]
            sink(stream, clean(whole))

    yield write
    for stream, rest in held.items():
        if rest:
            sink(stream, clean(rest))

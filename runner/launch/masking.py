"""Secrets leave no trace in what a program prints: their values are replaced before anything sees them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from runner.executors import Sink
from runner.sources import strip_credentials

MASK = "********"
LONGEST_LINE = 64 * 1024  # bytes held back while waiting for the end of a line


def public(text: str) -> str:
    """The text, without the password of a URL that it may be."""
    try:
        return strip_credentials(text)
    except ValueError:  # it begins like a URL and is none: who knows what is in it
        return MASK


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
    longest = len(words[0])
    held: dict[Literal["stdout", "stderr"], bytes] = {"stdout": b"", "stderr": b""}

    def clean(data: bytes) -> bytes:
        for word in words:
            data = data.replace(word, MASK.encode())
        return data

    def write(stream: Literal["stdout", "stderr"], data: bytes) -> None:
        data = held[stream] + data
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if end == 0 and len(data) > LONGEST_LINE:
            data = clean(data)
            end = len(data) - longest  # the rest may be the beginning of a secret
        held[stream] = data[end:]
        if end:
            sink(stream, clean(data[:end]))

    try:
        yield write
    finally:
        for stream, rest in held.items():
            if rest:
                sink(stream, clean(rest))

"""What a run printed, printed again: byte for byte, or line by line with times and a pattern."""

import json
import re
from dataclasses import dataclass, field

import click

from runner.cli.output import clock
from runner.tracking.logs import Chunk, Stream

LONGEST = 1024 * 1024  # bytes of one line; a program may write for ever without an end of line


@dataclass(slots=True)
class LogPrinter:
    """Prints pieces of output on the stream from which they came; as JSON, an object for each line, all on stdout.

    A line is what ends in a line feed, in however many pieces it came; its time is that of its first piece.
    """

    pattern: re.Pattern[str] | None = None
    timestamps: bool = False
    as_json: bool = False
    _rests: dict[Stream, tuple[int, bytes]] = field(default_factory=dict)

    def print(self, chunk: Chunk) -> None:
        """Print a piece, or the lines which it ends."""
        if self.pattern is None and not self.timestamps and not self.as_json:
            click.echo(chunk.data, nl=False, err=chunk.stream == "stderr")
            return
        time, rest = self._rests.pop(chunk.stream, (chunk.time, b""))
        *lines, rest = (rest + chunk.data).split(b"\n")
        for line in lines:
            self._print_line(chunk.stream, time, line)
            time = chunk.time
        if len(rest) > LONGEST:
            self._print_line(chunk.stream, time, rest)
        elif rest:
            self._rests[chunk.stream] = (time, rest)

    def close(self) -> None:
        """Print lines that never ended."""
        for stream, (time, rest) in sorted(self._rests.items(), key=lambda item: item[1]):
            self._print_line(stream, time, rest)
        self._rests.clear()

    def _print_line(self, stream: Stream, time: int, line: bytes) -> None:
        text = line.decode(errors="replace").removesuffix("\r")
        if self.pattern is not None and not self.pattern.search(text):
            return
        if self.as_json:
            click.echo(json.dumps({"time": time, "stream": stream, "text": text}, ensure_ascii=False))
        else:
            click.echo((f"{clock(time)}  " if self.timestamps else "") + text, err=stream == "stderr")

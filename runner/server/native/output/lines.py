"""Lines of output as JSON: text, or base64 where they are none."""

from base64 import b64encode
from collections.abc import Iterable

from runner.server.native.output.reading import Line
from runner.server.native.shapes import LogLine


def shown(lines: Iterable[Line]) -> list[LogLine]:
    """The lines for an answer."""
    return [_shown(line) for line in lines]


def _shown(line: Line) -> LogLine:
    try:
        text, base64 = line.data.decode(), None
    except UnicodeDecodeError:
        text, base64 = None, b64encode(line.data).decode()
    return LogLine(stream=line.stream, time=line.time, offset=line.offset, text=text, base64=base64)

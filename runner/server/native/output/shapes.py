"""Requests and answers about the output of a run. Times are milliseconds since the epoch."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from runner.server.mlflow import wire
from runner.server.native.shapes import MOST_LINES, LogLine, Offset, Shape, StreamName

PositionText = Annotated[str, Meta(pattern=r"^[0-9]{1,16}\.[0-9]{1,16}$")]
MOST_MATCHES = 1000


class ReadLogs(wire.Request):
    """Which lines: those behind `after`, the `next` of an earlier answer; or those before `before`, a position, or `end`."""

    stream: StreamName | None = None
    after: PositionText = "0.0"
    before: Annotated[str, Meta(pattern=r"^([0-9]{1,16}\.[0-9]{1,16}|end)$")] | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_LINES)] = 1000


class LogPage(Struct, kw_only=True):
    """Lines in the order in which they came. `ended`: there will be no more behind `next`. `previous`: the position before them."""

    lines: list[LogLine]
    previous: str
    next: str
    ended: bool


class FindPlace(wire.Request):
    """One of: the position `at`, the number of a `line`, a `time`, or the byte `offset` of a `stream`."""

    at: PositionText | None = None
    line: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    time: Offset | None = None
    stream: StreamName = "stdout"
    offset: Offset | None = None


class LogPlace(Shape):
    """The position, and the number of the line that begins there. Without them: which part of the way is done; ask again."""

    at: str = ""
    line: int | None = None
    progress: float = 1.0


class SearchLogs(wire.Request):
    """Lines that hold `text`, or tell of an error; those behind `after`, the `next` of an earlier answer."""

    text: Annotated[str, Meta(max_length=1000)] = ""
    errors: bool = False
    stream: StreamName | None = None
    after: PositionText = "0.0"
    limit: Annotated[int, Meta(ge=1, le=MOST_MATCHES)] = 100


class LogMatch(Shape):
    """A line; `offset` is that of its first byte in its stream, `at` the position before it. `text` is its beginning."""

    stream: Literal["stdout", "stderr"]
    offset: int
    time: int
    at: str
    text: str


class LogMatches(Struct, kw_only=True):
    """Matches in the order in which they came. `over`: there are none behind `next`; `progress`: which part was searched."""

    matches: list[LogMatch]
    next: str
    over: bool
    progress: float

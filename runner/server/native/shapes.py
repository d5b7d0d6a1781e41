"""Requests, answers and events of our own API. Times are milliseconds since the epoch."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from runner.server.mlflow import wire
from runner.tracking.model import Lifecycle, RunStatus

StreamName = Literal["stdout", "stderr"]
Offset = Annotated[int, Meta(ge=0, le=2**53)]
MOST_LINES = 10_000


class Shape(Struct, kw_only=True, omit_defaults=True):
    """Any answer or event; what is empty is left out."""


class About(Struct, kw_only=True):
    """Who answers here, and what this server can do."""

    name: str
    version: str
    api_version: int
    capabilities: list[str]


class LogLine(Shape):
    """A line with its end, or a piece of one: the next of the same stream goes on.

    `offset` is the place of its first byte in its stream. What is no UTF-8 is told in `base64` instead of `text`.
    """

    stream: StreamName
    time: int
    offset: int
    text: str | None = None
    base64: str | None = None


class LogLines(Struct, kw_only=True):
    """Lines in the order in which they came. `ended`: there will be no more behind `next`."""

    lines: list[LogLine]
    next: str
    ended: bool


class AppendLogs(wire.Request):
    """Bytes of a stream from `offset` on, as `text` or `base64`; `times` are pairs of a time and a number of bytes."""

    stream: StreamName
    offset: Offset
    text: str | None = None
    base64: str | None = None
    times: tuple[tuple[Offset, Offset], ...] = ()


class Appended(Struct, kw_only=True):
    """The offset at which to go on."""

    next: int


class Listen(wire.Request):
    """`topics`, separated by commas: `runs`, `experiment:<id>`, `run:<id>`, `logs:<id>` or `logs:<id>@<position>`.

    `last_event_id` stands for the header Last-Event-ID.
    """

    topics: str
    last_event_id: str = ""


class RunEvent(Shape):
    """A run as it is now, and those params and tags that are new; the first event of a stream has all of them."""

    topic: str
    run: str
    experiment: str
    name: str
    status: RunStatus
    lifecycle: Lifecycle
    start_time: int | None = None
    end_time: int | None = None
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    deleted_tags: list[str] = []


class Point(Struct, array_like=True):
    """[step, time, value]"""

    step: int
    time: int
    value: wire.Number


class MetricsEvent(Struct, kw_only=True):
    """New points of a metric, by step, time and value."""

    topic: str
    run: str
    key: str
    points: list[Point]


class LogEvent(LogLines):
    """New lines of a run."""

    run: str


class ResetEvent(Shape):
    """Read again what is shown: one metric of a run, if they are given, else all of it."""

    reason: str
    topic: str | None = None
    run: str | None = None
    key: str | None = None


EVENTS = {"run": RunEvent, "metrics": MetricsEvent, "log": LogEvent, "reset": ResetEvent}

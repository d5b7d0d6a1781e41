"""What can be listened to."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from runner.server.errors import Malformed
from runner.server.native.output.indexed import START, Position, position

Kind: TypeAlias = Literal["runs", "experiment", "run", "logs"]

MOST, MOST_LOGS = 100, 10  # topics, and logs among them, of one stream
TOPIC = re.compile(
    r"(?P<runs>runs)|(?P<experiment>experiment):(?P<number>[0-9]{1,18})"
    r"|(?P<run>run|logs):(?P<id>[A-Za-z0-9_-]{1,64})(@(?P<position>[0-9]{1,16}\.[0-9]{1,16}))?"
)


@dataclass(frozen=True, slots=True)
class Topic:
    """The newest runs of all experiments, or of one; one run; its output."""

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def parsed(text: str) -> dict[Topic, Position]:
    """The topics of a stream, and where those that are logs begin.

    Raises:
        Malformed: something that is no topic, or too many.
    """
    found = dict(map(_topic, text.split(",")))
    if len(found) > MOST or sum(topic.kind == "logs" for topic in found) > MOST_LOGS:
        raise Malformed(f"a stream has at most {MOST} topics, and {MOST_LOGS} logs among them")
    return found


def _topic(text: str) -> tuple[Topic, Position]:
    fits = TOPIC.fullmatch(text)
    if fits is None or (fits["position"] and fits["run"] == "run"):
        raise Malformed(
            f"Invalid topic {text!r}: runs, experiment:<id>, run:<id>, logs:<id> or logs:<id>@<position>"
        )
    kind = fits["runs"] or fits["experiment"] or fits["run"]
    where = position(fits["position"]) if fits["position"] else START
    return Topic(cast("Kind", kind), fits["number"] or fits["id"] or ""), where

"""Where a listener is, as the id of each event says it: the number of the event, and for each log the position behind it.

5f0c2a11.1734~4be1a0...@120.40
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.server.native.output.indexed import Position, position

LOG = re.compile(r"~([A-Za-z0-9_-]{1,64})@([0-9]{1,16}\.[0-9]{1,16})")
ID = re.compile(rf"([0-9a-f]{{8}})\.([0-9]{{1,18}})((?:{LOG.pattern.replace('(', '(?:')}){{0,10}})")


@dataclass(frozen=True, slots=True)
class Place:
    """Numbers count within one `epoch` of a server."""

    epoch: str
    number: int
    logs: Mapping[str, Position] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.epoch}.{self.number}" + "".join(f"~{run}@{at}" for run, at in self.logs.items())


def place(last_event_id: str) -> Place | None:
    """The place that an id means; None for one that no server of ours gave."""
    fits = ID.fullmatch(last_event_id)
    if fits is None:
        return None
    logs = {run: position(at) for run, at in LOG.findall(fits[3])}
    return Place(fits[1], int(fits[2]), logs)

"""The last events, for all listeners: each remembers the number of the last one that it was told.

A listener that is slow, or comes back late, finds a gap: it is told to read again, and costs no memory of its own.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from runner.server.native.events.topics import Topic

MOST = 16 * 1024 * 1024  # bytes of all events


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a run. `data` is JSON; `experiment_id` is where the run is, for those who may read there."""

    topic: Topic
    kind: str
    run_id: str
    experiment_id: str
    data: bytes
    number: int = 0


class Ring:
    """Belongs to one event loop. `epoch` tells the numbers of this server from those of the one before."""

    def __init__(self, most: int = MOST) -> None:
        self.epoch = secrets.token_hex(4)
        self.last = 0
        self._most = most
        self._size = 0
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()

    def add(self, events: Iterable[Event]) -> None:
        """Number them, and wake all who wait."""
        for event in events:
            self.last += 1
            self._size += len(event.data)
            self._events.append(replace(event, number=self.last))
        while self._size > self._most:
            self._size -= len(self._events.popleft().data)
        self.wake()

    def after(self, number: int) -> Sequence[Event] | None:
        """The events behind that one; None: some of them are gone."""
        first = self.last - len(self._events) + 1
        if number < first - 1:
            return None
        return list(islice(self._events, number + 1 - first, None))

    def wake(self) -> None:
        """Let those who wait look."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def changed(self, number: int, *, patience: float) -> None:
        """Come back when there is something behind that number, somebody wakes all, or patience ends."""
        if self.last <= number:
            try:
                await asyncio.wait_for(self._news.wait(), patience)
            except TimeoutError:
                return

"""Looks at what is watched, as long as somebody listens: whoever wrote it, this server or another process.

One thread asks whether anything has been committed, and if so what is new in each topic, once for all its listeners.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TypeVar

from runner.errors import NotFound, RunnerError, Unavailable
from runner.server.native.events.news import Seen, look
from runner.server.native.events.ring import Event, Ring
from runner.server.native.events.topics import Topic
from runner.tracking.store import WatchedStore

T = TypeVar("T")

PAUSE = 0.1  # seconds between two questions whether anything has changed
REST = 0.2  # seconds between two looks, so that what comes quickly is told together
LINGER = 60.0  # seconds for which a topic is watched after its last listener has gone: it may come back
STREAMS = 256  # at once

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watched:
    """What was seen of a topic, since which event it is watched, by how many, and when the last of them left."""

    seen: Seen
    since: int
    listeners: int = 0
    left: float = 0.0


class Watcher:
    """Belongs to one event loop. Its thread and its task begin with the first listener."""

    def __init__(self, store: WatchedStore) -> None:
        self.ring = Ring()
        self.ending = False
        self._store = store
        self._topics: dict[Topic, Watched] = {}
        self._streams = 0
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None

    def wake(self) -> None:
        """Something was committed here."""
        self._woken.set()

    def close(self) -> None:
        """End all streams."""
        self.ending = True
        self.ring.wake()
        if self._task is not None:
            self._task.cancel()
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def seen(self, topic: Topic) -> Seen:
        """What was last seen of a topic that somebody listens to."""
        return self._topics[topic].seen

    def reaches(self, topics: Collection[Topic], epoch: str, number: int) -> bool:
        """Whether nothing is missing between that event and now."""
        return (
            epoch == self.ring.epoch
            and number <= self.ring.last
            and self.ring.after(number) is not None
            and all(topic in self._topics and self._topics[topic].since <= number for topic in topics)
        )

    async def begin(self, topics: Collection[Topic]) -> None:
        """Look at those that nobody has listened to so far.

        Raises:
            NotFound: there is no such run.
        """
        for topic in topics:
            if topic not in self._topics:
                seen, _ = await self._in_thread(partial(look, self._store, topic, None))
                self._topics.setdefault(topic, Watched(seen, self.ring.last, left=monotonic()))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._watch())

    @contextmanager
    def listening(self, topics: Collection[Topic]) -> Iterator[None]:
        """Go on looking at topics that were begun, until the end of the block.

        Raises:
            Unavailable: there are too many streams, or the server ends.
        """
        if self.ending or self._streams >= STREAMS:
            raise Unavailable(
                "the server is about to stop" if self.ending else f"there are {STREAMS} streams already"
            )
        watched = [self._topics[topic] for topic in topics]
        self._streams += 1
        for each in watched:
            each.listeners += 1
        try:
            yield
        finally:
            self._streams -= 1
            for each in watched:
                each.listeners -= 1
                each.left = monotonic()

    async def _watch(self) -> None:
        last: object = None
        while self._topics and not self.ending:
            woken = await self._paused()
            self._forget()
            try:
                token = await self._in_thread(self._store.changes)
                if woken or token != last:
                    await self._look()
                    last = token
                    await asyncio.sleep(REST - PAUSE)
            except RunnerError:  # the store may be busy: nothing is lost, the next look sees it
                last = None
            except Exception:
                log.exception("what is watched cannot be looked at")
                last = None
                await asyncio.sleep(1)

    async def _paused(self) -> bool:
        """Whether somebody woke us before the pause was over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), PAUSE)
        woken = self._woken.is_set()
        self._woken.clear()
        return woken

    async def _look(self) -> None:
        before = {topic: watched.seen for topic, watched in self._topics.items()}
        looked = await self._in_thread(lambda: list(self._looks(before)))
        for topic, seen, _ in looked:
            if topic in self._topics:
                self._topics[topic].seen = seen
        self.ring.add(event for _, _, events in looked for event in events)

    def _looks(self, before: dict[Topic, Seen]) -> Iterator[tuple[Topic, Seen, Sequence[Event]]]:
        for topic, seen in before.items():
            with suppress(NotFound):  # a run that is gone for good has no more news
                yield topic, *look(self._store, topic, seen)

    def _forget(self) -> None:
        over = monotonic() - LINGER
        for topic, watched in list(self._topics.items()):
            if not watched.listeners and watched.left < over:
                del self._topics[topic]

    async def _in_thread(self, call: Callable[[], T]) -> T:
        """One thread, and always the same: a token of changes is of use to the thread that was told it."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="watcher")
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

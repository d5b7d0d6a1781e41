"""A listener: the events of its topics as server-sent events, and the output of runs from where it left off."""

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from runner.errors import RunnerError
from runner.server.errors import Malformed
from runner.server.native.events.news import SeenRun, told
from runner.server.native.events.place import Place
from runner.server.native.events.reader import RunReader
from runner.server.native.events.topics import Topic
from runner.server.native.events.watcher import Watcher
from runner.server.native.output.indexed import Position
from runner.server.native.output.lines import shown
from runner.server.native.output.reading import Opened
from runner.server.native.shapes import LogEvent, ResetEvent
from runner.server.places import Places
from runner.tracking.model import Run

PING = 15.0  # seconds without an event after which a comment shows that we are there
TICK = 0.2  # seconds between two looks at growing output
LINES = 1000  # of output in one event
RETRY = 2000  # milliseconds after which a browser comes back
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream:
    """An answer that goes on until the client leaves or the server ends. `place`: where the client left off, if it did."""

    def __init__(
        self,
        watcher: Watcher,
        reader: RunReader,
        topics: Mapping[Topic, Position],
        *,
        home: Path,
        places: Places,
        place: Place | None,
    ) -> None:
        self._watcher = watcher
        self._reader = reader
        self._topics = frozenset(topics)
        self._resumed = place is not None
        self._place = Place(watcher.ring.epoch, watcher.ring.last)
        if place is not None:
            self._place = replace(place, logs={})
        logs = {topic.name: at for topic, at in topics.items() if topic.kind == "logs"}
        self._logs = {
            run: Opened(home, places, place.logs.get(run, at) if place else at) for run, at in logs.items()
        }
        self._ended: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for topic in self._topics:
            if topic.kind in {"run", "logs"}:
                await self._reader.check(topic.name)
        await self._watcher.begin(self._topics)
        with ExitStack() as stack:
            stack.enter_context(self._watcher.listening(self._topics))
            for output in self._logs.values():
                stack.enter_context(output)
            events = self._events()
            await StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)(
                scope, receive, send
            )

    async def _events(self) -> AsyncIterator[bytes]:
        """Everything that is sent."""
        yield f"retry: {RETRY}\n".encode()
        with suppress(RunnerError):  # the client is nobody any more, or comes back when the store does
            async for piece in self._beginning():
                yield piece
            sent = monotonic()
            while not self._watcher.ending:
                async for piece in self._news():
                    yield piece
                    sent = monotonic()
                if monotonic() - sent > PING:
                    yield b": ping\n\n"
                    sent = monotonic()
                following = len(self._ended) < len(self._logs)
                await self._watcher.ring.changed(self._place.number, patience=TICK if following else PING)

    async def _beginning(self) -> AsyncIterator[bytes]:
        """Where the ring begins for this client, and how its runs are now, unless nothing is missing."""
        ring, place = self._watcher.ring, self._place
        if self._resumed and self._watcher.reaches(self._topics, place.epoch, place.number):
            yield f"id: {self._id()}\n\n".encode()
            return
        self._place = Place(ring.epoch, ring.last)
        if self._resumed:
            yield self._reset("the server was started anew, or too much has happened")
        else:
            yield f"id: {self._id()}\n\n".encode()
        async for piece in self._runs():
            yield piece

    async def _runs(self) -> AsyncIterator[bytes]:
        """How the runs are now, as far as the client may read them."""
        for topic in sorted(self._topics, key=str):
            seen = self._watcher.seen(topic)
            if topic.kind != "run" or not isinstance(seen, SeenRun):
                continue
            if await self._reader.may(seen.run.id, seen.run.experiment_id):
                yield self._event("run", told(topic, seen.run).data)

    async def _news(self) -> AsyncIterator[bytes]:
        """What has come since the last time: first the output, so that a run ends after it."""
        ended = {run for run in self._logs if self._run(run).status.ended}
        for run in self._logs.keys() - self._ended:
            async for piece in self._output(run, ended=run in ended):
                yield piece
        events = self._watcher.ring.after(self._place.number)
        if events is None:
            self._place = replace(self._place, number=self._watcher.ring.last)
            yield self._reset("more has happened than was kept for you")
            async for piece in self._runs():
                yield piece
            return
        for event in events:
            self._place = replace(self._place, number=event.number)
            if event.topic in self._topics and await self._reader.may(event.run_id, event.experiment_id):
                yield self._event(event.kind, event.data)

    async def _output(self, run_id: str, *, ended: bool) -> AsyncIterator[bytes]:
        """Lines that have come, as many events as it takes."""
        run, output = self._run(run_id), self._logs[run_id]
        if not await self._reader.may(run.id, run.experiment_id):
            return
        while True:
            try:
                lines, over = await run_in_threadpool(lambda: output.read(run, ended=ended, most=LINES))
            except Malformed:  # it is not with this server: there is no more of it here
                lines, over = [], True
            if over:
                self._ended.add(run_id)
            if lines or over:
                event = LogEvent(run=run_id, lines=shown(lines), next=str(output.at), ended=over)
                yield self._event("log", msgspec.json.encode(event))
            if over or not lines:
                return

    def _run(self, run_id: str) -> Run:
        seen = self._watcher.seen(Topic("logs", run_id))
        assert isinstance(seen, SeenRun)
        return seen.run

    def _reset(self, reason: str) -> bytes:
        return self._event("reset", msgspec.json.encode(ResetEvent(reason=reason)))

    def _event(self, kind: str, data: bytes) -> bytes:
        return b"id: %s\nevent: %s\ndata: %s\n\n" % (self._id().encode(), kind.encode(), data)

    def _id(self) -> str:
        return str(replace(self._place, logs={run: output.at for run, output in self._logs.items()}))

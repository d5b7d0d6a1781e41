"""Changes of many requests, one after another in one thread, and one commit for all that wait.

A commit waits for the disk (0.2 ms and more), and an SQLite file has one writer at a time: so requests that come meanwhile
are done together in the next transaction, each all or nothing by itself. No request is answered before its commit.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TypeAlias, TypeVar

from runner.errors import Unavailable
from runner.tracking.model import Entry
from runner.tracking.store import Store

T = TypeVar("T")
View: TypeAlias = Callable[[Store], Store]
"""From the whole store to what a caller may see and change of it."""

MOST = 500  # changes in one transaction
LONGEST = 0.05  # seconds of one transaction, unless a single change takes longer
GRACE = 10.0  # seconds for the last changes when the writer is closed


@dataclass(slots=True, eq=False)
class Change:
    """One that waits: a function of the store, or an entry to log. `outcome` is set in the writer's thread."""

    view: View
    what: Callable[[Store], Any] | Entry
    done: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    outcome: object = None
    failed: bool = False

    def failing(self, error: BaseException) -> None:
        self.outcome, self.failed = error, True

    def tell(self) -> None:
        """In the loop's thread."""
        if self.done.cancelled():
            return
        if isinstance(self.outcome, BaseException) and self.failed:
            self.done.set_exception(self.outcome)
        else:
            self.done.set_result(self.outcome)


class Writer:
    """Its thread begins with the first change; all changes come from one event loop, where `committed` is called after each commit."""

    def __init__(self, store: Store, committed: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._committed = committed
        self._waiting: SimpleQueue[Change | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="writer", daemon=True)
        self._lock = threading.Lock()
        self._closed = False

    async def change(self, view: View, what: Callable[[Store], T]) -> T:
        """The result of `what` on the store, once it is durable."""
        result: T = await self._wait(view, what)
        return result

    async def log(self, view: View, entry: Entry) -> None:
        """`Store.log`, together with others'."""
        await self._wait(view, entry)

    def close(self) -> None:
        """Do what waits, then end."""
        with self._lock:
            self._closed = True
            started = self._thread.ident is not None
        self._waiting.put(None)
        if started:
            self._thread.join(GRACE)

    async def _wait(self, view: View, what: Callable[[Store], Any] | Entry) -> Any:
        loop = asyncio.get_running_loop()
        change = Change(view, what, loop.create_future(), loop)
        if self._thread.ident is None:
            self._start()
        if self._closed:
            raise Unavailable("the server is about to stop")
        self._waiting.put(change)
        return await change.done

    def _start(self) -> None:
        with self._lock:
            if self._thread.ident is None and not self._closed:
                self._thread.start()

    def _write(self) -> None:
        while (first := self._waiting.get()) is not None:
            changes: list[Change] = []
            try:
                with self._store.joined() as store:
                    for group in _alike(self._arriving(first, changes)):
                        _do(store, group)
            except BaseException as error:  # noqa: BLE001 - whoever waits for an answer hears of it
                for change in changes or [first]:
                    change.failing(error)
            _tell(first.loop, changes or [first], self._committed)

    def _arriving(self, first: Change, changes: list[Change]) -> Iterator[Change]:
        """The first change and those that wait behind it."""
        end = monotonic() + LONGEST
        following: Change | None = first
        while following is not None:
            changes.append(following)
            yield following
            if len(changes) == MOST or monotonic() > end:
                return
            try:
                following = self._waiting.get_nowait()
            except Empty:
                return
        self._waiting.put(None)  # the end, for the loop outside


def _alike(changes: Iterator[Change]) -> Iterator[list[Change]]:
    """Neighbours that only log, for the same caller, belong together."""
    group: list[Change] = []
    for change in changes:
        if group and not (
            isinstance(change.what, Entry)
            and isinstance(group[0].what, Entry)
            and change.view is group[0].view
        ):
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _do(store: Store, group: Sequence[Change]) -> None:
    """What one change meets, others do not hear of: only a lost transaction is everybody's."""
    try:
        _done(store, group)
    except Exception as error:  # noqa: BLE001 - its caller hears of it
        if len(group) == 1:
            group[0].failing(error)
        else:
            for change in group:
                _do(store, [change])


def _done(store: Store, group: Sequence[Change]) -> None:
    entries = [change.what for change in group if isinstance(change.what, Entry)]
    if entries:  # one call of the store, and so whole or not at all by itself
        for change, refusal in zip(group, group[0].view(store).log_all(entries), strict=True):
            if refusal is not None:
                change.failing(refusal)
        return
    (change,) = group
    assert not isinstance(change.what, Entry)
    with store.joined() as own:
        change.outcome = change.what(change.view(own))


def _tell(loop: asyncio.AbstractEventLoop, changes: Sequence[Change], committed: Callable[[], None]) -> None:
    def tell() -> None:
        committed()
        for change in changes:
            change.tell()

    try:
        loop.call_soon_threadsafe(tell)
    except RuntimeError:
        return  # the loop has ended, and with it whoever waited

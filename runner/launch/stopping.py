"""What signals do to a run: the first asks its program to end, the second kills; before there is a program they stop us.

with on_signals(stopping):
    ... preparing ...                 # a signal raises Stopped here, once
    with stopping.passed_to(executor.stop):
        executor.execute(...)         # a signal is passed on here, and the program's end is waited for
    ... closing ...                   # a signal waits here until the run is closed; `hurried` says that there was one
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal, TypeAlias

from msgspec import Struct

Effect: TypeAlias = Literal["stopping", "killing", "closing"]

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)


class Stopped(BaseException):
    """A signal arrived while there was no program to pass it to. No Exception, so that nothing swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


class Stopping(Struct):
    """Where signals go just now. `notify` is told what a signal does, and must not fail."""

    notify: Callable[[Effect], None] = lambda _effect: None
    hurried: bool = False
    _state: Literal["preparing", "running", "closing"] = "preparing"
    _pass_to: Callable[[int], None] = lambda _number: None
    _passed: int = 0

    @contextmanager
    def passed_to(self, stop: Callable[[int], None]) -> Iterator[None]:
        """Within the block a signal calls `stop(number)`; after it the run is being closed."""
        self._pass_to, self._state = stop, "running"
        try:
            yield
        finally:
            self._state = "closing"

    def receive(self, number: int, _frame: FrameType | None = None) -> None:
        """The signal handler."""
        match self._state:
            case "preparing":
                self._state = "closing"  # what was begun is brought to its end now, and nothing disturbs that
                raise Stopped(number)
            case "running":
                self._passed += 1
                self._pass_to(number)
                self.notify("stopping" if self._passed == 1 else "killing")
            case "closing":
                self.hurried = True
                self.notify("closing")


@contextmanager
def on_signals(stopping: Stopping) -> Iterator[None]:
    """Install the handlers for the length of the block. Outside the main thread signals stay the caller's business."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    # nohup and shells' background jobs ignore some signals on purpose: those stay ignored
    taken = [number for number, handler in before.items() if handler != signal.SIG_IGN]
    for number in taken:
        signal.signal(number, stopping.receive)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number] or signal.SIG_DFL)

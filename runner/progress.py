"""What long work tells about itself: phases with times, notices, warnings. Meaning only; looks are the command line's.

progress = Progress(listener)
with progress.phase("environment") as phase:
    phase.update("installing numpy")
    phase.summary, phase.detail = "virtualenv, Python 3.11, 12 packages", "cached"
progress.seconds            # {"environment": 0.21}: recorded with the run
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Literal, TypeAlias

from msgspec import Struct


class Phase(Struct):
    """One step of the work. `summary` is what it found or made, `detail` how (cached, 12 packages downloaded).

    `heard` gets what tools print, line by line, where somebody keeps that.
    """

    name: str
    summary: str = ""
    detail: str = ""
    seconds: float = 0.0
    failed: bool = False
    doing: str = ""
    heard: Callable[[str], None] | None = None
    _changed: Callable[["Phase"], None] = lambda _phase: None

    def update(self, doing: str) -> None:
        """Say what is being done just now; shown on a terminal, forgotten afterwards."""
        self.doing = doing
        self._changed(self)

    def hear(self, line: str) -> None:
        """A line that a tool has printed, without secrets: no person is shown it."""
        if self.heard is not None:
            self.heard(line)


class Message(Struct, frozen=True):
    """One line for the person: a notice or a warning, with what to do about it."""

    level: Literal["notice", "warning"]
    text: str
    hint: str | None = None


Event: TypeAlias = tuple[Literal["started", "changed", "finished"], Phase] | Message
Listener: TypeAlias = Callable[[Event], None]


def silent(_event: Event) -> None:
    """Listen to nothing."""


class Progress:
    """Collects phases and messages, and passes each on to one listener as it happens."""

    def __init__(self, listener: Listener = silent) -> None:
        self._listener = listener
        self.seconds: dict[str, float] = {}
        self.messages: list[Message] = []

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        """Time the block under `name`; a phase entered twice adds up."""
        phase = Phase(name, _changed=lambda phase: self._listener(("changed", phase)))
        started = perf_counter()
        self._listener(("started", phase))
        try:
            yield phase
        except BaseException:
            phase.failed = True
            raise
        finally:
            phase.seconds = perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + phase.seconds
            self._listener(("finished", phase))

    def notice(self, text: str, *, hint: str | None = None) -> None:
        self._say(Message("notice", text, hint))

    def warn(self, text: str, *, hint: str | None = None) -> None:
        self._say(Message("warning", text, hint))

    def _say(self, message: Message) -> None:
        self.messages.append(message)
        self._listener(message)

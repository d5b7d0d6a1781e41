"""Where a program runs. An executor is given a `Job` and brings back its `Exit`; `local` is this machine,
`container` a container on it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

Sink: TypeAlias = Callable[[Literal["stdout", "stderr"], bytes], None]


class Job(Struct, frozen=True, kw_only=True):
    """A shell command, where it runs and with what environment variables (all of them)."""

    run_id: str
    command: str
    directory: Path
    variables: Mapping[str, str]

    def __repr__(self) -> str:
        """Without the variables: they may be secrets."""
        return f"Job(run_id={self.run_id!r}, command={self.command!r}, directory={self.directory})"


class Exit(Struct, frozen=True, kw_only=True):
    """How a program ended.

    Attributes:
        code: as a shell gives it: 128 + signal for a program that a signal ended.
        signal: that signal.
        stopped_by: the signal that `stop` was called with, None when nobody did.
        trouble: what is known about why it ended like that, beside its code.
    """

    code: int
    signal: int | None = None
    stopped_by: int | None = None
    trouble: str | None = None


class Executor(Protocol):
    """Runs one job at a time."""

    def execute(self, job: Job, *, sink: Sink) -> Exit:
        """Run the job to its end; `sink` gets the output as it comes."""
        ...

    def stop(self, number: int) -> None:
        """Ask the job to end with this signal, a second time kill it. May be called from a signal handler."""
        ...

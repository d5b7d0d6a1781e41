"""What each kind of environment that lies in the cache tells of its making."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from msgspec import Struct

from runner.environments.model import Environment
from runner.progress import Phase


class Steps(Struct):
    """What is going on in a build: told to the person, and timed for the record, in seconds."""

    phase: Phase
    seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[None]:
        """A part of the build; `text` says it to the person."""
        self.phase.update(text)
        self.phase.hear(text)
        started = perf_counter()
        yield
        self.seconds[name] = round(perf_counter() - started, 3)


class Recipe(Protocol):
    """How one environment is made."""

    @property
    def inputs(self) -> Mapping[str, object]:
        """What decides the content, by name; JSON values. Equal inputs make equal environments."""
        ...

    def build(self, prefix: Path, steps: Steps, *, turn: int) -> Mapping[str, Any]:
        """Make it at its final path (an installed environment cannot be moved); what the marker keeps of it, as JSON values.

        Among that are `python`, the version (empty where there is none), and `packages`, pairs of name and version.
        `turn` is the descriptor of the lock under which we build: each program that is started for it inherits it.
        """
        ...

    def environment(self, prefix: Path, facts: Mapping[str, Any], *, reused: bool) -> Environment:
        """The environment as a run uses it."""
        ...

"""An item of the list that is gone through before a run is repeated. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class State(StrEnum):
    """Whether something is there."""

    OK = "ok"
    WARNING = "warning"  # it may make the results differ
    MISSING = "missing"  # without it there is nothing to run


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: `what` it is, what is to be `said` of it, and what to do."""

    what: str
    state: State = State.OK
    said: str = ""
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """All of them, and where on this machine the data of parameters was found."""

    checks: tuple[Check, ...] = ()
    inputs: Mapping[str, Path] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[Check, ...]:
        """What stands in the way."""
        return tuple(check for check in self.checks if check.state is State.MISSING)

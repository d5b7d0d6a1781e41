"""What is to be another in a run that is repeated: parts of its plan. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from runner.environments.model import Lock
from runner.sources.model import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Parts of a recorded run that are replaced; what is not named stays as it was.

    Attributes:
        parameters: name -> raw text, declared or not. Secrets are given here, too: a record does not hold them.
        dropped: parameters that are not given any more; the project's defaults stand in for them.
        entry_point: another one.
        source: other code.
        lock: other packages; "latest" resolves the environment anew.
        variables: environment variables to set; None unsets.
        inputs: parameter -> where its data is on this machine.
        seed: of the program, instead of the recorded one.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    entry_point: str | None = None
    source: Source | None = None
    lock: Lock | Literal["latest"] | None = None
    variables: Mapping[str, str | None] = field(default_factory=dict)
    inputs: Mapping[str, Path] = field(default_factory=dict)
    seed: int | None = None


UNCHANGED = Changes()

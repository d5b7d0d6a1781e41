"""What the token of a run reaches. Apart from scoped.py, which acts on it, because launching a run imports this."""

import threading
from dataclasses import dataclass, field

from msgspec import Struct

from runner.tracking.model import RunStatus


class RunScope(Struct, frozen=True):
    """The run, and the experiment that it began in; `explicit_experiment`: a person chose that one."""

    run_id: str
    experiment_id: str
    explicit_experiment: bool = False


@dataclass(slots=True)
class RunSession:
    """What the program of a run has done so far, across its requests."""

    scope: RunScope
    lock: threading.RLock = field(default_factory=threading.RLock)
    runs: list[str] = field(default_factory=list)  # created here
    experiments: set[str] = field(default_factory=set)  # created here
    models: set[str] = field(default_factory=set)  # registered models created here
    versions: set[tuple[str, int]] = field(default_factory=set)  # and versions, of these and of others
    told: tuple[RunStatus, int | None] | None = None  # the client's words about its run

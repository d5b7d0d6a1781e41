"""What the token of a run reaches. Apart from scoped.py, which acts on it, because launching a run imports this."""

import threading

from msgspec import Struct, field

from runner.tracking.model import RunStatus


class RunScope(Struct, frozen=True):
    """The run, and the experiment that it began in; `explicit_experiment`: a person chose that one."""

    run_id: str
    experiment_id: str
    explicit_experiment: bool = False


class RunSession(Struct):
    """What the program of a run has done so far, across its requests."""

    scope: RunScope
    lock: threading.RLock = field(default_factory=threading.RLock)
    runs: list[str] = []  # created here
    experiments: set[str] = set()  # created here
    models: set[str] = set()  # registered models created here
    versions: set[tuple[str, int]] = set()  # and versions, of these and of others
    told: tuple[RunStatus, int | None] | None = None  # the client's words about its run

"""What the token of a run reaches. Apart from scoped.py, which acts on it, because launching a run imports this."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunScope:
    """The run, and the experiment that it began in; `explicit_experiment`: a person chose that one."""

    run_id: str
    experiment_id: str
    explicit_experiment: bool = False

"""The states of runs in MLflow's words, of which there are fewer."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from runner.tracking.model import RunStatus

Word: TypeAlias = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]

TOLD: Mapping[RunStatus, Word] = {
    RunStatus.PENDING: "SCHEDULED",
    RunStatus.QUEUED: "SCHEDULED",
    RunStatus.PREPARING: "RUNNING",
    RunStatus.RUNNING: "RUNNING",
    RunStatus.FINISHED: "FINISHED",
    RunStatus.FAILED: "FAILED",
    RunStatus.KILLED: "KILLED",
    RunStatus.LOST: "FAILED",
}
# In the order of their numbers in MLflow's files, which begin with 1.
MEANT: Mapping[str, RunStatus] = {
    "RUNNING": RunStatus.RUNNING,
    "SCHEDULED": RunStatus.PENDING,
    "FINISHED": RunStatus.FINISHED,
    "FAILED": RunStatus.FAILED,
    "KILLED": RunStatus.KILLED,
}

"""Why a firing failed, and when it is tried again."""

import signal
from collections.abc import Mapping

from runner.errors import EnvironmentFailed, InputError, RunnerError, SourceError, TrackingError
from runner.tracking.model import Run
from runner.tracking.schedules import Failure, Firing, Retry

# What `runner run` ends with when it did not come to the program. Repositories, data and stores are elsewhere, as a rule.
CODES: Mapping[int, Failure] = {
    EnvironmentFailed.exit_code: Failure.ENVIRONMENT,
    InputError.exit_code: Failure.NETWORK,
    SourceError.exit_code: Failure.NETWORK,
    TrackingError.exit_code: Failure.NETWORK,
}
KILLED = {-signal.SIGKILL, 128 + signal.SIGKILL}


def failure(code: int, run: Run | None) -> Failure:
    """What an exit code of `runner run` means; the tags of the run say whether it is the program's."""
    tags = run.tags if run is not None else {}
    if "runner.exit_code" in tags:
        return Failure.OUT_OF_MEMORY if _out_of_memory(tags) else Failure.PROGRAM
    if code in KILLED:
        return Failure.OUT_OF_MEMORY
    return CODES.get(code, Failure.PROJECT)


def of_error(error: RunnerError) -> Failure:
    """The same for an error of ours."""
    return CODES.get(error.exit_code, Failure.PROJECT)


def again(retry: Retry, firing: Firing, why: Failure, now: int) -> int | None:
    """When the firing is tried again; None if it is not. Each pause is twice the one before."""
    if firing.attempt > retry.most or why.value not in retry.after:
        return None
    pause = min(retry.delay << min(firing.attempt - 1, 32), retry.longest)
    return now + pause * 1000


def _out_of_memory(tags: Mapping[str, str]) -> bool:
    """Said so by a container; or a kill that nobody has asked for, which as a rule is the system's for want of memory."""
    if tags.get("runner.trouble", "").startswith("out of memory"):
        return True
    return tags.get("runner.signal") == str(int(signal.SIGKILL))

"""From a plan to the same plan with its environment resolved."""

from msgspec.structs import replace

from runner import environments
from runner.environments.model import DOWNLOADED, Lock
from runner.environments.trouble import NoInterpreter
from runner.errors import EnvironmentFailed
from runner.launch import inside
from runner.launch.plan import PlannedLock
from runner.launch.planning import Planned, planned_environment
from runner.progress import Phase, Progress
from runner.project.model import CondaEnv
from runner.settings import Settings


def with_lock(
    planned: Planned, *, settings: Settings, progress: Progress, phase: Phase
) -> tuple[Planned, Lock | None]:
    """The same with its environment resolved: every package, with its hash.

    Where no interpreter of the wanted version can be had, conda has one still: then a conda file is taken as it is written.

    Raises:
        EnvironmentFailed: it cannot be resolved.
        RunnerError: the container of a run is to get what is not there.
    """
    if planned.contained and not planned.request.environment_only:
        inside.check(planned, settings)
    try:
        lock = _resolved(planned, settings=settings, phase=phase)
    except NoInterpreter as error:
        conda = _as_conda(planned, settings)
        if conda is None:
            raise
        progress.notice(f"{error.message}: {conda.file} is made a conda environment, which brings its own")
        planned = replace(
            planned,
            spec=conda,
            plan=replace(planned.plan, environment=planned_environment(conda, planned.request)),
        )
        lock = _resolved(planned, settings=settings, phase=phase)
    _tell_lock(lock, progress)
    return replace(planned, plan=planned.plan.locked(_planned_lock(lock))), lock


def _resolved(planned: Planned, *, settings: Settings, phase: Phase) -> Lock | None:
    repeated = planned.request.repeated
    if repeated is not None and repeated.lock is not None:
        return _fitting(repeated.lock, planned)
    return environments.resolve(
        planned.spec,
        directory=planned.checkout.path,
        settings=settings,
        phase=phase,
        wishes=planned.request.wishes,
    )


def _fitting(lock: Lock, planned: Planned) -> Lock:
    """A recorded lock, which other code than its own may not be able to take."""
    of_conda = lock.kind == "conda" and not isinstance(planned.spec, CondaEnv)
    if of_conda or (lock.kind == "image") != planned.contained:
        asks = planned.plan.environment.kind
        raise EnvironmentFailed(
            f"the recorded environment is a lock of kind {lock.kind}, and this code asks for an environment of kind {asks}",
            hint="`runner rerun --env latest` resolves the environment of other code anew",
        )
    return lock


def _as_conda(planned: Planned, settings: Settings) -> CondaEnv | None:
    """The conda file of which we wanted to make a virtual environment, where nothing speaks against taking it literally."""
    declared, request = planned.project.environment, planned.request
    if (request.env_manager or settings.env_manager) != "auto" or request.wishes.python:
        return None
    if not isinstance(declared, CondaEnv) or declared.simple is None or declared.simple.lock_file:
        return None
    return declared


def _tell_lock(lock: Lock | None, progress: Progress) -> None:
    if lock is None:
        return
    if lock.interpreter and lock.interpreter.origin == DOWNLOADED:
        progress.notice(f"Python {lock.interpreter.version} was installed: {lock.interpreter.path}")
    if lock.as_of:
        progress.notice(
            f"time-travelled: nothing that was published after {lock.as_of} is in the environment"
        )
    for text in lock.notices:
        progress.notice(text)


def _planned_lock(lock: Lock | None) -> PlannedLock | None:
    if lock is None:
        return None
    return PlannedLock(
        kind=lock.kind,
        digest=lock.digest,
        python=lock.python,
        packages=lock.packages,
        origin=lock.origin,
        pinned=lock.pinned,
        as_of=lock.as_of,
    )

"""From a declaration to a lock, for every kind of environment."""

from pathlib import Path
from typing import assert_never

from runner.environments.kinds import late
from runner.environments.model import NO_WISHES, Lock, Wishes
from runner.errors import EnvironmentFailed, UsageError
from runner.progress import Phase
from runner.project.model import CondaEnv, DockerEnv, EnvironmentSpec, PythonEnv, SystemEnv
from runner.settings import Settings


def resolve(
    spec: EnvironmentSpec, *, directory: Path, settings: Settings, phase: Phase, wishes: Wishes = NO_WISHES
) -> Lock | None:
    """Find the lock of an environment; None for the system's, which has none.

    Args:
        spec: what `choose` has made of the declaration.
        directory: of the project; nothing in it is changed.

    Raises:
        EnvironmentFailed: no such interpreter, requirements that contradict each other, or a lock is wanted and there
            is none.
    """
    at = {"directory": directory, "settings": settings, "phase": phase, "wishes": wishes}
    if wishes.image is not None and not isinstance(spec, DockerEnv):
        return _resolved("images.locking_inside", spec, **at)
    match spec:
        case SystemEnv():
            _refuse_for_callers(wishes)
            return None
        case PythonEnv():
            return _resolved("python.locking", spec, **at)
        case CondaEnv():
            return _resolved("conda.locking", spec, **at, platforms=wishes.platforms)
        case DockerEnv():
            if wishes.image is not None:
                raise UsageError(
                    f"the project names an image itself ({spec}): --in-image {wishes.image} contradicts it"
                )
            return _resolved("images.locking", spec, **at)
        case _:
            assert_never(spec)


def _refuse_for_callers(wishes: Wishes) -> None:
    asked = {"--locked": wishes.locked, "--relock": wishes.anew, "--as-of": wishes.as_of}
    for option in (name for name, wish in asked.items() if wish):
        raise EnvironmentFailed(
            f"the program runs in the caller's environment, for which there is no lock: {option} cannot be met",
            hint="declare an environment (a python_env.yaml or requirements.txt), and leave --env-manager local out",
        )


def _resolved(module: str, spec: EnvironmentSpec, **at: object) -> Lock:
    lock: Lock = late(module, "resolve")(spec, **at)
    return lock

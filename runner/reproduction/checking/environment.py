"""The environment of a recorded run: its lock, an interpreter of that version, and all that the lock lists."""

import platform
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from runner.environments import building, cache
from runner.environments.model import Lock
from runner.environments.observing import observe
from runner.environments.trouble import NoInterpreter
from runner.errors import EnvironmentFailed, RunnerError
from runner.files import sha256
from runner.launch import inside
from runner.launch.planning import Planned
from runner.progress import Phase
from runner.project.model import DockerEnv
from runner.records import Recorded
from runner.reproduction.changes import Changes
from runner.reproduction.checking import files as listed
from runner.reproduction.checking import images
from runner.reproduction.checking.model import Check, State
from runner.settings import Settings


def checked(
    recorded: Recorded,
    changes: Changes,
    planned: Planned,
    *,
    settings: Settings,
    phase: Phase,
    files: bool,
) -> list[Check]:
    """Whether the environment can be made as it was."""
    found = _of_environment(recorded, changes, planned, settings=settings, phase=phase, files=files)
    return [*found, *(_container(planned, settings) if planned.contained else ())]


def _container(planned: Planned, settings: Settings) -> Iterator[Check]:
    """What a container is to get of this machine: variables, volumes, rights."""
    volumes = planned.spec.volumes if isinstance(planned.spec, DockerEnv) else ()
    if given := (*planned.plan.environment.docker_args, *(f"volume={volume}" for volume in volumes)):
        yield Check(what="container", said=f"with {', '.join(given)}")
    try:
        inside.check(planned, settings)
    except RunnerError as error:
        yield Check(what="container", state=State.MISSING, said=str(error), hint=error.hint)


def _of_environment(
    recorded: Recorded,
    changes: Changes,
    planned: Planned,
    *,
    settings: Settings,
    phase: Phase,
    files: bool,
) -> list[Check]:
    lock = changes.lock if isinstance(changes.lock, Lock) else recorded.lock
    if recorded.plan.environment.kind == "system":
        return [_callers(recorded, planned, settings)]
    if lock is None or changes.lock == "latest":
        return _unlocked(recorded, changes)
    found = _lock(recorded, lock)
    if found.state is State.MISSING:
        return [found]
    if lock.kind == "image":
        return [found, *(images.checked(lock, settings=settings, phase=phase) if files else ())]
    return [found, *_made(lock, planned, settings=settings, phase=phase, files=files)]


def without_code(recorded: Recorded, changes: Changes) -> list[Check]:
    """What can be said where there is no tree to make it for."""
    if recorded.plan.environment.kind == "system":
        return []
    if recorded.lock is None or changes.lock == "latest":
        return _unlocked(recorded, changes)
    return [_lock(recorded, recorded.lock)]


def _unlocked(recorded: Recorded, changes: Changes) -> list[Check]:
    planned = recorded.plan.environment.lock
    if changes.lock == "latest":
        return [Check(what="lock", said="resolved anew, as asked for")]
    if planned is not None:
        return [
            Check(
                what="lock",
                state=State.MISSING,
                said=f"the lock ({planned.digest}) is not among the artifacts of the run",
                hint="bring the file back, or take the newest packages: runner rerun RUN --env latest",
            )
        ]
    if recorded.concluded:
        return []  # said already
    return [
        Check(what="lock", state=State.WARNING, said="the run came to no lock: packages are resolved anew")
    ]


def _callers(recorded: Recorded, planned: Planned, settings: Settings) -> Check:
    """The caller's environment is not made but found, and may be another one by now."""
    then = recorded.facts("environment", "observed").get("digest")
    now = observe(settings.environ, planned.checkout.path)
    if then is None:
        return Check(what="environment", said="the caller's, as it is")
    if now is not None and f"sha256:{sha256(now.text)}" == then:
        return Check(what="environment", said="the caller's, with the same packages")
    return Check(
        what="environment",
        state=State.WARNING,
        said="the run had the caller's environment, and the packages of this one are others",
        hint="declare an environment in the project, so that it is locked and made again",
    )


def _lock(recorded: Recorded, lock: Lock) -> Check:
    """The lock itself: for machines of this kind?"""
    if trouble := _other_platform(recorded, lock):
        return Check(
            what="lock",
            state=State.MISSING,
            said=trouble,
            hint="repeat it on such a machine, or with packages for this one: runner rerun RUN --env latest",
        )
    count = f"{lock.packages} package{'' if lock.packages == 1 else 's'}"
    said = f"{lock.kind}, {lock.digest[:19]}" + (
        f", {count}" if lock.packages or lock.kind != "image" else ""
    )
    if not lock.pinned:
        return Check(
            what="lock",
            state=State.WARNING,
            said=f"{said}; not all of it is fixed by a hash: it may be something else by now",
        )
    return Check(what="lock", said=said)


def _other_platform(recorded: Recorded, lock: Lock) -> str | None:
    """Python packages were chosen for one system and processor; conda locks and images say theirs themselves."""
    then = recorded.facts("machine")
    if lock.kind == "conda":
        return listed.other_platform(lock)
    if lock.kind == "image" or not then.get("system"):
        return None
    there = f"{then['system']} {then.get('architecture', '')}".strip()
    here = f"{platform.system()} {platform.machine()}"
    return None if there == here else f"the lock was made for {there}, and this is {here}"


def _made(lock: Lock, planned: Planned, *, settings: Settings, phase: Phase, files: bool) -> Iterable[Check]:
    """Whether it is in the cache, and if not, whether it can be built."""
    phase.update("looking for the environment")
    here = replace(settings, offline=True)  # an interpreter is not installed before somebody needs it
    try:
        recipe = building.recipe(
            planned.spec, lock, directory=planned.checkout.path, settings=here, phase=phase
        )
    except NoInterpreter:
        yield _no_interpreter(lock, settings)
    except EnvironmentFailed as error:
        yield Check(what="environment", state=State.MISSING, said=str(error), hint=error.hint)
        return
    else:
        if cache.facts(cache.environments(settings) / building.key_of(recipe)):
            yield Check(what="environment", said="in the cache, whole")
            return
        if lock.python:
            yield Check(what="interpreter", said=f"Python {lock.python}")
    if files:
        yield listed.packages(lock, settings=settings, phase=phase)


def _no_interpreter(lock: Lock, settings: Settings) -> Check:
    """The lock is for that version and no other."""
    said = f"Python {lock.python} is not on this machine"
    hint = f"install it: uv python install {lock.python}, or pyenv install {lock.python}"
    if settings.offline:
        return Check(what="interpreter", state=State.MISSING, said=said, hint=hint)
    said += ": it will be downloaded, if it can be had"
    return Check(what="interpreter", state=State.WARNING, said=said, hint=hint)

"""A recorded run, launched once more: in a fresh tree, with its own lock, or with parts of it changed.

Recorded + Changes ─► requested: a Request with what was recorded ─► launch ─► Recorded of the new run
"""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

from msgspec.structs import replace

from runner import launch
from runner.environments.model import Lock, Wishes
from runner.errors import Interrupted, TrackingError
from runner.launch.machine import RECORDED_VARIABLES
from runner.launch.masking import MASK
from runner.launch.plan import Plan
from runner.launch.planning import Repeated, Request
from runner.progress import Progress
from runner.records import Recorded, reading
from runner.records.code import code_of
from runner.reproduction.changes import UNCHANGED, Changes
from runner.settings import Settings
from runner.tracking import open_store
from runner.tracking.model import Lifecycle, RunStatus

REPRODUCES = "runner.reproduces"  # tag of a new run: the id of the run that it repeats
# Which devices a program may see is said by the machine; there may be fewer here.
OF_MACHINE = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
OF_SEED = ("RUNNER_SEED", "PYTHONHASHSEED")


@contextmanager
def again(
    recorded: Recorded,
    changes: Changes = UNCHANGED,
    *,
    settings: Settings,
    progress: Progress,
    spectator: launch.Spectator,
    serve: launch.Serve,
    experiment_name: str | None = None,
    run_name: str | None = None,
    tags: Mapping[str, str] = {},
    ended: Callable[[launch.Result], object] = lambda _result: None,
) -> Iterator[Recorded]:
    """Launch it once more; the new run as it was recorded, good for as long as the block.

    Args:
        recorded: the run that is repeated.
        changes: what is to be another.
        experiment_name: where to record; None for the experiment of that name if it is here too, or else the default.
        tags: of the new run, beside the one that names the run which it repeats.
        ended: told how it went.

    Raises:
        Interrupted: a signal ended the program.
        RunnerError: it did not come to a program that ran.
    """
    there = as_then(recorded, changes, settings)
    with requested(recorded, changes) as request:
        result = launch.run(
            replace(
                request,
                experiment_name=experiment_name or experiment_here(recorded, settings),
                run_name=run_name,
                tags={REPRODUCES: recorded.run.id, **tags},
            ),
            settings=there,
            progress=progress,
            spectator=spectator,
            serve=serve,
        )
    ended(result)
    if result.status is RunStatus.KILLED:
        raise Interrupted(int(result.run.tags.get("runner.signal", signal.SIGINT)))
    with closing(open_store(settings)) as store:
        yield reading.read(store, result.run.id, settings=settings, progress=progress)


@contextmanager
def requested(recorded: Recorded, changes: Changes = UNCHANGED) -> Iterator[Request]:
    """The request that `launch` takes for it; where it is recorded is not in it."""
    plan = recorded.plan
    with code_of(recorded) as source:
        yield Request(
            uri=plan.source.uri,
            entry_point=changes.entry_point or plan.entry_point,
            parameters=_parameters(plan, changes),
            env_manager=_manager(plan),
            wishes=_wishes(recorded, changes),
            docker_args=plan.environment.docker_args,
            build_image=plan.environment.build_image,
            check=bool(changes.parameters.keys() - set(plan.secrets)),
            seed=plan.seed if changes.seed is None else changes.seed,
            repeated=Repeated(
                source=changes.source or source,
                planned=None if changes.source else plan.source,
                lock=_lock(recorded, changes),
                variables=_variables(recorded, changes),
                inputs=changes.inputs,
            ),
        )


def as_then(recorded: Recorded, changes: Changes, settings: Settings) -> Settings:
    """The settings with an environment that says of numbers and their libraries what it said then, and nothing else.

    Git and other tools of ours see that environment, too: no other variable that somebody has recorded may get into it.
    """
    ours = set(RECORDED_VARIABLES) - set(OF_MACHINE) if "variables" in recorded.record else set[str]()
    unset = ours | {name for name, value in changes.variables.items() if value is None}
    kept = {name: value for name, value in settings.environ.items() if name not in unset}
    then = {name: value for name, value in _variables(recorded, changes).items() if name in ours}
    return replace(settings, environ=kept | then)


def _parameters(plan: Plan, changes: Changes) -> dict[str, str]:
    given = {**plan.parameters, **plan.extra_parameters, **changes.parameters}
    return {name: text for name, text in given.items() if name not in changes.dropped}


def _manager(plan: Plan) -> str:
    """The manager that makes an environment of the kind which the run had, whatever the project's file might give today."""
    match plan.environment.kind:
        case "system":
            return "local"
        case "conda":
            return "conda"
        case _:
            return plan.environment.manager


def _wishes(recorded: Recorded, changes: Changes) -> Wishes:
    image = recorded.plan.environment.image
    if changes.lock == "latest":
        return Wishes(image=image, anew=True)
    unlocked = changes.lock is None and recorded.lock is None
    return Wishes(image=image, as_of=recorded.as_of if unlocked else None)


def _lock(recorded: Recorded, changes: Changes) -> Lock | None:
    match changes.lock:
        case None:
            return recorded.lock
        case Lock():
            return changes.lock
        case _:
            return None


def _variables(recorded: Recorded, changes: Changes) -> dict[str, str]:
    """The recorded variables with the changes; those that a seed decides, or that hide a secret, are not kept."""
    left = {*OF_MACHINE, *(OF_SEED if changes.seed is not None else ())}
    then = recorded.facts("variables").items()
    kept = {name: value for name, value in then if name not in left and MASK not in str(value)}
    changed = {**kept, **changes.variables}
    return {name: value for name, value in changed.items() if isinstance(value, str)}


def experiment_here(recorded: Recorded, settings: Settings) -> str | None:
    """The name of its experiment, if there is one of that name here as well; None leaves it to the settings."""
    if recorded.experiment is None or settings.experiment_id or settings.experiment_name:
        return None
    with closing(open_store(settings)) as store:
        try:
            found = store.experiment_named(recorded.experiment)
        except TrackingError:
            return None
    return found.name if found.lifecycle is Lifecycle.ACTIVE else None

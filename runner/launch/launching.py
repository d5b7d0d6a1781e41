"""From a plan to a run: record, lock, prepare, execute, collect."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from importlib import import_module
from typing import Any, Literal, Protocol, Self

from msgspec import Struct, structs

from runner import environments, project
from runner.environments.model import Environment
from runner.environments.observing import observe
from runner.errors import Interrupted, RunnerError
from runner.executors import Exit, Job
from runner.executors.local import LocalExecutor
from runner.launch import dependencies, inside, results, reusing
from runner.launch.inputs import Inputs, gathered
from runner.launch.masking import masked
from runner.launch.placed import OutOfReach, Placed, Reach
from runner.launch.planning import Planned, Request, plan
from runner.launch.recording import Recording, recording
from runner.launch.resolving import with_lock
from runner.launch.reusing import Ready
from runner.launch.sending import sent
from runner.launch.stopping import Effect, Stopped, Stopping, on_signals
from runner.progress import Phase, Progress
from runner.settings import Settings
from runner.tracking import OpenStore, Store, open_store
from runner.tracking.model import Run, RunStatus


class Result(Struct, frozen=True, kw_only=True):
    """How a run went: the run as it is stored now, the program's exit code, and how long it took in seconds.

    `reused`: it is an earlier run, taken instead of running again.
    """

    run: Run
    status: RunStatus
    code: int
    seconds: float
    reused: bool = False


class Spectator(Protocol):
    """Who watches."""

    def created(self, run: Run) -> None:
        """There is a run now."""
        ...

    def echo(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        """A piece of the program's output; called from several threads."""
        ...

    def stopping(self, effect: Effect) -> None:
        """A signal arrived, and this is what it does. Must not fail."""
        ...


class Endpoint(Protocol):
    """Where the program's `mlflow` client finds us, for as long as the context lasts."""

    @property
    def left_running(self) -> Sequence[str]:
        """Runs which the program began there and did not end; known after the context."""
        ...

    @property
    def trouble(self) -> Exception | None:
        """Why it did not serve; known after the context."""
        ...

    def variables(self, inherited: Mapping[str, str]) -> Mapping[str, str]:
        """What the program needs in its environment, in addition to what it inherits."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: Any) -> None: ...


class Serve(Protocol):
    """Opens an endpoint for the program of a run. `chosen`: the person named the experiment; `reach`: how a container gets to us."""

    def __call__(self, store: OpenStore, run: Run, *, chosen: bool, reach: Reach | None) -> Endpoint: ...


def run(
    request: Request, *, settings: Settings, progress: Progress, spectator: Spectator, serve: Serve
) -> Result:
    """Plan and launch: `runner run`.

    Raises:
        RunnerError: it did not come to a program that ran. A run that was created is FAILED or KILLED then.
    """
    stopping = Stopping(spectator.stopping)
    try:
        with (
            on_signals(stopping),
            plan(request, settings=settings, progress=progress) as planned,
            closing(open_store(settings)) as store,
            sent(store, settings=settings, progress=progress, hurried=lambda: stopping.hurried),
        ):
            ready = None
            if reusing.wanted(planned.request, settings):
                found = reusing.look(planned, store=store, settings=settings, progress=progress)
                if isinstance(found, Run):
                    return _taken(found)
                ready = found
            return launch(
                planned,
                store=store,
                settings=settings,
                progress=progress,
                spectator=spectator,
                serve=serve,
                stopping=stopping,
                ready=ready,
            )
    except Stopped as stopped:
        raise Interrupted(stopped.number) from None


def _taken(run: Run) -> Result:
    seconds = ((run.ended or 0) - (run.started or 0)) / 1000
    return Result(run=run, status=run.status, code=0, seconds=seconds, reused=True)


def launch(
    planned: Planned,
    *,
    store: OpenStore,
    settings: Settings,
    progress: Progress,
    spectator: Spectator,
    serve: Serve,
    stopping: Stopping,
    ready: Ready | None = None,
) -> Result:
    """Execute the plan as a tracked run; `ready` is what is resolved of it already."""
    with ExitStack() as last, recording(planned, store=store, settings=settings, progress=progress) as going:
        spectator.created(going.run)
        planned, environment = _prepare(going, planned, ready, settings=settings, progress=progress)
        planned, inputs = _fed(going, planned, environment, ready, settings=settings, progress=progress)
        placed = _placed(going, planned, environment, inputs=inputs.paths, settings=settings, last=last)
        going.record["variables"] = inside.recorded(planned, placed.job.variables)
        directory = placed.job.directory
        before = results.stamps(directory, planned.plan.metrics + planned.plan.outputs)
        going.running(environment, project.render(planned.entry_point, planned.bound))
        with progress.phase("run") as phase:
            exit_ = _execute(placed, going, planned, spectator=spectator, serve=serve, stopping=stopping)
            phase.summary = going.status.value.lower()
        with progress.phase("results"):
            going.results(directory, plan=planned.plan, before=before, hurried=lambda: stopping.hurried)
    return Result(run=_stored(store, going.run), status=going.status, code=exit_.code, seconds=phase.seconds)


def _fed(
    going: Recording,
    planned: Planned,
    environment: Environment,
    ready: Ready | None,
    *,
    settings: Settings,
    progress: Progress,
) -> tuple[Planned, Inputs]:
    """The plan with what its inputs are; now all is known that decides the result."""
    inputs = ready.inputs if ready else gathered(planned, settings=settings, progress=progress)
    planned = reusing.given(planned, inputs)
    identity = reusing.identity(planned, inputs, environment.observed, settings=settings)
    going.given(planned.plan, inputs, identity=identity)
    return planned, inputs


def _stored(store: Store, run: Run) -> Run:
    """The run with all that was recorded meanwhile, also by the program itself."""
    try:
        return store.run(run.id)
    except RunnerError:
        return run


def _prepare(
    going: Recording, planned: Planned, ready: Ready | None, *, settings: Settings, progress: Progress
) -> tuple[Planned, Environment]:
    going.planned(planned.plan, None)  # first without: a resolution that fails leaves the plan behind
    with _owned(going, planned, settings=settings), progress.phase("environment") as phase:
        if ready is not None:
            resolved, lock = ready.planned, ready.lock
        else:
            resolved, lock = with_lock(planned, settings=settings, progress=progress, phase=phase)
        if lock is not None:
            going.planned(resolved.plan, lock)
            going.packages = dependencies.of_lock(lock, cache=settings.cache)
        directory = planned.checkout.path
        environment = environments.prepare(
            resolved.spec, lock, directory=directory, settings=settings, phase=phase
        )
        if planned.contained and planned.request.build_image:
            environment = _baked(environment, planned, settings=settings, phase=phase)
    if lock is None:
        environment = structs.replace(environment, observed=observe(settings.environ, directory))
    return resolved, environment


def _owned(going: Recording, planned: Planned, *, settings: Settings) -> AbstractContextManager[None]:
    """Containers in which an image is made bear the name of this process, too."""
    if not planned.contained:
        return nullcontext()
    owned: AbstractContextManager[None] = import_module("runner.launch.contained").owned(going, settings)
    return owned


def _baked(environment: Environment, planned: Planned, *, settings: Settings, phase: Phase) -> Environment:
    """The environment with the project's code in its image."""
    baked: Environment = import_module("runner.environments.images.baking").bake(
        environment,
        planned.checkout.path,
        name=planned.project.name,
        commit=planned.checkout.commit,
        settings=settings,
        phase=phase,
        owner=planned.arguments.user or f"{os.getuid()}:{os.getgid()}",
    )
    return baked


def _placed(
    going: Recording,
    planned: Planned,
    environment: Environment,
    *,
    inputs: Mapping[str, str],
    settings: Settings,
    last: ExitStack,
) -> Placed:
    if environment.image is not None:
        # late: most runs need no container
        placed: Placed = import_module("runner.launch.contained").placed(
            going, planned, environment, inputs=inputs, settings=settings, last=last
        )
        return placed
    job = Job(
        run_id=going.run.id,
        command=project.render(planned.entry_point, planned.bound, replaced=inputs),
        directory=planned.checkout.path,
        variables=inside.variables(
            going.run, planned, environment, tracking_uri=going.store.uri, settings=settings
        )
        | project.secret_variables(planned.entry_point, planned.bound),
    )
    return Placed(job=job, executor=LocalExecutor())


def _execute(
    placed: Placed,
    going: Recording,
    planned: Planned,
    *,
    spectator: Spectator,
    serve: Serve,
    stopping: Stopping,
) -> Exit:
    """The program from its start to its end, with our endpoint beside it."""

    def sink(stream: Literal["stdout", "stderr"], data: bytes) -> None:
        going.log.write(stream, data)
        spectator.echo(stream, data)

    chosen = planned.request.experiment_id is not None or planned.request.experiment_name is not None
    # a server moves no run: there it stays where it began, whatever experiment the program asks for
    endpoint = (
        serve(going.store, going.run, chosen=chosen or going.store.remote, reach=placed.reach)
        if placed.served
        else OutOfReach()
    )
    job, executor = placed.job, placed.executor
    with stopping.passed_to(executor.stop), endpoint, masked(sink, inside.secrets(job.variables)) as clean:
        variables = {**job.variables, **_served(endpoint, job, going.store)}
        exit_ = executor.execute(structs.replace(job, variables=variables), sink=clean)
    if endpoint.trouble is not None:
        going.progress.warn(f"the program could not be served its tracking endpoint: {endpoint.trouble}")
    going.ended(exit_, left_running=endpoint.left_running)
    return exit_


def _served(endpoint: Endpoint, job: Job, store: OpenStore) -> Mapping[str, str]:
    """Variables of the endpoint. Runs inside the run go the same way to a server, for they do not get our credentials."""
    variables = endpoint.variables(job.variables)
    if store.remote and variables:
        return {**variables, "RUNNER_TRACKING_URI": variables["MLFLOW_TRACKING_URI"]}
    return variables

"""A run in a container: what it sees of this machine, by which names, and how it reaches us.

/mlflow/projects/code       the project, to be written; its working directory
/mlflow/inputs/NAME/...     the input of each `path` parameter, only to be read
/mlflow/home                HOME, gone with the container
volumes                     as the project and the person say

Of our environment variables only those enter that the project or the person names.
"""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from urllib.parse import unquote

from msgspec import structs

from runner import project
from runner.containers import layers, network, owners
from runner.containers.creating import CODE, INPUTS, Setup
from runner.containers.engine import connect
from runner.containers.network import Reach
from runner.environments.model import Environment
from runner.errors import RunnerError
from runner.executors import Job
from runner.executors.container import ContainerExecutor
from runner.launch import orphans
from runner.launch.inside import in_container, named_variables, volumes
from runner.launch.placed import Placed
from runner.launch.planning import Planned
from runner.launch.recording import Recording
from runner.process.child import patience
from runner.process.guard import CHAIN
from runner.settings import Settings

UNSAFE = re.compile(r"[^\w-]")  # in the name of a parameter


def owned(going: Recording, settings: Settings) -> AbstractContextManager[None]:
    """Containers in which an image is made in the block are marked as those of this run and process."""
    return layers.owned(owners.labels(going.run.id, orphans.owner(settings)))


def placed(
    going: Recording,
    planned: Planned,
    environment: Environment,
    *,
    inputs: Mapping[str, str],
    settings: Settings,
    last: ExitStack,
) -> Placed:
    """The job and its executor; orphans of earlier runs are removed first. `last` is closed when the run is recorded.

    Raises:
        EnvironmentFailed: there is no engine any more.
    """
    engine = last.enter_context(connect(settings.environ))
    owners.reap(engine, orphans.gone)
    reach = network.reach(engine, planned.arguments)
    if isinstance(reach, str):
        going.progress.warn(
            f"the program cannot reach its tracking endpoint: {reach}",
            hint="it runs all the same; what it prints, and its metrics and output files are recorded",
        )
    places = _places(planned, inputs)
    reached = not isinstance(reach, str)
    job = _job(going, planned, environment, places, reached=reached, settings=settings)
    # beneath all others: what is reached without a proxy is added to them, see `Endpoint.variables`
    job = structs.replace(job, variables={**engine.proxies, **job.variables})
    return Placed(
        job=job,
        executor=ContainerExecutor(
            engine,
            _setup(going, planned, environment, places, reach, settings=settings),
            patience=patience(
                depth=settings.environ[CHAIN].count(":") + 1 if CHAIN in settings.environ else 0
            ),
            notice=going.progress.notice,
            last=last,
        ),
        reach=None if isinstance(reach, str) else reach,
        served=reached,
    )


def _job(
    going: Recording,
    planned: Planned,
    environment: Environment,
    places: Mapping[str, tuple[Path, str]],
    *,
    reached: bool,
    settings: Settings,
) -> Job:
    named = named_variables(planned, settings)
    # a client that is told of a run, and not where that is, would look for it in vain, and fail
    kept_back = (
        set() if reached or "MLFLOW_TRACKING_URI" in named else {"MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"}
    )
    variables = in_container(going.run, planned, environment, named=named)
    return Job(
        run_id=going.run.id,
        command=project.render(
            planned.entry_point, planned.bound, replaced={name: there for name, (_, there) in places.items()}
        ),
        # where there is nothing mounted, what it writes is brought out of the container
        directory=going.live / "written" if planned.request.build_image else planned.checkout.path,
        variables={name: text for name, text in variables.items() if name not in kept_back}
        | project.secret_variables(planned.entry_point, planned.bound),
    )


def _setup(
    going: Recording,
    planned: Planned,
    environment: Environment,
    places: Mapping[str, tuple[Path, str]],
    reach: Reach | str,
    *,
    settings: Settings,
) -> Setup:
    assert environment.image is not None
    directory = planned.checkout.path.absolute()
    mounts = {} if planned.request.build_image else {CODE: directory}
    outside = {there: here for here, there in places.values() if there.startswith(f"{INPUTS}/")}
    return Setup(
        image=environment.image,
        owner=orphans.owner(settings),
        mounts=mounts | _kept_elsewhere(going, settings),
        inputs=outside,
        volumes=volumes(planned, settings, make=True),
        options=planned.arguments.options,
        hosts={} if isinstance(reach, str) else reach.hosts,
        path=environment.path_entries,
        brought_out=planned.plan.metrics + planned.plan.outputs if planned.request.build_image else (),
    )


def _places(planned: Planned, inputs: Mapping[str, str]) -> dict[str, tuple[Path, str]]:
    """Where each input is here, and there."""
    directory = planned.checkout.path.absolute()
    return {name: _place(name, Path(text), directory) for name, text in inputs.items()}


def _place(name: str, path: Path, directory: Path) -> tuple[Path, str]:
    """What lies in the project is seen in the project, unless a link in it leads out of it."""
    real, top = path.resolve(), directory.resolve()
    if not real.is_relative_to(top):
        return real, f"{INPUTS}/{UNSAFE.sub('_', name)}/{path.name}"
    as_given = path.is_relative_to(directory) and ".." not in path.parts
    relative = path.relative_to(directory) if as_given else real.relative_to(top)
    return top, f"{CODE}/{relative.as_posix()}".removesuffix("/.")


def _kept_elsewhere(going: Recording, settings: Settings) -> dict[str, Path]:
    """The artifacts of an experiment in a directory of its own: they do not go through our endpoint, so it is mounted."""
    uri = going.run.artifact_uri
    if not uri.startswith("file:///") or uri.startswith(f"{settings.artifact_root}/"):
        return {}
    place = Path(unquote(uri.removeprefix("file://")))
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunnerError(f"the artifacts of the run cannot be kept in {place}: {error.strerror}") from error
    return {str(place): place}

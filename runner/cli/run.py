"""`runner run`: the main job."""

import sys
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from runner import launch
from runner.cli import Context, tracking_uri
from runner.cli.locked import described
from runner.cli.output import print_json
from runner.cli.terminal import Terminal
from runner.environments import MANAGERS, Wishes
from runner.environments.model import Lock
from runner.errors import RunnerError, UsageError
from runner.launch.placed import Reach
from runner.progress import Progress
from runner.project.recorded import LARGEST_SEED
from runner.server.access.scope import RunScope
from runner.server.loopback import Address, ArtifactAccess, Loopback
from runner.settings import Settings
from runner.tracking import OpenStore
from runner.tracking.model import Run


@click.command
@click.argument("uri", default=".")
@click.option(
    "-e",
    "--entry-point",
    default="main",
    show_default=True,
    metavar="NAME",
    help="Entry point, or a script in the project.",
)
@click.option("-v", "--version", metavar="REF", help="Branch, tag or commit of a Git project.")
@click.option(
    "-P",
    "--param-list",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter; repeat for more.",
)
@click.option(
    "--param-from-env",
    "from_environment",
    multiple=True,
    metavar="NAME=VARIABLE",
    help="A parameter whose value is in an environment variable, for secrets; repeat for more.",
)
@click.option("--experiment-name", metavar="NAME", help="Experiment to record in; created when missing.")
@click.option("--experiment-id", metavar="ID", help="Experiment to record in.")
@tracking_uri
@click.option("--run-name", metavar="NAME", help="Name of the run; a speakable one is made up otherwise.")
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="A tag to record; repeat for more.")
@click.option(
    "--env-manager",
    type=click.Choice(MANAGERS),
    help="Environment: as the project says (auto), the caller's (local), or virtualenv.",
)
@click.option("--python", metavar="VERSION", help="Python version, instead of the project's.")
@click.option("--locked", is_flag=True, help="Do not resolve: the project ships a lock, or the run fails.")
@click.option("--relock", is_flag=True, help="Resolve the environment anew, whatever lock there is.")
@click.option(
    "--as-of",
    metavar="DATE|commit",
    help="Resolve as on that day (2024-03-01), or as on the day of the commit: newer packages do not exist.",
)
@click.option(
    "--solver",
    type=click.Choice(["rattler", "conda-lock"]),
    default="rattler",
    show_default=True,
    help="Who solves conda environments: we, or the conda, mamba or micromamba of this machine.",
)
@click.option(
    "--in-image", metavar="IMAGE", help="Make the environment inside of this container image, and run there."
)
@click.option(
    "-A",
    "--docker-args",
    "docker_args",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="An option of `docker run` for a project in a container; repeat for more.",
)
@click.option(
    "--build-image", is_flag=True, help="Build the project's code into the image, instead of mounting it."
)
@click.option("--strict", is_flag=True, help="Refuse parameters that the entry point does not declare.")
@click.option("--no-check", is_flag=True, help="Do not check types, choices and bounds of parameters.")
@click.option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    metavar="NUMBER",
    help="Seed for the program's random numbers (RUNNER_SEED), instead of the project's.",
)
@click.option("--no-digests", is_flag=True, help="Do not read the inputs, so their digests are not recorded.")
@click.option(
    "--reuse",
    is_flag=True,
    help="Take a finished run that did the same, if there is one, instead of running.",
)
@click.option("--keep", is_flag=True, help="Keep the fresh tree of a Git or zip project.")
@click.option("--dry-run", is_flag=True, help="Print the plan and do nothing.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the plan or the result as JSON; the program's output goes to stderr.",
)
@click.option("-q", "--quiet", is_flag=True, help="Only the program's output, warnings and errors.")
@click.option(
    "-b", "--backend", type=click.Choice(["local"]), default="local", show_default=True, help="Where to run."
)
@click.option("--announce", type=click.Path(path_type=Path), hidden=True)
@click.pass_obj
def command(
    context: Context, /, *, dry_run: bool, as_json: bool, quiet: bool, announce: Path | None, **options: Any
) -> None:
    """Run an entry point of the project at URI, in its environment, and record it.

    URI is a directory, a Git URL or a zip file, with #SUBDIRECTORY where the project is not at the top; or a bundle, whose
    run is executed once more. The exit code is the program's.
    """
    terminal = Terminal(quiet=quiet, output=2 if as_json else 1, announce=announce)
    progress = Progress(terminal)
    try:
        with _asked_for(
            _request(environ=context.settings.environ, **options), context.settings, progress
        ) as (request, settings):
            if dry_run:
                _print_plan(request, settings, progress, as_json=as_json)
                return
            result = launch.run(
                request,
                settings=settings,
                progress=progress,
                spectator=terminal,
                serve=partial(serve, settings),
            )
    except RunnerError as error:
        terminal.failed(error)
        raise
    terminal.ended(result)
    if as_json:
        print_json(_result(result))
    sys.exit(result.code)


def serve(
    settings: Settings, store: OpenStore, run: Run, *, chosen: bool, reach: Reach | None = None
) -> Loopback:
    """The endpoint for the run's program: launch and server do not know each other, they meet here."""
    scope = RunScope(run.id, run.experiment_id, explicit_experiment=chosen)
    server = store.server_artifacts()
    if server is not None:
        artifacts = ArtifactAccess(server=server)
    elif reach is not None:
        artifacts = ArtifactAccess(through_us=settings.artifact_root)
    else:  # the program is here and may write wherever its user may
        artifacts = ArtifactAccess(offered="file://")
    address = Address(reach.listen, reach.name) if reach is not None else Address()
    return Loopback.open(lambda: store, scope, user=run.user, artifacts=artifacts, address=address)


def _asked_for(
    request: launch.Request, settings: Settings, progress: Progress
) -> AbstractContextManager[tuple[launch.Request, Settings]]:
    """The request itself; or where it names a bundle, that of the run in it."""
    if not request.uri.endswith(".zip"):
        return nullcontext((request, settings))
    # zip files and what is in them are for few runs
    asked_for = import_module("runner.cli.bundled").asked_for
    meant: AbstractContextManager[tuple[launch.Request, Settings]] = asked_for(request, settings, progress)
    return meant


def _request(
    *,
    uri: str,
    parameters: Iterable[str],
    from_environment: Iterable[str],
    environ: Mapping[str, str],
    tags: Iterable[str],
    experiment_name: str | None,
    experiment_id: str | None,
    backend: str,  # noqa: ARG001 - there is only one
    docker_args: Iterable[str],
    no_check: bool,
    no_digests: bool,
    **options: Any,
) -> launch.Request:
    names = (
        "entry_point",
        "version",
        "run_name",
        "env_manager",
        "build_image",
        "strict",
        "keep",
        "seed",
        "reuse",
    )
    return launch.Request(
        uri=uri,
        parameters=_values(pairs(parameters, option="-P"), from_environment, environ),
        tags=pairs(tags, option="--tag"),
        experiment_name=experiment_name,
        experiment_id=experiment_id,
        check=not no_check,
        digests=not no_digests,
        docker_args=tuple(docker_args),
        wishes=Wishes(
            python=options["python"],
            anew=options["relock"],
            locked=options["locked"],
            as_of=options["as_of"],
            image=options["in_image"],
            solver=options["solver"],
        ),
        **{name: options[name] for name in names},
    )


def _values(
    given: Mapping[str, str], from_environment: Iterable[str], environ: Mapping[str, str]
) -> dict[str, str]:
    """All parameters, also those that environment variables have."""
    values = dict(given)
    for name, variable in pairs(from_environment, option="--param-from-env").items():
        if name in values:
            raise UsageError(f"-P and --param-from-env both give {name!r}", hint="keep one of them")
        if variable not in environ:
            raise UsageError(f"parameter {name!r}: there is no environment variable {variable}")
        values[name] = environ[variable]
    return values


def pairs(texts: Iterable[str], *, option: str) -> dict[str, str]:
    """`name=value` texts as a mapping; the value may hold further equal signs.

    Raises:
        UsageError: no equal sign, no name, or a name twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equal, value = text.partition("=")
        if not equal or not name:
            raise UsageError(
                f"{option} {text!r} is not NAME=VALUE", hint=f"write {option} {text or 'NAME'}=VALUE"
            )
        if name in found:
            raise UsageError(f"{option} {name!r} is given twice", hint="keep one of them")
        found[name] = value
    return found


def _print_plan(request: launch.Request, settings: Settings, progress: Progress, *, as_json: bool) -> None:
    with (
        launch.plan(request, settings=settings, progress=progress) as planned,
        progress.phase("environment") as phase,
    ):
        resolved, lock = launch.with_lock(planned, settings=settings, progress=progress, phase=phase)
    plan = resolved.plan
    if as_json:
        print_json(plan.to_json())
        return
    for title, value in _plan_rows(plan, lock):
        click.echo(f"{title:<12} {value}")


def _plan_rows(plan: launch.Plan, lock: Lock | None) -> list[tuple[str, str]]:
    source, environment = plan.source, plan.environment
    rows = [
        ("source", f"{source.uri}{'#' + source.subdirectory if source.subdirectory else ''}"),
        (
            "commit",
            f"{source.commit}{' and uncommitted changes' if source.dirty else ''}" if source.commit else "",
        ),
        ("entry point", plan.entry_point),
        *((f"  {name}", value) for name, value in {**plan.parameters, **plan.extra_parameters}.items()),
        *((f"  {name}", "(secret)") for name in plan.secrets),
        ("seed", "" if plan.seed is None else str(plan.seed)),
        ("environment", environment.kind + (f", {environment.file}" if environment.file else "")),
        ("lock", described(lock) if lock else ""),
        ("  as of", lock.as_of or "" if lock else ""),
        ("command", plan.command),
    ]
    return [(title, value) for title, value in rows if value]


def _result(result: launch.Result) -> dict[str, Any]:
    return {
        "run_id": result.run.id,
        "name": result.run.name,
        "experiment_id": result.run.experiment_id,
        "status": result.status.value,
        "exit_code": result.code,
        "seconds": round(result.seconds, 3),
        "metrics": {key: metric.value for key, metric in result.run.metrics.items()},
        "artifact_uri": result.run.artifact_uri,
        "reused": result.reused,
    }

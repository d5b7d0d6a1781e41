"""What a program finds of us inside a run: its variables, `import runner`, and the `runner` command.

<home>/inside/<digest>/python/runner    link to this package, appended to PYTHONPATH
<home>/inside/<digest>/bin/runner       this very program, appended to PATH
"""

import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import runner
from runner import project
from runner.environments.model import Environment
from runner.errors import EnvironmentFailed
from runner.files import sha256, write_atomically
from runner.launch.masking import MASK, public
from runner.launch.planning import Planned
from runner.process.guard import CHAIN
from runner.project.model import DockerEnv
from runner.settings import Settings
from runner.tracking.model import Run

if TYPE_CHECKING:
    from runner.containers.volumes import Volume

PACKAGE = Path(runner.__file__).parent
UNSEEDED = {
    "PYTHONHASHSEED": "0"
}  # the order of sets is the same in each run, unless somebody wants it otherwise
GIVEN_BY_US = ("RUNNER_SEED", "MLFLOW_TRACKING_", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "RUNNER_RUN_ID")


def variables(
    run: Run, planned: Planned, environment: Environment, *, tracking_uri: str, settings: Settings
) -> dict[str, str]:
    """All environment variables of the program, secrets and the endpoint's aside.

    `tracking_uri` is the absolute one of the store, which runs inside this run record in.
    """
    # the seed of a run around this one counts only where it has become ours
    unset = {*environment.unset, "RUNNER_SEED"}
    inherited = UNSEEDED | {name: value for name, value in settings.environ.items() if name not in unset}
    home = _home(settings)
    mine = {
        "PATH": _joined(*environment.path_entries, inherited.get("PATH", os.defpath), str(home / "bin")),
        "PYTHONUNBUFFERED": inherited.get("PYTHONUNBUFFERED", "1"),  # output is a pipe, and wanted live
        "MLFLOW_RUN_ID": run.id,
        "MLFLOW_EXPERIMENT_ID": run.experiment_id,
        "RUNNER_HOME": str(settings.home),
        "RUNNER_CACHE": str(settings.cache),
        "RUNNER_TRACKING_URI": tracking_uri,
        "RUNNER_ENV_MANAGER": planned.request.env_manager or settings.env_manager,
        "RUNNER_RUN_ID": run.id,
        CHAIN: ":".join(part for part in (inherited.get(CHAIN, ""), run.id) if part),
        "RUNNER_PYTHON": sys.executable,
    }
    if planned.checkout.commit:
        mine["RUNNER_COMMIT"] = planned.checkout.commit
    if not _has_runner(environment):
        mine["PYTHONPATH"] = _joined(inherited.get("PYTHONPATH", ""), str(home / "python"))
    return inherited | dict(environment.variables) | _seeded(planned) | _repeated(planned) | mine


def deciding(planned: Planned, settings: Settings) -> dict[str, str]:
    """Of the variables that are recorded, those that the lock of the environment does not bring along."""
    given = named_variables(planned, settings) if planned.contained else settings.environ
    found = UNSEEDED | dict(given) | _seeded(planned) | _repeated(planned)
    return {name: found[name] for name in planned.variables if name in found}


def recorded(planned: Planned, variables: Mapping[str, str]) -> dict[str, str]:
    """What is recorded of the variables that the program got: no secret, wherever it stands."""
    hidden = secrets(variables)
    found = {name: variables[name] for name in planned.variables if name in variables}
    return {
        name: MASK if any(secret in value for secret in hidden) else public(value)
        for name, value in found.items()
    }


def _seeded(planned: Planned) -> dict[str, str]:
    """The seed that the project or the person names, wherever a program may look for it."""
    seed = planned.plan.seed
    return {} if seed is None else {"RUNNER_SEED": str(seed), "PYTHONHASHSEED": str(seed)}


def _repeated(planned: Planned) -> dict[str, str]:
    """Variables as they were in the run that is repeated."""
    repeated = planned.request.repeated
    return dict(repeated.variables) if repeated is not None else {}


def in_container(
    run: Run, planned: Planned, environment: Environment, *, named: Mapping[str, str]
) -> dict[str, str]:
    """The variables of a program in a container, which inherits only what is `named`, and finds neither our package nor our command."""
    found = {
        "PYTHONUNBUFFERED": "1",
        **UNSEEDED,
        **environment.variables,
        **named,
        **_seeded(planned),
        **_repeated(planned),
        "MLFLOW_RUN_ID": run.id,
        "MLFLOW_EXPERIMENT_ID": run.experiment_id,
        "RUNNER_RUN_ID": run.id,
    }
    return found | ({"RUNNER_COMMIT": planned.checkout.commit} if planned.checkout.commit else {})


def named_variables(planned: Planned, settings: Settings) -> dict[str, str]:
    """Variables that the project and the person name for a container.

    Raises:
        EnvironmentFailed: one is to be copied and is not there.
    """
    declared = planned.spec.environment if isinstance(planned.spec, DockerEnv) else ()
    found: dict[str, str] = {}
    for item in (*declared, *planned.arguments.environment):
        if isinstance(item, tuple):
            found[item[0]] = item[1]
        elif item in settings.environ:
            found[item] = settings.environ[item]
        elif not item.startswith(GIVEN_BY_US):
            raise EnvironmentFailed(
                f"the container is to get the variable {item}, which is not set here",
                hint=f"export {item}=..., or set it: -A env={item}=...",
            )
    return found


def check(planned: Planned, settings: Settings) -> None:
    """See that what a container is to get of this machine is there, before an image is fetched in vain.

    Raises:
        EnvironmentFailed: a variable is not set.
        RunnerError: a volume is none, or there is nothing to mount.
    """
    named_variables(planned, settings)
    volumes(planned, settings, make=False)


def volumes(planned: Planned, settings: Settings, *, make: bool) -> "list[Volume]":
    """What the project and the person mount; `make` directories that are to be written."""
    from runner.containers.volumes import volume  # noqa: PLC0415 - few projects run in containers

    declared = planned.spec.volumes if isinstance(planned.spec, DockerEnv) else ()
    directory = planned.checkout.path.absolute()
    return [
        volume(text, directory=directory, environ=settings.environ, make=make)
        for text in (*declared, *planned.arguments.volumes)
    ]


def secrets(variables: Mapping[str, str]) -> list[str]:
    """Values that must not be seen: those of the run's own secret parameters, and of the runs around it."""
    return [value for name, value in variables.items() if name.startswith(project.SECRET_PREFIX) and value]


def _joined(*parts: str) -> str:
    return os.pathsep.join(part for part in parts if part)


def _has_runner(environment: Environment) -> bool:
    """Whether the environment brings a package `runner` of its own, which must not be hidden."""
    return environment.path is not None and any(environment.path.glob("lib/python*/site-packages/runner"))


def _home(settings: Settings) -> Path:
    home = settings.home / "inside" / sha256(f"{PACKAGE} {sys.executable}")[:12]
    link, command = home / "python" / "runner", home / "bin" / "runner"
    if not command.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        # refused where another run has just made it, or the system has no links: then there is no `import runner`
        with suppress(OSError):
            link.symlink_to(PACKAGE, target_is_directory=True)
        script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m runner "$@"\n'
        write_atomically(command, script, executable=True)
    return home

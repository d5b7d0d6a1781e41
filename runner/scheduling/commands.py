"""The command lines that schedules lead to: `runner run` of a firing, and the process that watches it."""

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from runner.process.guard import CHAIN
from runner.scheduling.hooks import moment
from runner.settings import Settings
from runner.tracking.schedules import Firing, Schedule

PYTHON = (sys.executable, "-P", "-m")
TAG = "runner.firing"
OF_OTHERS = (
    "RUNNER_RUN_ID",
    "MLFLOW_RUN_ID",
    "RUNNER_SEED",
    CHAIN,
)  # of a run that the scheduler may have been started in


def run(schedule: Schedule, firing: Firing, announce: Path) -> tuple[str, ...]:
    """`runner run`, as the schedule says. Secrets are named, not given."""
    definition = schedule.definition
    options = [f"--announce={announce}", f"--entry-point={definition.entry_point}"]
    if definition.version is not None:
        options.append(f"--version={definition.version}")
    options += [f"--param-list={name}={value}" for name, value in definition.parameters.items()]
    options += [f"--param-from-env={name}={value}" for name, value in definition.from_environment.items()]
    options += [f"--tag={name}={value}" for name, value in tags(schedule, firing).items()]
    return (*PYTHON, "runner", "run", *definition.options, *options, "--", definition.uri)


def tags(schedule: Schedule, firing: Firing) -> dict[str, str]:
    """What the run of a firing bears."""
    return {
        "runner.schedule": schedule.name,
        "runner.scheduled_for": moment(firing.scheduled_for),
        "runner.attempt": str(firing.attempt),
        TAG: mark(firing),
    }


def mark(firing: Firing) -> str:
    """One try of a firing, as nothing else is called."""
    return f"{firing.id}.{firing.claims}"


def takes_over(firing: Firing) -> tuple[str, ...]:
    """The process that runs a claimed firing."""
    return (*PYTHON, "runner.scheduling", str(firing.id), str(firing.claims))


def variables(settings: Settings, *, store: str) -> dict[str, str]:
    """The environment of both, which meet in the same store."""
    kept: Mapping[str, str] = {
        name: value for name, value in settings.environ.items() if name not in OF_OTHERS
    }
    ours = {
        "RUNNER_HOME": str(settings.home),
        "RUNNER_CACHE": str(settings.cache),
        "RUNNER_TRACKING_URI": store,
    }
    return {**kept, **ours}


def facts(schedule: Schedule, firing: Firing, *, chain: str) -> dict[str, str]:
    """What the program of a firing finds, where it gets our environment; and the mark of its processes."""
    return {
        "RUNNER_SCHEDULE": schedule.name,
        "RUNNER_SCHEDULED_FOR": moment(firing.scheduled_for),
        CHAIN: chain,
    }


def new_chain() -> str:
    """A mark that no other process on the machine has: those that have it are ended together. Firings of other stores have our numbers."""
    return f"firing-{secrets.token_hex(16)}"

"""Options that say whose environment is meant: those of `runner run` that decide about it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from runner import launch
from runner.environments import MANAGERS, Wishes
from runner.environments.model import Lock
from runner.launch import Planned, Request
from runner.progress import Progress
from runner.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "-e",
        "--entry-point",
        default="main",
        show_default=True,
        metavar="NAME",
        help="Entry point of the run.",
    ),
    click.option("-v", "--version", metavar="REF", help="Branch, tag or commit of a Git project."),
    click.option("--env-manager", type=click.Choice(MANAGERS), help="Environment, as of the run."),
    click.option("--python", metavar="VERSION", help="Python version, as of the run."),
    click.option("--as-of", metavar="DATE|commit", help="Day of the resolution, as of the run."),
)


def project_options(command: Command) -> Command:
    """Add the options to a command, which hands them to `resolved`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextmanager
def resolved(
    uri: str, *, settings: Settings, progress: Progress, **options: Any
) -> Iterator[tuple[Planned, Lock | None]]:
    """The plan of a run and its lock; the tree lives as long as the block. `options` are those of `project_options`."""
    request = Request(
        uri=uri,
        entry_point=options["entry_point"],
        version=options["version"],
        env_manager=options["env_manager"],
        wishes=Wishes(python=options["python"], as_of=options["as_of"]),
        environment_only=True,
    )
    with launch.plan(request, settings=settings, progress=progress) as planned:
        with progress.phase("lock") as phase:
            found = launch.with_lock(planned, settings=settings, progress=progress, phase=phase)
        yield found

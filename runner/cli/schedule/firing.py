"""`runner schedule fire`: what exported schedules call."""

import os
import sys
from contextlib import closing, suppress
from typing import Literal

import click

from runner.cli import Context
from runner.cli.output import printable
from runner.scheduling import alone
from runner.scheduling.asking import moment_of
from runner.scheduling.ending import told
from runner.tracking import open_database_store
from runner.tracking.schedules import FiringState

NOW = "now"


@click.command
@click.argument("name")
@click.option(
    "--scheduled-for",
    metavar="TIME",
    default=NOW,
    show_default=True,
    help="The time to fire for; now: the schedule's last one.",
)
@click.pass_obj
def fire(context: Context, /, *, name: str, scheduled_for: str) -> None:
    """Fire a schedule and run what is due of it, here, as cron or systemd may have it done instead of `runner scheduler`.

    A time is fired for once. The exit code is 1 if the run failed or was stopped, and 0 otherwise.
    """
    with closing(open_database_store(context.settings)) as store:
        schedule = store.schedules.get(name)
        fired = alone.Alone(store, schedule, context.settings, say, echo)
        zone = schedule.definition.zone
        firing = fired.now() if scheduled_for == NOW else fired.at(moment_of(scheduled_for, zone))
    if firing is None:
        say(f"{name}: paused, so nothing is due" if schedule.paused else f"{name}: nothing is due")
        return
    say(told(name, firing))
    sys.exit(1 if firing.state in {FiringState.FAILED, FiringState.STOPPED} else 0)


def say(line: str) -> None:
    """To whoever reads: they may be gone."""
    with suppress(OSError, ValueError):
        click.echo(printable(line), err=True)


def echo(stream: Literal["stdout", "stderr"], data: bytes) -> None:
    """The output of the run as it is."""
    with suppress(OSError):
        os.write(1 if stream == "stdout" else 2, data)

"""`runner scheduler`: what starts the runs of schedules."""

import os
import signal
import threading
from contextlib import closing
from datetime import datetime

import click

from runner.cli import Context, tracking_uri
from runner.cli.output import printable
from runner.scheduling.serving import scheduler
from runner.tracking import open_database_store

AT_ONCE = os.cpu_count() or 1


@click.command
@tracking_uri
@click.option(
    "--at-once",
    metavar="NUMBER",
    type=click.IntRange(1),
    default=AT_ONCE,
    show_default="one for each processor",
    help="Firings that this scheduler has running at most; others wait.",
)
@click.pass_obj
def command(context: Context, /, *, at_once: int) -> None:
    """Start the runs of schedules when their time has come, until a signal ends it.

    Any number of schedulers may work on one store. Runs that go on when it ends go on without it.
    """
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with closing(open_database_store(context.settings)) as store:
        ticker = scheduler(store, settings=context.settings, at_once=at_once, say=say)
        say("ticking")
        ticker.run(over.is_set)
    say("ended; runs that go on go on without it")


def say(line: str) -> None:
    """A line of the log, with its time."""
    now = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    click.echo(f"{now}  {printable(line)}", err=True)

"""`runner schedule pause`, `resume`, `skip`, `remove`, `run-now`, `backfill`."""

from contextlib import closing

import click

from runner.cli import Context
from runner.cli.output import counted, print_json
from runner.cli.schedule.texts import shown, told
from runner.scheduling import asking
from runner.tracking import open_database_store


@click.command
@click.argument("name")
@click.pass_obj
def pause(context: Context, /, *, name: str) -> None:
    """Let a schedule rest: times that come meanwhile are left out. What goes on goes on."""
    _rest(context, name, paused=True)


@click.command
@click.argument("name")
@click.pass_obj
def resume(context: Context, /, *, name: str) -> None:
    """Let a schedule fire again, from its next time on."""
    _rest(context, name, paused=False)


def _rest(context: Context, name: str, *, paused: bool) -> None:
    with closing(open_database_store(context.settings)) as store:
        asking.rest(store.schedules, name, paused=paused)


@click.command
@click.argument("name")
@click.pass_obj
def skip(context: Context, /, *, name: str) -> None:
    """Leave out the next time of a schedule."""
    with closing(open_database_store(context.settings)) as store:
        skipped = asking.skip(store.schedules, name)
        after = store.schedules.get(name)
    zone = after.definition.zone
    click.echo(
        f"{name}: {shown(skipped.scheduled_for, zone)} is left out; next {shown(after.upcoming.due, zone)}",
        err=True,
    )


@click.command
@click.argument("name")
@click.pass_obj
def remove(context: Context, /, *, name: str) -> None:
    """Remove a schedule with its history; its runs stay."""
    with closing(open_database_store(context.settings)) as store:
        store.schedules.remove(name)


@click.command("run-now")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def run_now(context: Context, /, *, name: str, as_json: bool) -> None:
    """Fire out of turn; a scheduler starts the run. Its overlap rule holds."""
    with closing(open_database_store(context.settings)) as store:
        firing = asking.fire_now(store.schedules, name)
    if as_json:
        print_json(told(firing))
    else:
        click.echo(f"{name}: fires as soon as a scheduler is at work", err=True)


@click.command
@click.argument("name")
@click.option(
    "--from", "start", metavar="TIME", required=True, help="First time, 2026-11-01 or 2026-11-01T02:30."
)
@click.option("--to", "end", metavar="TIME", required=True, help="Last time, in the schedule's zone, too.")
@click.option("--dry-run", is_flag=True, help="Only count them.")
@click.pass_obj
def backfill(context: Context, /, *, name: str, start: str, end: str, dry_run: bool) -> None:
    """Fire for times that have passed, and have not succeeded; a scheduler starts the runs, one after another.

    Each run knows its time by the tag runner.scheduled_for, and by RUNNER_SCHEDULED_FOR in its environment.
    """
    with closing(open_database_store(context.settings)) as store:
        found = asking.backfill(store.schedules, name, start, end, dry_run=dry_run)
    click.echo(counted(len(found.times), "firing"), err=True)

"""`runner schedule`: runs that start by the clock. `runner scheduler` starts them."""

import click

from runner.cli import tracking_uri
from runner.cli.schedule import acting, changing, exporting, firing, listing


@click.group
@tracking_uri
def command() -> None:
    """Add, list, show, change, run, export schedules, by which projects run at their times."""


for each in (
    changing.add,
    listing.list_,
    listing.show,
    acting.pause,
    acting.resume,
    acting.skip,
    changing.edit,
    acting.remove,
    acting.run_now,
    listing.history,
    acting.backfill,
    firing.fire,
    exporting.export,
):
    command.add_command(each)

"""`runner db`: the database behind the store."""

import sys

import click

from runner.cli import Context, tracking_uri
from runner.cli.output import print_json
from runner.cli.tables import print_table
from runner.errors import TrackingError
from runner.tracking import opening
from runner.tracking.database.checking import findings


@click.group
@tracking_uri
def command() -> None:
    """Bring the database of the store up to date, and check it."""


@command.command
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def upgrade(context: Context, /, *, as_json: bool) -> None:
    """Bring the tables to this version of runner.

    A file is brought up to date whenever it is used; a database server only here, for other servers may be at work in it.
    """
    before, after = opening.upgrade(context.settings)
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        click.echo(f"the tables are up to date: {after}")
    else:
        click.echo(f"the tables were {before or 'not there'}, and are {after}")


@command.command
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def check(context: Context, /, *, as_json: bool) -> None:
    """Look whether the database is as it should be; changes nothing. The exit code is 7 if something is wrong."""
    with opening.opened_database(context.settings) as (database, uri):
        version = opening.version_of(database)
    wrong = (
        []
        if version == opening.HEAD
        else [f"{version or 'there are none'}; this version needs {opening.HEAD}"]
    )
    found = {"version": wrong} | ({} if wrong else {each.check: list(each.wrong) for each in findings(uri)})
    if as_json:
        print_json({"version": version, "checks": found})
    else:
        print_table(
            ("CHECK", "RESULT"), [(name, told) for name, list_ in found.items() for told in list_ or ["ok"]]
        )
    sys.exit(TrackingError.exit_code if any(found.values()) else 0)

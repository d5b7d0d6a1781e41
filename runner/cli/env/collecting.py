"""`runner env gc`."""

import click

from runner import environments, sources
from runner.cli import Context
from runner.cli.env.texts import SHOWN, day, size
from runner.launch import contained
from runner.settings import read_size


@click.command
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="DAYS",
    help="Remove what nobody used for so long.",
)
@click.option(
    "--max-size",
    metavar="SIZE",
    help="Then remove what was not used for longest until SIZE is kept: 500MB, 10GB. Default: RUNNER_CACHE_LIMIT.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.pass_obj
def gc(context: Context, *, older_than: float, max_size: str | None, dry_run: bool) -> None:
    """Free room: broken builds, leftovers, and environments, packages, Git mirrors and downloads unused for long.

    What is in use stays. Everything here can be had again.
    """
    gone = environments.collect(
        context.settings,
        older_than=older_than,
        max_bytes=context.settings.cache_limit if max_size is None else read_size(max_size),
        dry_run=dry_run,
    )
    for entry in gone.entries:
        python = f"Python {entry.python}, " if entry.python else ""
        click.echo(
            f"{entry.key[:SHOWN]}  {entry.kind}, {python}last used {day(entry.used)}, {size(entry.bytes)}"
        )
    sources_size = sources.prune(context.settings, older_than_days=older_than, dry_run=dry_run)
    if not dry_run and (orphans := contained.reap(context.settings)):
        click.echo(f"removed {orphans} containers whose runner is gone")
    verb = "would remove" if dry_run else "removed"
    click.echo(
        f"{verb} {len(gone.entries)} environments, {len(gone.packages)} packages ({size(gone.bytes)}),"
        f" {len(gone.leftovers)} leftovers, {size(sources_size)} of Git mirrors and downloads"
    )

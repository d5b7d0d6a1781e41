"""`runner env gc`."""

import click

from runner import sources
from runner.cli import Context
from runner.cli.env.texts import SHOWN, day, size
from runner.cli.output import printable
from runner.environments.images.collecting import collect
from runner.environments.kept import collecting
from runner.errors import EnvironmentFailed
from runner.launch import orphans
from runner.settings import Settings, read_size


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
    """Free room: broken builds, leftovers, and environments, packages, images, Git mirrors and downloads unused for long.

    What is in use stays. Everything here can be had again.
    """
    gone = collecting.collect(
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
    if not dry_run and (left := orphans.reap(context.settings)):
        click.echo(f"removed {left} containers whose runner is gone")
    images = _images(context.settings, older_than=older_than, dry_run=dry_run)
    sources_size = sources.prune(context.settings, older_than_days=older_than, dry_run=dry_run)
    verb = "would remove" if dry_run else "removed"
    click.echo(
        f"{verb} {len(gone.entries)} environments, {len(gone.packages)} packages ({size(gone.bytes)}),"
        f" {images} images, {len(gone.leftovers)} leftovers, {size(sources_size)} of Git mirrors and downloads"
    )


def _images(settings: Settings, *, older_than: float, dry_run: bool) -> int:
    """How many of the container images that we made went; a missing engine is no reason to free nothing else."""
    try:
        gone = collect(settings, older_than=older_than, dry_run=dry_run)
    except EnvironmentFailed as error:
        click.echo(f"images are not collected: {printable(error.message)}", err=True)
        return 0
    for name, count in gone:
        click.echo(f"{printable(name)}  image, {size(count)}")
    return len(gone)

"""`runner env gc`."""

from collections.abc import Sequence
from dataclasses import dataclass

import click

from runner import sources
from runner.cli import Context
from runner.cli.env.texts import SHOWN, day, size, summary
from runner.cli.output import counted, print_json, printable
from runner.environments.images.collecting import collect
from runner.environments.kept import collecting
from runner.environments.kept.collecting import Collection
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
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def gc(context: Context, *, older_than: float, max_size: str | None, dry_run: bool, as_json: bool) -> None:
    """Free room: broken builds, leftovers, and environments, packages, images, Git mirrors and downloads unused for long.

    What is in use stays. Everything here can be had again.
    """
    settings = context.settings
    gone = collecting.collect(
        settings,
        older_than=older_than,
        max_bytes=settings.cache_limit if max_size is None else read_size(max_size),
        dry_run=dry_run,
    )
    freed = _Freed(
        cache=gone,
        containers=orphans.reap(settings, dry_run=dry_run),
        images=_images(settings, older_than=older_than, dry_run=dry_run),
        sources=sources.prune(settings, older_than_days=older_than, dry_run=dry_run),
    )
    if as_json:
        print_json({"dry_run": dry_run, **_as_json(freed)})
    else:
        _print(freed, dry_run=dry_run)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Freed:
    """What went: of the cache, containers by number, images with their bytes, bytes of Git mirrors and downloads."""

    cache: Collection
    containers: int
    images: Sequence[tuple[str, int]]
    sources: int


def _print(freed: _Freed, *, dry_run: bool) -> None:
    done = "would remove" if dry_run else "removed"
    for entry in freed.cache.entries:
        python = f"Python {entry.python}, " if entry.python else ""
        click.echo(
            f"{entry.key[:SHOWN]}  {entry.kind}, {python}last used {day(entry.used)}, {size(entry.bytes)}"
        )
    for name, count in freed.images:
        click.echo(f"{printable(name)}  image, {size(count)}")
    if freed.containers:
        click.echo(f"{done} {counted(freed.containers, 'container')} whose runner is gone")
    parts = (
        counted(len(freed.cache.entries), "environment"),
        f"{counted(len(freed.cache.packages), 'package')} ({size(freed.cache.bytes)})",
        counted(len(freed.images), "image"),
        counted(len(freed.cache.leftovers), "leftover"),
        f"{size(freed.sources)} of Git mirrors and downloads",
    )
    click.echo(f"{done} {', '.join(parts)}")


def _as_json(freed: _Freed) -> dict[str, object]:
    """`bytes` is what environments and packages took."""
    return {
        "environments": [*map(summary, freed.cache.entries)],
        "packages": [*map(str, freed.cache.packages)],
        "leftovers": [*map(str, freed.cache.leftovers)],
        "bytes": freed.cache.bytes,
        "images": [{"name": name, "bytes": count} for name, count in freed.images],
        "containers": freed.containers,
        "sources_bytes": freed.sources,
    }


def _images(settings: Settings, *, older_than: float, dry_run: bool) -> list[tuple[str, int]]:
    """The container images that we made and that went; a missing engine is no reason to free nothing else."""
    try:
        return collect(settings, older_than=older_than, dry_run=dry_run)
    except EnvironmentFailed as error:
        click.echo(f"images are not collected: {printable(error.message)}", err=True)
        return []

"""`runner gc`: deleted runs, models and experiments, for ever."""

import re
import sys
from collections import Counter
from contextlib import closing
from functools import partial

import click

from runner.cli import Context, tracking_uri
from runner.cli.env.texts import size
from runner.cli.output import print_json, printable
from runner.errors import TrackingError, UsageError
from runner.tracking import open_database_store
from runner.tracking.clock import now
from runner.tracking.collecting import Collected, Freed, collect

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@click.command
@tracking_uri
@click.option(
    "--older-than",
    default="30d",
    show_default=True,
    metavar="TIME",
    help="What was deleted so long ago: 12h, 30d, 8w.",
)
@click.option("--all", "everything", is_flag=True, help="All that is deleted, however lately.")
@click.option("--dry-run", is_flag=True, help="Only say what would be freed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(context: Context, /, *, older_than: str, everything: bool, dry_run: bool, as_json: bool) -> None:
    """Free what was deleted long ago, for ever: runs, logged models, experiments, with their artifacts.

    What versions in the model registry were made from stays. So does everything that is not deleted.
    """
    before = now() + 1 if everything else now() - _seconds(older_than) * 1000
    told = _silent if as_json else partial(_print, dry_run=dry_run)
    with closing(open_database_store(context.settings)) as store:
        collected = collect(
            store,
            context.settings.home,
            context.settings.artifact_root,
            before=before,
            dry_run=dry_run,
            told=told,
        )
    if as_json:
        print_json({"dry_run": dry_run, **_summary(collected)})
    else:
        _print_sum(collected, dry_run=dry_run)
    sys.exit(TrackingError.exit_code if any(each.failed for each in collected.items) else 0)


def _silent(_freed: Freed) -> None:
    """The end tells all."""


def _print(freed: Freed, *, dry_run: bool) -> None:
    item = freed.item
    named = printable(f"{item.kind} {item.name} ({item.id})")
    if freed.refusal:
        click.echo(f"kept {named}: {printable(freed.refusal)}", err=True)
    else:
        click.echo(f"{'would free' if dry_run else 'freed'} {named}, {size(freed.bytes)}")


def _print_sum(collected: Collected, *, dry_run: bool) -> None:
    gone = [each for each in collected.items if not each.refusal]
    counts = Counter(each.item.kind for each in gone)
    click.echo(
        f"{'would free' if dry_run else 'freed'} {counts['run']} runs, {counts['model']} models,"
        f" {counts['experiment']} experiments ({size(sum(each.bytes for each in gone))} of artifacts),"
        f" {collected.datasets} data sets, {len(collected.live)} live directories;"
        f" {len(collected.items) - len(gone)} kept"
    )


def _summary(collected: Collected) -> dict[str, object]:
    items = [
        {
            "kind": each.item.kind,
            "id": each.item.id,
            "name": each.item.name,
            "artifact_uri": each.item.artifact_uri,
            "bytes": each.bytes,
            "kept": each.refusal or None,
        }
        for each in collected.items
    ]
    live = [str(path) for path in collected.live]
    return {"items": items, "datasets": collected.datasets, "live_directories": live}


def _seconds(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})\s*([smhdw])", text.strip().lower())
    if not found:
        raise UsageError(f"{text!r} is no length of time", hint="write for example 12h, 30d or 8w")
    return int(found[1]) * UNITS[found[2]]

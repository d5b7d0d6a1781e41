"""`runner gc`: deleted runs, models and experiments, for ever."""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

import click

from runner.cli import Context, tracking_uri
from runner.cli.env import size
from runner.cli.output import print_json, printable
from runner.errors import TrackingError, UsageError
from runner.tracking import collecting, open_database_store
from runner.tracking.clock import now
from runner.tracking.collecting import Freed
from runner.tracking.sql.store import SqlStore

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
EXIT = TrackingError.exit_code


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
    with closing(open_database_store(context.settings)) as store:
        if not isinstance(store, SqlStore):
            raise UsageError("runner gc needs the database itself", hint="call it where the server runs")
        freed = []
        for each in collecting.collect(store.trash, before, dry_run=dry_run):
            freed.append(each)
            if not as_json:
                _print(each, dry_run=dry_run)
        trash = store.trash
        datasets = trash.unused_datasets() if dry_run else trash.purge_unused_datasets()
        live = list(collecting.live_directories(store, context.settings.home, dry_run=dry_run))
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "items": [_summary(each) for each in freed],
                "datasets": datasets,
                "live_directories": [str(path) for path in live],
            }
        )
    else:
        _print_sum(freed, datasets, len(live), dry_run=dry_run)
    sys.exit(EXIT if any(each.failed for each in freed) else 0)


def _print(freed: Freed, *, dry_run: bool) -> None:
    item = freed.item
    named = printable(f"{item.kind} {item.name} ({item.id})")
    if freed.refusal:
        click.echo(f"kept {named}: {printable(freed.refusal)}", err=True)
    else:
        click.echo(f"{'would free' if dry_run else 'freed'} {named}, {size(freed.bytes)}")


def _print_sum(freed: Sequence[Freed], datasets: int, live: int, *, dry_run: bool) -> None:
    gone = [each for each in freed if not each.refusal]
    counts = Counter(each.item.kind for each in gone)
    click.echo(
        f"{'would free' if dry_run else 'freed'} {counts['run']} runs, {counts['model']} models,"
        f" {counts['experiment']} experiments ({size(sum(each.bytes for each in gone))} of artifacts),"
        f" {datasets} data sets, {live} live directories; {len(freed) - len(gone)} kept"
    )


def _summary(freed: Freed) -> dict[str, object]:
    item = freed.item
    return {
        "kind": item.kind,
        "id": item.id,
        "name": item.name,
        "artifact_uri": item.artifact_uri,
        "bytes": freed.bytes,
        "kept": freed.refusal or None,
    }


def _seconds(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})\s*([smhdw])", text.strip().lower())
    if not found:
        raise UsageError(f"{text!r} is no length of time", hint="write for example 12h, 30d or 8w")
    return int(found[1]) * UNITS[found[2]]

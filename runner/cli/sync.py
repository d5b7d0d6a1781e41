"""`runner runs sync`: what runs recorded while their server did not answer."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

import click

from runner.cli import Context
from runner.cli.output import print_json, printable
from runner.errors import TrackingError
from runner.tracking import Synced, open_store


@click.command("sync")
@click.option("--forget", is_flag=True, help="Forget what the server has refused.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, an object for each run.")
@click.pass_obj
def command(context: Context, /, *, forget: bool, as_json: bool) -> None:
    """Send what runs could not send to their server, and list what it refuses."""
    with closing(open_store(context.settings)) as store:
        found = store.sync(forget=forget)
    if as_json:
        print_json([_summary(outcome) for outcome in found])
    else:
        _print(found)
    for outcome in found:
        if outcome.trouble:
            raise TrackingError(outcome.trouble, hint="what was not sent is kept on this machine")


def _print(found: Sequence[Synced]) -> None:
    for outcome in found:
        click.echo(f"{outcome.run}  {printable(_state(outcome))}")
        for reason, what in outcome.refused:
            click.echo(f"  refused: {printable(what)}: {printable(reason)}")
    if not found:
        click.echo("nothing waits", err=True)


def _state(outcome: Synced) -> str:
    if outcome.elsewhere:
        return f"waits for {outcome.elsewhere}: runner runs --tracking-uri {outcome.elsewhere} sync"
    if outcome.busy:
        return "goes on, and sends by itself"
    if outcome.waiting:
        return f"{outcome.waiting} wait"
    return "sent, and marked failed: its process was gone" if outcome.lost else "sent"


def _summary(outcome: Synced) -> dict[str, Any]:
    return {
        "run_id": outcome.run,
        "server": outcome.elsewhere,
        "waiting": outcome.waiting,
        "lost": outcome.lost,
        "busy": outcome.busy,
        "trouble": outcome.trouble,
        "refused": [{"what": what, "reason": reason} for reason, what in outcome.refused],
    }

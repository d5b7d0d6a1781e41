"""`runner ui`: the pages of the server, for one person at one machine."""

import threading
import webbrowser
from contextlib import closing, nullcontext

import click

from runner.cli import Context, tracking_uri
from runner.cli.starting import Processes
from runner.errors import UsageError
from runner.reproduction.serving import differing
from runner.scheduling.answering import Answering
from runner.server.public import Options, serve
from runner.tracking import open_database_store
from runner.tracking.sql.store import SqlStore


@click.command
@tracking_uri
@click.option(
    "--port",
    metavar="NUMBER",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to listen at; a free one otherwise.",
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option(
    "--allow-run", is_flag=True, help="Run again and Reproduce start runs; otherwise they show the command."
)
@click.pass_obj
def command(context: Context, /, *, port: int, no_browser: bool, allow_run: bool) -> None:
    """Look at the runs of the store in a browser, until Ctrl-C.

    The pages are served to this machine alone. Whoever works on it can open them, too.
    """
    settings = context.settings
    options = Options(
        port=port,
        artifact_root=settings.artifact_root,
        largest_artifact=settings.largest_artifact,
        home=settings.home,
    )
    with closing(open_database_store(settings)) as store:
        if not isinstance(store, SqlStore):
            raise UsageError(f"{store.uri} has pages of its own", hint="open that address in a browser")
        with Processes(store, settings) if allow_run else nullcontext() as starting:
            serve(
                store,
                options,
                ready=lambda address: _show(address, browser=not no_browser),
                starting=starting,
                differing=differing(store, settings, trusting=True),
                settings=settings,
                scheduling=Answering(store.schedules),
            )


def _show(address: str, *, browser: bool) -> None:
    click.echo(f"{address}/")
    click.echo("Ctrl-C ends it", err=True)
    if browser:  # some browsers end only when they are closed
        threading.Thread(target=webbrowser.open, args=(f"{address}/",), daemon=True).start()

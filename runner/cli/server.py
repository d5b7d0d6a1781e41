"""`runner server`: the tracking server of a team."""

from contextlib import closing

import click

from runner.cli import Context, tracking_uri
from runner.server.public import Options, serve
from runner.tracking import open_store


@click.command
@tracking_uri
@click.option(
    "--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Address to listen at."
)
@click.option(
    "--port",
    metavar="NUMBER",
    type=click.IntRange(0, 65535),
    default=5000,
    show_default=True,
    help="0: a free one.",
)
@click.pass_obj
def command(context: Context, /, *, host: str, port: int) -> None:
    """Serve the store to mlflow clients, over HTTP."""
    settings = context.settings
    options = Options(host=host, port=port, artifact_root=settings.artifact_root.as_uri())
    with closing(open_store(settings)) as store:
        serve(store, options, ready=lambda address: click.echo(f"listening at {address}", err=True))

"""`runner server`: the tracking server of a team."""

from contextlib import closing
from dataclasses import replace

import click

from runner.cli import Context, tracking_uri
from runner.server.public import Options, serve
from runner.settings import place_uri
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
@click.option(
    "--artifact-root",
    metavar="URI",
    help="Directory or URI (s3://bucket/prefix) below which the artifacts of new experiments go.",
)
@click.option(
    "--artifacts",
    type=click.Choice(["proxied", "direct"]),
    default="proxied",
    show_default=True,
    help="Whether clients send and get artifacts through this server or, with credentials of their own, go there.",
)
@click.pass_obj
def command(context: Context, /, *, host: str, port: int, artifact_root: str | None, artifacts: str) -> None:
    """Serve the store to mlflow clients, over HTTP."""
    settings = context.settings
    if artifact_root is not None:
        settings = replace(settings, artifact_root=place_uri(artifact_root))
    options = Options(
        host=host,
        port=port,
        artifact_root=settings.artifact_root,
        proxied=artifacts == "proxied",
        largest_artifact=settings.largest_artifact,
    )
    with closing(open_store(settings)) as store:
        serve(store, options, ready=lambda address: click.echo(f"listening at {address}", err=True))

"""`runner server`: the tracking server of a team."""

from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from msgspec.structs import replace

from runner.cli import Context, tracking_uri
from runner.cli.output import printable
from runner.cli.starting import Processes
from runner.errors import UsageError
from runner.reproduction.serving import differing
from runner.scheduling.answering import Answering
from runner.server.public import Options, serve
from runner.settings import Settings, place_uri
from runner.tracking import open_database_store
from runner.tracking.access import Permission
from runner.tracking.sql.store import SqlStore

FILE = click.Path(path_type=Path)


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
@click.option("--auth", is_flag=True, help="Callers sign in, see `runner users` and `runner tokens`.")
@click.option(
    "--default-permission",
    type=click.Choice(["NONE", "READ", "EDIT"]),
    default="READ",
    show_default=True,
    help="What signed-in users may do where they have no permission of their own.",
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    metavar="NAME[:PORT]",
    multiple=True,
    help="A name by which clients call this server, for example that of a reverse proxy. Repeatable.",
)
@click.option("--tls-cert", "certificate", metavar="FILE", type=FILE, help="Certificate (PEM): serve HTTPS.")
@click.option("--tls-key", "key", metavar="FILE", type=FILE, help="The certificate's key, if it is apart.")
@click.option(
    "--log-level",
    type=click.Choice(["error", "warning", "info"]),
    default="warning",
    show_default=True,
    help="Requests to log: failures of the server; refused ones, too; all that failed.",
)
@click.option(
    "--allow-run",
    is_flag=True,
    help="Start runs for those who may change the experiment: they execute programs on this machine.",
)
@click.option("--access-log", "log_every", is_flag=True, help="Log every request.")
@click.option(
    "--scheduler",
    "schedules",
    is_flag=True,
    help="Start the runs of schedules, too, as `runner scheduler` does.",
)
@click.pass_obj
def command(
    context: Context,
    /,
    *,
    artifact_root: str | None,
    artifacts: str,
    default_permission: str,
    schedules: bool,
    allow_run: bool,
    **given: Any,
) -> None:
    """Serve the store to mlflow clients and, as pages, to browsers, over HTTP."""
    settings = context.settings
    if artifact_root is not None:
        settings = replace(settings, artifact_root=place_uri(artifact_root))
    options = Options(
        artifact_root=settings.artifact_root,
        proxied=artifacts == "proxied",
        largest_artifact=settings.largest_artifact,
        home=settings.home,
        default_permission=Permission(default_permission),
        **given,
    )
    with closing(open_database_store(settings)) as store:
        if not isinstance(store, SqlStore):
            raise UsageError(
                f"{store.uri} is a server already",
                hint="a server needs a store of its own: sqlite:///runs.db",
            )
        with (
            _scheduling(store, settings) if schedules else nullcontext(),
            Processes(store, settings) if allow_run else nullcontext() as starting,
        ):
            serve(
                store,
                options,
                ready=lambda address: _tell(store.uri, options, address),
                starting=starting,
                differing=differing(store, settings, trusting=not options.auth),
                settings=settings,
                scheduling=Answering(store.schedules),
            )


def _scheduling(store: SqlStore, settings: Settings) -> AbstractContextManager[None]:
    """A scheduler beside the server; few servers have one."""
    from runner.cli.scheduler import AT_ONCE, say  # noqa: PLC0415
    from runner.scheduling.serving import beside, scheduler  # noqa: PLC0415

    return beside(scheduler(store, settings=settings, at_once=AT_ONCE, say=say))


def _tell(store_uri: str, options: Options, address: str) -> None:
    way = "through this server" if options.proxied else "clients go there"
    sign_in = f"asked for; others may {options.default_permission}" if options.auth else "not asked for"
    for line in (
        f"store        {_without_password(store_uri)}",
        f"artifacts    {_without_password(options.artifact_root)} ({way})",
        f"sign-in      {sign_in}",
        f"pages        {address}/",
        f"listening at {address}",
    ):
        click.echo(printable(line), err=True)


def _without_password(uri: str) -> str:
    password = urlsplit(uri).password
    return uri.replace(f":{password}@", ":***@", 1) if password else uri

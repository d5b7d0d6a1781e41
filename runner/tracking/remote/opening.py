"""From the URI of a server to its store. Who cannot be reached, or is no tracking server, is told at once."""

import json
from pathlib import Path

from runner.settings import Settings
from runner.tracking.remote.address import Address
from runner.tracking.remote.client import Client
from runner.tracking.remote.store import RemoteStore

FIRST_PATIENCE = 5.0  # seconds: a server that is not there is most often a wrong address


def open_remote(settings: Settings, uri: str) -> RemoteStore:
    """The store of the server at `uri`.

    Raises:
        TrackingError: it does not answer, does not know us, or is something else.
    """
    client = Client(Address.read(uri, settings.environ))
    try:
        client.check(patience=FIRST_PATIENCE)
    except BaseException:
        client.close()
        raise
    return RemoteStore(client, home=settings.home, server=_server(settings, client.address.uri))


def _server(settings: Settings, uri: str) -> str:
    """Where a spool says that it belongs.

    Inside a run we are served by the endpoint of that run, which goes with it; its server does not.
    """
    if settings.parent_run_id:
        try:
            about = json.loads(
                (settings.home / "spool" / Path(settings.parent_run_id).name / "server.json").read_bytes()
            )
            return str(about["server"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
    return uri

"""The server of a team: `serve(...)` answers until a signal ends it."""

import socket
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn

from runner.errors import UsageError
from runner.server.access.caller import anybody
from runner.server.app import Tracking, create_app
from runner.server.artifacts.routes import open_files
from runner.server.artifacts.served import ServedArtifacts
from runner.server.places import Places
from runner.server.protocol import OneWrite
from runner.server.writer import Writer
from runner.tracking.store import Store

KEEP_ALIVE = 75  # seconds without a request after which a connection is closed
GRACE = 10  # seconds that requests may take at the end
QUEUE = 2048  # connections that wait to be accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to serve. `artifact_root` is the URI below which the store keeps artifacts; `proxied`: clients reach them by us."""

    host: str = "127.0.0.1"
    port: int = 5000
    artifact_root: str
    proxied: bool = True
    largest_artifact: int  # bytes


def serve(store: Store, options: Options, *, ready: Callable[[str], None]) -> None:
    """Answer requests until a signal asks us to stop; `ready` is told the address.

    Raises:
        UsageError: the address cannot be had.
    """
    artifacts = ServedArtifacts(
        open_files(options.artifact_root), largest=options.largest_artifact, direct=not options.proxied
    )
    listening = _listening(options.host, options.port)
    writer = Writer(store)
    places = Places(root=options.artifact_root, proxied=options.proxied)
    host = f"[{options.host}]" if ":" in options.host else options.host
    ready(f"http://{host}:{listening.getsockname()[1]}")
    app = create_app(Tracking(store, places, writer, artifacts), authenticate=anybody)
    config = uvicorn.Config(
        app,
        http=OneWrite,
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        writer.close()
        listening.close()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Asyncio sends without delay only on sockets that say TCP; else each answer waits 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(QUEUE)
    except OSError as error:
        listening.close()
        raise UsageError(
            f"cannot listen at {host}:{port}: {error.strerror}",
            hint="is a server running there? --port takes another",
        ) from error
    return listening

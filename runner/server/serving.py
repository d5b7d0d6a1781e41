"""uvicorn on a socket that listens already, in a thread that is not the main one. Imported when somebody connects."""

import asyncio
import socket
import sys
from collections.abc import Sequence

import uvicorn

from runner.server.access.caller import Caller
from runner.server.access.guard import with_token
from runner.server.access.hosts import Hosts
from runner.server.access.scope import RunScope, RunSession
from runner.server.access.scoped import ScopedStore
from runner.server.app import Tracking, create_app
from runner.server.artifacts.forwarded import Forwarded
from runner.server.artifacts.routes import open_files
from runner.server.artifacts.served import ServedArtifacts
from runner.server.loopback import ArtifactAccess
from runner.server.places import Places
from runner.server.protocol import OneWrite
from runner.server.writer import Writer
from runner.tracking.store import Store

KEEP_ALIVE = 3600  # seconds: a program may train for long between two calls, and its client mends no connection for free
GRACE = 10.0  # seconds that requests may take at the end


class Serving:
    """An endpoint that serves until `stop()`.

    Changes of a store on this machine are made together. Those of another server's (`artifacts.server`) are made one by one: some wait
    for its answer, and the others must not wait for them. `host` is the name and port that the program knows.
    """

    def __init__(
        self,
        listening: socket.socket,
        store: Store,
        *,
        scope: RunScope,
        token: str,
        artifacts: ArtifactAccess,
        host: str,
    ) -> None:
        session = RunSession(scope)
        caller = Caller(lambda whole: ScopedStore(whole, session), run_id=scope.run_id)
        self._own = ScopedStore(store, session)
        self._socket = listening
        self._writer = Writer(store) if artifacts.server is None else None
        places = Places(
            root=artifacts.through_us, proxied=bool(artifacts.through_us), offered=artifacts.offered
        )
        tracking = Tracking(store, places, self._writer, _served(artifacts))
        app = create_app(tracking, authenticate=with_token(token, caller), hosts=Hosts(own=[host]))
        self._server = _Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=OneWrite,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",  # what nobody foresaw; all else the client is told
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
            )
        )

    def run(self) -> None:
        """Serve; comes back after `stop()`."""
        self._server.run(sockets=[self._socket])
        if self._writer is not None:
            self._writer.close()

    def stop(self) -> None:
        """Let requests finish and come back; from any thread, at any time."""
        self._server.stop()

    def left_running(self) -> Sequence[str]:
        """Ids of the runs that the program created and did not end."""
        return self._own.left_running()


def _served(artifacts: ArtifactAccess) -> ServedArtifacts | None:
    """What goes through us, of any size: a server knows how large they may be, and this machine is the program's."""
    if artifacts.server is not None:
        return ServedArtifacts(Forwarded(artifacts.server), largest=sys.maxsize)
    if artifacts.through_us:
        return ServedArtifacts(open_files(artifacts.through_us), largest=sys.maxsize)
    return None


class _Server(uvicorn.Server):
    """uvicorn looks every 0.1 s whether to end, twice: long for a run of 0.2 s. This one is woken."""

    _loop: asyncio.AbstractEventLoop | None = None
    _over: asyncio.Event

    def stop(self) -> None:
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)

    async def main_loop(self) -> None:
        self._over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        end = asyncio.get_running_loop().time() + GRACE
        while (  # noqa: ASYNC110 - uvicorn tells nobody when a connection is lost
            self.server_state.connections and asyncio.get_running_loop().time() < end
        ):
            await asyncio.sleep(0.002)

"""An endpoint on this machine for the program of one run. It costs a socket and a thread until the program connects.

It listens at the loopback address, for a program in a container at the address of this machine in the container's network.

    with Loopback.open(lambda: store, scope) as endpoint:
        ... start the program with endpoint.variables(...) ...
    endpoint.left_running     # runs that it started and did not end
    endpoint.trouble          # why there was no endpoint when the program connected, if so

Starlette and uvicorn take 55 ms of CPU to import, and most programs need neither: so they are imported by the thread that waits, when
the first connection arrives. The connection waits meanwhile in the socket's queue.
"""

import os
import secrets
import select
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import TracebackType
from typing import Protocol, Self, cast

from msgspec import Struct

from runner.server.access.scope import RunScope
from runner.tracking.opened import ServerArtifacts
from runner.tracking.store import Store

HOST = "127.0.0.1"
QUEUE = 128  # connections that wait for us
PATIENCE = 15.0  # seconds for the end: requests have 10 of them


class Address(Struct, frozen=True):
    """Where an endpoint listens, and the name under which its program knows that place."""

    listen: str = HOST
    name: str = HOST


AT_HOME = Address()


class ArtifactAccess(Struct, frozen=True, kw_only=True):
    """What the program may do with artifacts.

    Attributes:
        server: all those of the server that keeps the store; None: it is kept on this machine.
        through_us: a URI: artifacts below it go through us, for the program does not see the disk of this machine.
        offered: a URI below which the program may place artifacts of experiments that it makes.
    """

    server: ServerArtifacts | None = None
    through_us: str = ""
    offered: str = ""


NO_ACCESS = ArtifactAccess()


class Serving(Protocol):
    """See serving.py, which is imported late."""

    def run(self) -> None: ...

    def stop(self) -> None: ...

    def left_running(self) -> Sequence[str]: ...


class Loopback:
    """An open endpoint. `uri` and `token` are for the program; `left_running` is filled by `close()`.

    The store is asked for when the first connection arrives, in another thread, and stays open: it is the caller's.
    """

    def __init__(
        self,
        store_opener: Callable[[], Store],
        scope: RunScope,
        listening: socket.socket,
        *,
        user: str,
        artifacts: ArtifactAccess,
        name: str,
    ) -> None:
        self.host = f"{name}:{listening.getsockname()[1]}"
        self.uri = f"http://{self.host}"
        self.token = secrets.token_urlsafe(32)
        self.left_running: Sequence[str] = ()
        self.trouble: Exception | None = None
        self._store_opener = store_opener
        self._scope = scope
        self._user = user
        self._artifacts = artifacts
        self._name = name
        self._socket = listening
        self._wake_read, self._wake_write = os.pipe()
        self._lock = threading.Lock()
        self._closing = False
        self._serving: Serving | None = None
        self._thread = threading.Thread(target=self._wait_and_serve, name="tracking endpoint", daemon=True)

    @classmethod
    def open(
        cls,
        store_opener: Callable[[], Store],
        scope: RunScope,
        *,
        user: str = "runner",
        artifacts: ArtifactAccess = NO_ACCESS,
        address: Address = AT_HOME,
    ) -> Self:
        """Listen on a free port of an address of this machine, for programs of `user`.

        Raises:
            OSError: there is no such address here, or no port left.
        """
        listening = _listening(address.listen)
        endpoint = cls(store_opener, scope, listening, user=user, artifacts=artifacts, name=address.name)
        endpoint._thread.start()
        return endpoint

    def variables(self, inherited: Mapping[str, str] = {}) -> dict[str, str]:
        """Environment variables by which the program's client finds us, in addition to `inherited` ones.

        A user and password given for another server would win over the token, and a proxy would be asked for our address.
        """
        direct = {
            name: ",".join(part for part in (inherited.get(name, ""), self._name) if part)
            for name in ("NO_PROXY", "no_proxy")
        }
        return {
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_TRACKING_TOKEN": self.token,
            "MLFLOW_TRACKING_USERNAME": self._user,  # the client also records it with runs that it begins
            "MLFLOW_TRACKING_PASSWORD": self.token,
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # links to pages that are not there
            **direct,
        }

    def close(self) -> None:
        """Let outstanding requests finish, then stop. Once is enough, twice does no harm."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            serving = self._serving
        if serving is not None:
            serving.stop()
        os.write(self._wake_write, b"!")
        self._thread.join(PATIENCE)
        if self._serving is not None:
            self.left_running = self._serving.left_running()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait_and_serve(self) -> None:
        ready, _, _ = select.select([self._socket.fileno(), self._wake_read], [], [])
        try:
            if self._wake_read not in ready:
                self._serve()
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it: this thread is our own
            self.trouble = error
        finally:
            self._socket.close()  # who waits in the queue is refused, not left waiting

    def _serve(self) -> None:
        make = cast("Callable[..., Serving]", import_module("runner.server.serving").Serving)
        serving = make(
            self._socket,
            self._store_opener(),
            scope=self._scope,
            token=self.token,
            artifacts=self._artifacts,
            host=self.host,
        )
        with self._lock:
            if self._closing:
                return
            self._serving = serving
        serving.run()


def _listening(address: str) -> socket.socket:
    # Asyncio sends without delay only on sockets that say TCP; else each answer waits 40 ms for an acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.bind((address, 0))
        listening.listen(QUEUE)
    except OSError:
        listening.close()
        raise
    return listening

"""The server of a team: `serve(...)` answers until a signal ends it."""

import gc
import ipaddress
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from runner.errors import UsageError
from runner.server.access.authentication import Users
from runner.server.access.caller import Authenticate, anybody
from runner.server.access.hosts import Hosts
from runner.server.app import Tracking, create_app
from runner.server.artifacts.routes import open_files
from runner.server.artifacts.served import ServedArtifacts
from runner.server.connections import MOST, Connection, end_slow
from runner.server.native.differences import Differing
from runner.server.native.routes import Native
from runner.server.places import Places
from runner.server.requestlog import RequestLog, log_to_stderr
from runner.server.scheduling import Scheduling
from runner.server.starting import Starting
from runner.server.ui import Pages
from runner.server.writer import Writer
from runner.settings import Settings
from runner.tracking.access import Permission
from runner.tracking.store import WatchedStore

KEEP_ALIVE = 75  # seconds without a request after which a connection is closed
GRACE = 10  # seconds that requests may take at the end
QUEUE = 2048  # connections that wait to be accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to serve. `artifact_root` is the URI below which the store keeps artifacts; `proxied`: clients reach them by us.

    With `auth` callers sign in; what they have no permission of their own for they may do by `default_permission`.
    """

    host: str = "127.0.0.1"
    port: int = 5000
    artifact_root: str
    home: Path  # where the output of runs lies while they go on
    proxied: bool = True
    largest_artifact: int  # bytes
    auth: bool = False
    default_permission: Permission = Permission.READ
    allowed_hosts: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    log_level: str = "warning"
    log_every: bool = False

    @property
    def scheme(self) -> str:
        """Of our own address."""
        return "https" if self.certificate else "http"


def serve(
    store: WatchedStore,
    options: Options,
    *,
    ready: Callable[[str], None],
    starting: Starting | None = None,
    differing: Differing | None = None,
    settings: Settings | None = None,
    scheduling: Scheduling | None = None,
) -> None:
    """Answer requests until a signal asks us to stop; `ready` is told the address. With `starting` people may start runs.

    `differing` tells how two runs were not executed alike. `settings` say where this machine keeps environments,
    `scheduling` what schedules mean.

    Raises:
        UsageError: the address cannot be had, or everybody could reach us and nobody has to sign in.
    """
    with ExitStack() as stack:
        hosts = Hosts(options.allowed_hosts, scheme=options.scheme)
        listening = stack.enter_context(_listening(options))
        artifacts = ServedArtifacts(
            open_files(options.artifact_root), largest=options.largest_artifact, direct=not options.proxied
        )
        places = Places(root=options.artifact_root, proxied=options.proxied)
        authenticate = stack.enter_context(_authenticate(store, options))
        native = Native(store, options.home, differing, settings, scheduling)
        writer = stack.enter_context(closing(Writer(store, native.watcher.wake)))
        app = create_app(
            Tracking(store, places, writer, artifacts, native, Pages(), starting),
            authenticate=authenticate,
            hosts=hosts,
        )
        server = _Server(_config(RequestLog(app, every=options.log_every), options), native.watcher.close)
        log_to_stderr(options.log_level, every=options.log_every)
        _allow_open_files()
        stack.enter_context(server.heeding_signals())
        gc.freeze()  # what is there now stays: to look through it again and again was a fifth of a long answer
        ready(f"{options.scheme}://{_bracketed(options.host)}:{listening.getsockname()[1]}")
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends as it should after a signal, and at once after a second one; uvicorn would send the signal to itself again."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending()  # streams would go on for ever
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn's begins late: see `heeding_signals`."""
        yield

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0 and self.server_state.connections:
            (connection, *_) = self.server_state.connections
            end_slow(self.server_state.connections, connection.loop.time())
        return await super().on_tick(counter)


def _config(app: Any, options: Options) -> uvicorn.Config:
    if options.key and not options.certificate:
        raise UsageError("a key needs its certificate", hint="--tls-cert names it")
    config = uvicorn.Config(
        app,
        http=Connection,
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
    )
    try:
        config.load()
    except OSError as error:
        raise UsageError(
            f"the certificate {options.certificate} cannot be used: {error}",
            hint="--tls-cert and --tls-key take PEM files that belong together",
        ) from error
    return config


@contextmanager
def _authenticate(store: WatchedStore, options: Options) -> Iterator[Authenticate]:
    if not options.auth:
        yield anybody
        return
    if not store.users.all():
        raise UsageError(
            "there are no users who could sign in", hint="runner users add NAME --admin makes the first"
        )
    with closing(Users(store, default=options.default_permission)) as users:
        yield users


@contextmanager
def _listening(options: Options) -> Iterator[socket.socket]:
    host, port = options.host, options.port
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        if not options.auth and not ipaddress.ip_address(address[0]).is_loopback:
            raise UsageError(
                f"whoever reaches {host} could read and delete everything: without --auth this machine alone is served",
                hint="runner users add NAME --admin, then runner server --auth; or leave --host out",
            )
        # Asyncio sends without delay only on sockets that say TCP; else each answer waits 40 ms for an acknowledgement.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise _unreachable(options, error) from error
    with listening:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(QUEUE)
        except OSError as error:
            raise _unreachable(options, error) from error
        yield listening


def _unreachable(options: Options, error: OSError) -> UsageError:
    return UsageError(
        f"cannot listen at {options.host}:{options.port}: {error.strerror}",
        hint="is a server running there? --port takes another",
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _allow_open_files() -> None:
    """Each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST if hard == resource.RLIM_INFINITY else min(2 * MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

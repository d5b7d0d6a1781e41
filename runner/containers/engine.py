"""The connection to a container engine: docker, or podman behind the same protocol.

Where it is: DOCKER_HOST (with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH), else the context that DOCKER_CONTEXT or
`docker context use` names, else the socket of this machine.
"""

import json
import queue
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeVar

from runner.containers import trouble
from runner.containers.wire import Answer, Call, Method, Output, Wire, target
from runner.errors import EnvironmentFailed

SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")
PROXIES = {
    "httpProxy": "http_proxy",
    "httpsProxy": "https_proxy",
    "ftpProxy": "ftp_proxy",
    "allProxy": "all_proxy",
    "noProxy": "no_proxy",
}
NO_PROXIES: Mapping[str, str] = {}
ANSWERS = 60.0  # seconds in which an engine has to say who it is
SLICE = 0.5  # seconds of one wait: a signal that arrives just before a wait is handled only after it

Told = TypeVar("Told")
# What engines have said of themselves by now, by address: headers. A run connects three times.
_met: dict[str, Mapping[str, str]] = {}


class Transport(Protocol):
    """How an engine is asked, see `Wire`."""

    def ask(self, call: Call) -> Answer: ...

    def attached(self, container: str) -> AbstractContextManager[Iterator[Output]]: ...


class Engine:
    """An engine that has answered. Call it inside of `trouble.explained`.

    Attributes:
        product: docker, or podman.
        socket: path of its socket on this machine; None where it is reached otherwise.
        proxies: environment variables that name proxies to what runs in containers.
    """

    def __init__(
        self,
        said: Mapping[str, str],
        transport: Transport,
        sdk: Callable[[], Any],
        proxies: Mapping[str, str] = NO_PROXIES,
        *,
        client: Any = None,
    ) -> None:
        """`said` are the headers of its answer to a ping, `client` the SDK's, where there is one already."""
        podman = "libpod-api-version" in said
        self.product: Literal["docker", "podman"] = "podman" if podman else "docker"
        self.socket = transport.path if isinstance(transport, Wire) else None
        self.proxies = proxies
        self._transport = transport
        self._sdk = sdk
        self._client = client

    @property
    def client(self) -> Any:
        """The SDK's: for all that `ask` is not for. To import it takes its time."""
        if self._client is None:
            self._client = self._sdk()
        return self._client

    def ask(self, method: Method, place: str, *parts: str, body: object = None, **query: object) -> Any:
        """What the engine answers to a call of its API, as JSON says it; `place` is as in `wire.target`.

        Raises:
            Refused: it does not do it.
        """
        data = b"" if body is None else json.dumps(body).encode()
        return self._transport.ask(Call(method, target(place, *parts, **query), data)).json()

    def transfer(
        self,
        method: Method,
        place: str,
        *parts: str,
        body: bytes = b"",
        most: int | None = None,
        **query: object,
    ) -> Answer:
        """The same for tar archives; `most` bytes of the answer are taken."""
        asked = target(place, *parts, **query)
        return self._transport.ask(Call(method, asked, body, kind="application/x-tar", most=most))

    def attached(self, container: str) -> AbstractContextManager[Iterator[Output]]:
        """The output of a container as it comes, until it ends."""
        return self._transport.attached(container)

    def patiently(self, call: Callable[[], Told]) -> Told:
        """The answer to a call that takes its time; a signal gets through meanwhile."""
        (answer,) = self.told(lambda: (call(),))
        return answer

    def told(self, call: Callable[[], Iterable[Told]]) -> Iterator[Told]:
        """What the engine tells in the course of a long call, as it comes; a signal gets through between."""
        said: queue.SimpleQueue[tuple[Literal["said", "over"], Any]] = queue.SimpleQueue()
        left = threading.Event()
        threading.Thread(target=_listen, args=(call, said, left), daemon=True).start()
        try:
            while True:
                with suppress(queue.Empty):
                    kind, what = said.get(timeout=SLICE)
                    if kind == "over":
                        break
                    yield what
        finally:
            left.set()
        if what is not None:
            raise what

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def connect(environ: Mapping[str, str]) -> Engine:
    """Connect to the engine that the `docker` command would use.

    Raises:
        EnvironmentFailed: there is none, it may not be used, or it does not answer.
    """
    where = environ.get("DOCKER_HOST") or _host_of_context(environ)
    scheme, _, path = where.removeprefix("http+").partition("://")
    with trouble.explained(f"no container engine can be used ({where})", reached=False):
        if scheme != "unix":
            return _connected_by_sdk(where, environ)
        if where not in _met:
            _met[where] = _pinged(Wire(path))
        wire = Wire(path, _met[where]["api-version"])
        return Engine(_met[where], wire, lambda: _client(environ, wire.protocol), _proxies(environ, where))


def _connected_by_sdk(where: str, environ: Mapping[str, str]) -> Engine:
    client = _client(environ, _met[where]["api-version"] if where in _met else None)
    try:
        session = import_module("runner.containers.session").Session(client.api)
        if where not in _met:
            _met[where] = _pinged(session)
        return Engine(_met[where], session, lambda: client, _proxies(environ, where), client=client)
    except BaseException:
        client.close()
        raise


def _pinged(transport: Transport) -> Mapping[str, str]:
    headers = transport.ask(Call("GET", "/_ping", patience=ANSWERS)).headers
    if "api-version" not in headers:
        raise ConnectionError("this is no engine")
    return headers


def _client(environ: Mapping[str, str], protocol: str | None) -> Any:
    """The SDK's client; without a version of the protocol it asks the engine for its own."""
    docker = import_module("docker")
    # of logins: what cannot be read is told when it is needed
    warnings.filterwarnings("ignore", module=r"docker\.credentials\.")
    client = docker.from_env(
        environment=dict(environ), timeout=ANSWERS, use_ssh_client=True, version=protocol
    )
    client.api.headers.update(configured(environ).get("HttpHeaders") or {})
    client.api.timeout = None  # from here on: a pull or a commit may be silent for minutes
    return client


def within_reach(environ: Mapping[str, str]) -> bool:
    """Whether there may be an engine: one is named, or the usual socket is there. Nothing is imported, nothing asked."""
    named = environ.get("DOCKER_HOST") or environ.get("DOCKER_CONTEXT")
    return bool(named) or any(Path(path).exists() for path in SOCKETS)


def _host_of_context(environ: Mapping[str, str]) -> str:
    name = environ.get("DOCKER_CONTEXT") or None
    if name is None and "currentContext" not in configured(environ):
        return f"unix://{SOCKETS[0]}"
    with trouble.explained("the context of docker cannot be read"):
        context = import_module("docker.context").ContextAPI.get_context(name)
    if context is None:  # of which the SDK makes the default
        named = name or "that `docker context use` chose last"
        raise EnvironmentFailed(
            f"there is no docker context {named}",
            hint="`docker context ls` shows them; `docker context use default` is the engine of this machine",
        )
    return str(context.Host).removeprefix("http+")


def configured(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The configuration of the `docker` command; nothing where there is none that can be read."""
    try:
        directory = environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
        found = json.loads(Path(directory, "config.json").read_bytes())
    except (OSError, ValueError, RuntimeError):  # nobody's home is known
        return {}
    return found if isinstance(found, dict) else {}


def _proxies(environ: Mapping[str, str], where: str) -> Mapping[str, str]:
    """As `docker run` sets them, see https://docs.docker.com/engine/cli/proxy/."""
    found = configured(environ).get("proxies")
    named = (found.get(where) or found.get("default")) if isinstance(found, dict) else None
    if not isinstance(named, dict):
        return NO_PROXIES
    chosen = {variable: str(named[name]) for name, variable in PROXIES.items() if named.get(name)}
    return chosen | {variable.upper(): text for variable, text in chosen.items()}


def _listen(
    call: Callable[[], Iterable[Told]],
    said: "queue.SimpleQueue[tuple[Literal['said', 'over'], Any]]",
    left: threading.Event,
) -> None:
    try:
        for what in call():
            if left.is_set():
                break
            said.put(("said", what))
    except BaseException as error:  # noqa: BLE001 - raised by who waits for it
        said.put(("over", error))
    else:
        said.put(("over", None))

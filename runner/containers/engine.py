"""The connection to a container engine: docker, or podman behind the same protocol.

Where it is: DOCKER_HOST (with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH), else the context that DOCKER_CONTEXT or
`docker context use` names, else the socket of this machine.
"""

import queue
import socket
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from msgspec import Struct

from runner.containers import trouble
from runner.errors import EnvironmentFailed

SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")
ANSWERS = 60.0  # seconds in which an engine has to say who it is
SLICE = 0.5  # seconds of one wait: a signal that arrives just before a wait is handled only after it

Answer = TypeVar("Answer")
# What engines have said by now, by address: the version of the protocol, and of themselves. A run connects three times.
_met: dict[str, tuple[str, Mapping[str, Any]]] = {}


class Engine(Struct, frozen=True):
    """An engine that has answered. `client` is the SDK's; call it inside of `trouble.explained`."""

    client: Any
    product: Literal["docker", "podman"]
    version: str
    platform: str  # "linux/amd64"

    def patiently(self, call: Callable[[], Answer]) -> Answer:
        """The answer to a call that takes its time; a signal gets through meanwhile."""
        (answer,) = self.told(lambda: (call(),))
        return answer

    def told(self, call: Callable[[], Iterable[Answer]]) -> Iterator[Answer]:
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
        self.client.close()

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
    docker = import_module("docker")
    # of logins: what cannot be read is told when it is needed
    warnings.filterwarnings("ignore", module=r"docker\.credentials\.")
    where = environ.get("DOCKER_HOST") or _host_of_context(environ)
    with trouble.explained(f"no container engine can be used ({where})", reached=False):
        _knock(where)
        spoken, version = _met.get(where, (None, None))
        client = docker.from_env(
            environment=dict(environ), timeout=ANSWERS, use_ssh_client=True, version=spoken
        )
        try:
            if version is None:
                version = client.version()
                _met[where] = client.api.api_version, version
            client.api.timeout = None  # from here on: a pull or a commit may be silent for minutes
            return engine(client, version)
        except BaseException:
            client.close()
            raise


def engine(client: Any, version: Mapping[str, Any]) -> Engine:
    """The engine whose answer to `version` this is."""
    components = [str(part.get("Name", "")) for part in version.get("Components") or ()]
    podman = any(name.startswith("Podman") for name in components)
    return Engine(
        client,
        "podman" if podman else "docker",
        str(version.get("Version", "")),
        f"{version.get('Os', 'linux')}/{version.get('Arch', '')}",
    )


def within_reach(environ: Mapping[str, str]) -> bool:
    """Whether there may be an engine: one is named, or the usual socket is there. Nothing is imported, nothing asked."""
    named = environ.get("DOCKER_HOST") or environ.get("DOCKER_CONTEXT")
    return bool(named) or any(Path(path).exists() for path in SOCKETS)


def _host_of_context(environ: Mapping[str, str]) -> str:
    name = environ.get("DOCKER_CONTEXT") or None
    with trouble.explained("the context of docker cannot be read"):
        context = import_module("docker.context").ContextAPI.get_context(name)
    if context is None:  # of which the SDK makes the default
        named = name or "that `docker context use` chose last"
        raise EnvironmentFailed(
            f"there is no docker context {named}",
            hint="`docker context ls` shows them; `docker context use default` is the engine of this machine",
        )
    return str(context.Host).removeprefix("http+")


def _knock(where: str) -> None:
    """See that somebody listens at a socket of this machine: the SDK leaves its own open when nobody does."""
    scheme, _, path = where.partition("://")
    if scheme.removeprefix("http+") == "unix":
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(ANSWERS)
            probe.connect(path)


def _listen(
    call: Callable[[], Iterable[Answer]],
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

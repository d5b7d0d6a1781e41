"""A container from its start to its removal; creating.py makes it.

with container.attached() as output:
    container.start()
    for stream, data in output: ...       # from the first byte on; container.kill(signal) meanwhile
    container.ended()
container.remove()
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from runner.containers import trouble
from runner.containers.engine import Engine
from runner.errors import EnvironmentFailed

HINTS: Mapping[str, str] = {
    "bind source path does not exist": "an engine on another machine does not see these files: --build-image sends them",
    "is already in use by container": "leave -A name=... out, or choose another name",
    "docker-init": "install tini where the engine is, or run with -A init=false",
    "catatonit": "install catatonit where the engine is, or run with -A init=false",
    "Connection aborted": "the engine has ended; its log (`journalctl -u docker`) may say why",
    "invalid mode": "a volume may end in :ro or :rw, and what else `docker run -v` takes",
    "Duplicate mount point": "two volumes have the same place in the container",
}


class Ended(Struct, frozen=True):
    """`code` as the engine tells it; `starved`: it was killed because it used more than its memory, `limit` bytes if set."""

    code: int
    starved: bool
    limit: int


class Container(Struct, frozen=True):
    """A container that exists. `shell` is what its command runs in: not every image has a bash."""

    engine: Engine
    id: str
    shell: Literal["bash", "sh"] = "bash"

    @contextmanager
    def attached(self) -> Iterator[Iterator[tuple[Literal["stdout", "stderr"], bytes]]]:
        """Its output as it comes, until it ends; attach before the start."""
        stream = self._api.attach(self.id, stdout=True, stderr=True, stream=True, demux=True)
        try:
            yield _apart(stream)
        finally:
            stream._response.close()  # noqa: SLF001 - its own close() leaves the descriptor open

    def start(self) -> None:
        with hinted(), trouble.explained("the container cannot be started"):
            self._api.start(self.id)

    def kill(self, number: int) -> None:
        """Send a signal, to one that has ended as well."""
        with suppress(import_module("docker.errors").APIError):
            self._api.kill(self.id, signal=number)

    def ended(self) -> Ended:
        """Wait for the end."""
        code = int(self._api.wait(self.id, timeout=None)["StatusCode"])
        found = self._api.inspect_container(self.id)
        return Ended(code, bool(found["State"].get("OOMKilled")), int(found["HostConfig"].get("Memory") or 0))

    def remove(self) -> None:
        """Whether it runs or not, and its volumes without names. Who cannot be removed now is found by `owners.reap`."""
        with suppress(EnvironmentFailed), trouble.explained("a container cannot be removed"):
            self._api.remove_container(self.id, force=True, v=True)

    def has(self, path: str) -> bool:
        """Whether there is such a file in it."""
        return self.stat(path) is not None

    def stat(self, path: str) -> Mapping[str, Any] | None:
        """What the engine tells of a file: `mode` and, where it is a link, `linkTarget`; None where there is none."""
        url = f"{self._api.base_url}/v{self._api.api_version}/containers/{self.id}/archive"
        with trouble.explained("the container cannot be looked into"):
            answer = self._api.head(url, params={"path": path}, timeout=self._api.timeout)
        if answer.status_code != HTTPStatus.OK:
            return None
        found: Mapping[str, Any] = import_module("docker.utils").decode_json_header(
            answer.headers["X-Docker-Container-Path-Stat"]
        )
        return found

    @property
    def _api(self) -> Any:
        return self.engine.client.api


def socket_path(engine: Engine) -> str | None:
    """The engine's socket on this machine; None where it is reached otherwise."""
    api = engine.client.api
    path: str | None = getattr(api.get_adapter(api.base_url), "socket_path", None)
    return path


def rootless(engine: Engine) -> bool:
    """Whether the engine runs as the caller, who is root in its containers then."""
    path = socket_path(engine)
    try:
        return path is not None and 0 != os.getuid() == Path(path).stat().st_uid
    except OSError:
        return False


@contextmanager
def hinted() -> Iterator[None]:
    """What the person can do about what the engine says."""
    try:
        yield
    except EnvironmentFailed as error:
        for sign, hint in HINTS.items():
            if sign in str(error) and error.hint is None:
                error.hint = hint
        raise


def _apart(stream: Any) -> Iterator[tuple[Literal["stdout", "stderr"], bytes]]:
    for out, err in stream:
        if out:
            yield "stdout", out
        if err:
            yield "stderr", err

"""A container from its start to its removal; creating.py makes it.

with container.attached() as output:
    container.start()
    for stream, data in output: ...       # from the first byte on; container.kill(signal) meanwhile
    container.ended()
container.remove()
"""

import json
import os
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from runner.containers import trouble
from runner.containers.engine import Engine
from runner.containers.wire import Output, Refused
from runner.errors import EnvironmentFailed

HINTS: Mapping[str, str] = {
    "bind source path does not exist": "an engine on another machine does not see these files: --build-image sends them",
    "is already in use by container": "leave -A name=... out, or choose another name",
    "docker-init": "install tini where the engine is, or run with -A init=false",
    "catatonit": "install catatonit where the engine is, or run with -A init=false",
    "Connection aborted": "the engine has ended; its log (`journalctl -u docker`) may say why",
    "Connection reset": "the engine has ended; its log (`journalctl -u docker`) may say why",
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
    def attached(self) -> Iterator[Iterator[Output]]:
        """Its output as it comes, until it ends; attach before the start."""
        with self.engine.attached(self.id) as output:
            yield output

    def start(self) -> None:
        with hinted(), trouble.explained("the container cannot be started"):
            self.engine.ask("POST", "/containers/{}/start", self.id)

    def kill(self, number: int) -> None:
        """Send a signal, to one that has ended as well."""
        with suppress(Refused):
            self.engine.ask("POST", "/containers/{}/kill", self.id, signal=number)

    def ended(self) -> Ended:
        """Wait for the end."""
        code = int(self.engine.ask("POST", "/containers/{}/wait", self.id)["StatusCode"])
        found = self.engine.ask("GET", "/containers/{}/json", self.id)
        return Ended(code, bool(found["State"].get("OOMKilled")), int(found["HostConfig"].get("Memory") or 0))

    def remove(self) -> None:
        """Whether it runs or not, and its volumes without names. Who cannot be removed now is found by `owners.reap`."""
        with suppress(EnvironmentFailed), trouble.explained("a container cannot be removed"):
            self.engine.ask("DELETE", "/containers/{}", self.id, force=1, v=1)

    def has(self, path: str) -> bool:
        """Whether there is such a file in it."""
        return self.stat(path) is not None

    def stat(self, path: str) -> Mapping[str, Any] | None:
        """What the engine tells of a file: `mode` and, where it is a link, `linkTarget`; None where there is none."""
        with trouble.explained("the container cannot be looked into"):
            try:
                answer = self.engine.transfer("HEAD", "/containers/{}/archive", self.id, path=path)
            except Refused:
                return None
        found: Mapping[str, Any] = json.loads(b64decode(answer.headers["x-docker-container-path-stat"]))
        return found


def rootless(engine: Engine) -> bool:
    """Whether the engine runs as the caller, who is root in its containers then."""
    try:
        return engine.socket is not None and 0 != os.getuid() == Path(engine.socket).stat().st_uid
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

"""One container from its creation to its removal, and the removal of those whose runner died.

    container = create(engine, setup, job's command and variables)     # created; nothing runs yet
    for stream, data in container.attached(): ...                      # its output, from the first byte on
    container.start() ... container.kill(signal) ... container.ended() ... container.remove()

Each container carries its run and its owner (a process of a machine) as labels, so that `reap` knows the orphans.
"""

import getpass
import io
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from runner.containers import trouble
from runner.containers.engine import Engine
from runner.containers.volumes import Volume
from runner.errors import EnvironmentFailed

RUN, OWNER = "runner.run", "runner.owner"
CODE = "/mlflow/projects/code"  # where MLflow has it
INPUTS = "/mlflow/inputs"
HOME = "/mlflow/home"
SHELLS = {"bash": ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"), "sh": ("/bin/sh", "/usr/bin/sh")}
LARGEST_PASSWD = 1024 * 1024  # bytes
NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")  # of a user
HINTS: Mapping[str, str] = {
    "bind source path does not exist": "an engine on another machine does not see these files: --build-image sends them",
    "is already in use by container": "leave -A name=... out, or choose another name",
    "docker-init": "install tini where the engine is, or run with -A init=false",
    "catatonit": "install catatonit where the engine is, or run with -A init=false",
    "Duplicate mount point": "two volumes have the same place in the container",
}
# A shell that a signal reaches waits for what it runs, which gets the signal, too, and only then ends.
HEEDING = "trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; "


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that started a container: where its number means something, the number, and when it started."""

    host: str
    pid: int
    started: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a run's container is made of, its command and variables aside.

    Attributes:
        image: id.
        owner: this process.
        mounts: path of this machine -> path in the container, to be written.
        inputs: the same, only to be read.
        volumes: what the person and the project mount.
        options: arguments of the SDK that the person gave, see arguments.py.
        hosts: names for addresses, in addition to those of the engine.
        path: directories in front of the image's PATH.
    """

    image: str
    owner: Owner
    mounts: Mapping[Path, str] = field(default_factory=dict)
    inputs: Mapping[Path, str] = field(default_factory=dict)
    volumes: Sequence[Volume] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)
    path: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """`code` as the engine tells it; `starved`: it was killed because it used more than its memory, `limit` bytes if set."""

    code: int
    starved: bool
    limit: int


@dataclass(frozen=True, slots=True)
class Container:
    """A container that exists. `shell` is what its command runs in: not every image has a bash."""

    engine: Engine
    id: str
    shell: Literal["bash", "sh"]

    def attached(self) -> Iterator[tuple[Literal["stdout", "stderr"], bytes]]:
        """Its output as it comes, until it ends; ask before the start."""
        stream = self._api.attach(self.id, stdout=True, stderr=True, stream=True, demux=True)
        return _apart(stream)

    def start(self) -> None:
        with trouble.explained("the container cannot be started"), _hinted():
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
        """Whether it runs or not, and its volumes without names. Who cannot be removed now is found by `reap`."""
        with suppress(EnvironmentFailed), trouble.explained("a container cannot be removed"):
            self._api.remove_container(self.id, force=True, v=True)

    def has(self, path: str) -> bool:
        """Whether there is such a file in it."""
        url = f"{self._api.base_url}/v{self._api.api_version}/containers/{self.id}/archive"
        answer = self._api.head(url, params={"path": path}, timeout=self._api.timeout)
        return bool(answer.status_code == HTTPStatus.OK)

    def introduce(self, uid: int, gid: int, name: str) -> None:
        """Tell its programs who they are, if the image does not know this user; not all programs do without."""
        errors = import_module("docker.errors")
        with suppress(errors.APIError):  # no such file, or a file system that is only read
            known = _text(self._api.get_archive(self.id, "/etc/passwd")[0])
            if not any(line.split(":")[2:3] == [str(uid)] for line in known.splitlines()):
                line = f"{name}:x:{uid}:{gid}::{HOME}:/bin/sh\n"
                self._api.put_archive(
                    self.id, "/etc", _archive("passwd", f"{known.rstrip()}\n{line}".lstrip())
                )

    @property
    def _api(self) -> Any:
        return self.engine.client.api


def create(
    engine: Engine, setup: Setup, *, run_id: str, command: str, variables: Mapping[str, str]
) -> Container:
    """Create the container of a run; its name is `name_of` the run, if the person has no other.

    Raises:
        EnvironmentFailed: the engine refuses, or the image has no shell.
    """
    arguments = _arguments(engine, setup, run_id=run_id, variables=variables)
    for shell in ("bash", "sh"):
        with trouble.explained("the container cannot be created"), _hinted():
            argv = [shell, "-c", HEEDING + command]
            made = engine.client.containers.create(setup.image, argv, **arguments)
        container = Container(engine, made.id, "bash" if shell == "bash" else "sh")
        try:
            if any(map(container.has, SHELLS[shell])):
                if arguments["user"] == _caller(engine) != "0:0":
                    container.introduce(os.getuid(), os.getgid(), _safe_name())
                return container
        except BaseException:
            container.remove()
            raise
        container.remove()
    raise EnvironmentFailed(
        "the image has no shell, neither bash nor sh, and commands of projects are shell commands",
        hint="use an image with a shell: `-slim` in place of `distroless`",
    )


def name_of(run_id: str) -> str:
    """The name of a run's container."""
    return f"runner-{run_id}"


def reap(engine: Engine, gone: Callable[[Owner], bool]) -> int:
    """Remove the containers whose owner is gone, running or not; how many there were."""
    count = 0
    with trouble.explained("the containers cannot be listed"):
        listed = engine.client.api.containers(all=True, filters={"label": OWNER})
    for found in listed:
        owner = _owner(found.get("Labels") or {})
        if owner is not None and gone(owner):
            Container(engine, found["Id"], "sh").remove()
            count += 1
    return count


def labels(run_id: str, owner: Owner) -> dict[str, str]:
    """What marks a container as ours."""
    return {RUN: run_id, OWNER: json.dumps(asdict(owner))}


def socket_path(engine: Engine) -> str | None:
    """The engine's socket on this machine; None where it is reached otherwise."""
    api = engine.client.api
    path: str | None = getattr(api.get_adapter(api.base_url), "socket_path", None)
    return path


def _owner(labels: Mapping[str, str]) -> Owner | None:
    """As the label says; anybody may have written it."""
    try:
        return Owner(**json.loads(labels[OWNER]))
    except (KeyError, ValueError, TypeError):
        return None


def _arguments(engine: Engine, setup: Setup, *, run_id: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """For the SDK: what the person gave wins, and lists and mappings are joined."""
    given = dict(setup.options)
    mine = "user" not in given
    taken = {volume.target.rstrip("/") for volume in setup.volumes}
    mounts = [(path, target, False) for path, target in setup.mounts.items()]
    mounts += [(path, target, True) for path, target in setup.inputs.items()]
    ours: dict[str, Any] = {
        "name": name_of(run_id),
        "user": _caller(engine),
        "working_dir": CODE,
        "init": True,
        "environment": _environment(engine, setup, variables, mine=mine),
        "labels": given.pop("labels", {}) | labels(run_id, setup.owner),
        "extra_hosts": {**setup.hosts, **given.pop("extra_hosts", {})},
        "group_add": (_groups(engine) if mine else []) + given.pop("group_add", []),
        "tmpfs": ({HOME: "exec,mode=1777"} if mine else {}) | given.pop("tmpfs", {}),
        "volumes": [str(volume) for volume in setup.volumes],
        "mounts": [_bind(*mount) for mount in mounts if mount[1] not in taken],
    }
    if engine.product == "docker":
        ours["log_config"] = {"type": "none"}  # we keep the output, and nobody else needs to
    return ours | given


def _environment(engine: Engine, setup: Setup, variables: Mapping[str, str], *, mine: bool) -> dict[str, str]:
    found = {"TINI_KILL_PROCESS_GROUP": "1"}  # a signal reaches all that the command runs, as on a terminal
    if mine:
        found["HOME"] = HOME
    if setup.path:
        with trouble.explained("the image cannot be looked at"):
            config = engine.client.api.inspect_image(setup.image)["Config"]
        theirs = dict(line.partition("=")[::2] for line in config.get("Env") or ())
        found["PATH"] = ":".join([*setup.path, theirs.get("PATH") or "/usr/local/bin:/usr/bin:/bin"])
    return found | dict(variables)


def _bind(source: Path, target: str, only_read: bool) -> dict[str, Any]:
    return {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": only_read}


def _caller(engine: Engine) -> str:
    """The user that is the caller outside: where the engine runs as the caller, that is root inside."""
    return "0:0" if _rootless(engine) else f"{os.getuid()}:{os.getgid()}"


def _groups(engine: Engine) -> list[str]:
    if os.getuid() == 0 or _rootless(engine):
        return []
    return [str(group) for group in os.getgroups() if group != os.getgid()]


def _rootless(engine: Engine) -> bool:
    path = socket_path(engine)
    try:
        return path is not None and 0 != os.getuid() == Path(path).stat().st_uid
    except OSError:
        return False


def _safe_name() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return "user"
    return name if NAME.fullmatch(name) else "user"


def _apart(stream: Any) -> Iterator[tuple[Literal["stdout", "stderr"], bytes]]:
    try:
        for out, err in stream:
            if out:
                yield "stdout", out
            if err:
                yield "stderr", err
    finally:
        stream._response.close()  # noqa: SLF001 - its own close() leaves the descriptor open


def _text(pieces: Iterator[bytes]) -> str:
    """The only file of an archive."""
    data = b""
    for piece in pieces:
        data += piece
        if len(data) > LARGEST_PASSWD:
            return ""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        file = archive.extractfile(archive.getmembers()[0])
        return file.read().decode(errors="replace") if file else ""


def _archive(name: str, text: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(text.encode()), 0o644
        archive.addfile(member, io.BytesIO(text.encode()))
    return data.getvalue()


@contextmanager
def _hinted() -> Iterator[None]:
    """What the person can do about what the engine says."""
    try:
        yield
    except EnvironmentFailed as error:
        for sign, hint in HINTS.items():
            if sign in str(error) and error.hint is None:
                error.hint = hint
        raise

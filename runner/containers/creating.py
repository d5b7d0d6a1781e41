"""The container of a run: made, but not started.

What the person gave (`-A`) wins over what we would choose; lists and mappings are joined.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from runner.containers import passwd, trouble
from runner.containers.engine import Engine
from runner.containers.model import merged
from runner.containers.owners import Owner, labels
from runner.containers.running import Container, hinted, rootless
from runner.containers.volumes import Volume
from runner.errors import EnvironmentFailed

CODE = "/mlflow/projects/code"  # where MLflow has it
INPUTS = "/mlflow/inputs"
HOME = "/mlflow/home"
SHELLS = {"bash": ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"), "sh": ("/bin/sh", "/usr/bin/sh")}
# A shell that a signal reaches waits for what it runs, which gets the signal, too, and only then ends.
HEEDING = "trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; "


class Setup(Struct, frozen=True, kw_only=True):
    """What a run's container is made of, its command and variables aside.

    Attributes:
        image: id.
        owner: this process.
        mounts: path in the container -> path of this machine, to be written.
        inputs: the same, only to be read.
        volumes: what the person and the project mount.
        options: what the person gave, see arguments.py.
        hosts: names for addresses, in addition to those of the engine.
        path: directories in front of the image's PATH.
        brought_out: patterns of files in its working directory that are copied to that of the job at the end.
    """

    image: str
    owner: Owner
    mounts: Mapping[str, Path] = {}
    inputs: Mapping[str, Path] = {}
    volumes: Sequence[Volume] = ()
    options: Mapping[str, Any] = {}
    hosts: Mapping[str, str] = {}
    path: Sequence[str] = ()
    brought_out: Sequence[str] = ()


def create(
    engine: Engine, setup: Setup, *, run_id: str, command: str, variables: Mapping[str, str]
) -> Container:
    """Create the container of a run; its name is `name_of` the run, if the person has no other.

    Raises:
        EnvironmentFailed: the engine refuses, or the image has no shell.
    """
    configuration = _configuration(engine, setup, run_id=run_id, variables=variables)
    name, platform = configuration.pop("name"), configuration.pop("platform", None)
    for shell in ("bash", "sh"):
        with hinted(), trouble.explained("the container cannot be created"):
            body = configuration | {"Cmd": [shell, "-c", HEEDING + command]}
            made = engine.ask("POST", "/containers/create", body=body, name=name, platform=platform)
        container = Container(engine, made["Id"], "bash" if shell == "bash" else "sh")
        try:
            if any(map(container.has, SHELLS[shell])):
                if configuration["User"] == _caller(engine) != "0:0":
                    with trouble.explained("the container cannot be told its user"):
                        passwd.introduce(container, os.getuid(), os.getgid(), home=HOME)
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


def _configuration(
    engine: Engine, setup: Setup, *, run_id: str, variables: Mapping[str, str]
) -> dict[str, Any]:
    """What the person gave wins, and lists and mappings are joined; our labels are ours, whatever they say."""
    given = setup.options
    host = given.get("HostConfig", {})
    mine = "User" not in given
    taken = {volume.target.rstrip("/") for volume in setup.volumes}
    mounts = [_bind(*mount, only_read=False) for mount in setup.mounts.items() if mount[0] not in taken]
    mounts += [_bind(*mount, only_read=True) for mount in setup.inputs.items()]
    named = {text.partition(":")[0] for text in host.get("ExtraHosts", ())}
    ours = {
        "name": name_of(run_id),
        "Image": setup.image,
        "User": _caller(engine),
        "WorkingDir": CODE,
        "Env": [f"{name}={text}" for name, text in _environment(engine, setup, variables, mine=mine).items()],
        "HostConfig": {
            "Init": True,
            "NetworkMode": "default",
            "ExtraHosts": [f"{name}:{address}" for name, address in setup.hosts.items() if name not in named],
            "GroupAdd": _groups(engine) if mine else [],
            "Tmpfs": {HOME: "exec,mode=1777"} if mine else {},
            "Binds": [str(volume) for volume in setup.volumes],
            "Mounts": mounts,
            # we keep the output, and nobody else needs to
            **({"LogConfig": {"Type": "none"}} if engine.product == "docker" else {}),
        },
    }
    return merged(merged(ours, given), {"Labels": labels(run_id, setup.owner)})


def _environment(engine: Engine, setup: Setup, variables: Mapping[str, str], *, mine: bool) -> dict[str, str]:
    found = {"TINI_KILL_PROCESS_GROUP": "1"}  # a signal reaches all that the command runs, as on a terminal
    if mine:
        found["HOME"] = HOME
    if setup.path:
        with trouble.explained("the image cannot be looked at"):
            config = engine.ask("GET", "/images/{}/json", setup.image)["Config"]
        theirs = dict(line.partition("=")[::2] for line in config.get("Env") or ())
        found["PATH"] = ":".join([*setup.path, theirs.get("PATH") or "/usr/local/bin:/usr/bin:/bin"])
    return found | dict(variables)


def _bind(target: str, source: Path, *, only_read: bool) -> dict[str, Any]:
    return {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": only_read}


def _caller(engine: Engine) -> str:
    """The user that is the caller outside: where the engine runs as the caller, that is root inside."""
    return "0:0" if rootless(engine) else f"{os.getuid()}:{os.getgid()}"


def _groups(engine: Engine) -> list[str]:
    if os.getuid() == 0 or rootless(engine):
        return []
    return [str(group) for group in os.getgroups() if group != os.getgid()]

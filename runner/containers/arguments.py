"""`-A NAME[=VALUE]`: options of `docker run`, as MLflow takes them, in the words of the engine's API.

"gpus=all", "shm-size=2g", "v=/data:/data:ro"  ─►  {"HostConfig": {"DeviceRequests": [...], "ShmSize": ...}}, volumes
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from runner.containers.model import Arguments, merged
from runner.errors import UsageError, did_you_mean

Read: TypeAlias = Callable[[str], Any]
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", re.IGNORECASE)
UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
PORT = re.compile(
    r"(?:(?:(?P<address>[0-9.]+|\[[0-9a-f:]+\]):)?(?P<outside>\d*):)?(?P<inside>\d+)(?P<protocol>/(?:tcp|udp|sctp))?"
)
USER = re.compile(r"[\w.-]+(?::[\w.-]+)?", re.ASCII)
TRUTHS = {"": True, "true": True, "1": True, "false": False, "0": False}


class Option(Struct, frozen=True):
    """`place` is where its value stands in a container's configuration; a `joined` one may be repeated."""

    place: str
    read: Read
    joined: bool = False


def _size(text: str) -> int:
    if text == "-1":  # swap without a limit
        return -1
    found = SIZE.fullmatch(text)
    if found is None:
        raise ValueError("a size, such as 512m or 2g")
    return int(float(found[1]) * UNITS[found[2].lower()])


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("a whole number") from None


def _cpus(text: str) -> int:
    try:
        return int(float(text) * 1e9)
    except (ValueError, OverflowError):
        raise ValueError("a number of processors, such as 1.5") from None


def _flag(text: str) -> bool:
    if text.lower() not in TRUTHS:
        raise ValueError("true or false, or no value at all")
    return TRUTHS[text.lower()]


def _text(text: str) -> str:
    if not text:
        raise ValueError("a text that is not empty")
    return text


def _volume(text: str) -> str:
    if not text:
        raise ValueError("SOURCE:/PATH or SOURCE:/PATH:ro")
    return text


def _user(text: str) -> str:
    """Goes into a Dockerfile, too, see `--build-image`."""
    if not USER.fullmatch(text):
        raise ValueError("a user, and perhaps a group, such as 1000:1000")
    return text


def _one(text: str) -> list[str]:
    return [_text(text)]


def _setting(text: str) -> dict[str, str]:
    name, found, value = text.partition("=")
    if not name or not found:
        raise ValueError("NAME=VALUE")
    return {name: value}


def _host(text: str) -> list[str]:
    name, found, _ = text.partition(":")
    if not name or not found:
        raise ValueError("NAME:ADDRESS")
    return [text]


def _device(text: str) -> list[dict[str, str]]:
    outside, _, rest = _text(text).partition(":")
    inside, _, rights = rest.partition(":")
    if not rights and set(inside) <= set("rwm"):  # OUTSIDE:RIGHTS
        inside, rights = "", inside
    place = {"PathOnHost": outside, "PathInContainer": inside or outside}
    return [{**place, "CgroupPermissions": rights or "rwm"}]


def _tmpfs(text: str) -> dict[str, str]:
    place, _, options = _text(text).partition(":")
    return {place: options}


def _label(text: str) -> dict[str, str]:
    name, _, value = _text(text).partition("=")
    return {name: value}


def _entry_point(text: str) -> list[str]:
    return [text] if text else []  # none: the image's own is left out


def _ulimit(text: str) -> list[dict[str, Any]]:
    found = re.fullmatch(r"(\w+)=(-?\d+)(?::(-?\d+))?", text)
    if found is None:
        raise ValueError("NAME=SOFT[:HARD], such as nofile=4096:8192")
    return [{"Name": found[1], "Soft": int(found[2]), "Hard": int(found[3] or found[2])}]


def _gpus(text: str) -> list[dict[str, Any]]:
    """all | NUMBER | device=ID[,ID]; then ,capabilities=..., ,driver=..."""
    request: dict[str, Any] = {
        "Driver": "",
        "Count": 0,
        "DeviceIDs": [],
        "Capabilities": [["gpu"]],
        "Options": {},
    }
    key = "count"
    for part in _text(text).strip("\"'").split(","):
        name, equal, value = part.partition("=")
        key, value = (name, value) if equal else (key, name)
        match key:
            case "count" if value == "all" or value.isdecimal():
                request["Count"] = -1 if value == "all" else int(value)
            case "device" if value:
                request["DeviceIDs"].append(value)
            case "driver":
                request["Driver"] = value
            case "capabilities":
                request["Capabilities"][0].append(value)
            case _:
                raise ValueError("all, a number, or device=ID,ID")
    return [request]


def _port(text: str) -> dict[str, Any]:
    found = PORT.fullmatch(text)
    if found is None:
        raise ValueError("[[ADDRESS:]PORT:]PORT[/udp], such as 127.0.0.1:8080:80")
    inside = found["inside"] + (found["protocol"] or "/tcp")
    outside = {"HostIp": (found["address"] or "").strip("[]"), "HostPort": found["outside"] or ""}
    return {"ExposedPorts": {inside: {}}, "HostConfig": {"PortBindings": {inside: [outside]}}}


# `name` and `platform` are no part of the configuration: the engine takes them beside it.
OPTIONS: Mapping[str, Option] = {
    "add-host": Option("HostConfig.ExtraHosts", _host, joined=True),
    "blkio-weight": Option("HostConfig.BlkioWeight", _number),
    "cap-add": Option("HostConfig.CapAdd", _one, joined=True),
    "cap-drop": Option("HostConfig.CapDrop", _one, joined=True),
    "cgroup-parent": Option("HostConfig.CgroupParent", _text),
    "cgroupns": Option("HostConfig.CgroupnsMode", _text),
    "cpu-period": Option("HostConfig.CpuPeriod", _number),
    "cpu-quota": Option("HostConfig.CpuQuota", _number),
    "cpu-shares": Option("HostConfig.CpuShares", _number),
    "cpus": Option("HostConfig.NanoCpus", _cpus),
    "cpuset-cpus": Option("HostConfig.CpusetCpus", _text),
    "cpuset-mems": Option("HostConfig.CpusetMems", _text),
    "device": Option("HostConfig.Devices", _device, joined=True),
    "device-cgroup-rule": Option("HostConfig.DeviceCgroupRules", _one, joined=True),
    "dns": Option("HostConfig.Dns", _one, joined=True),
    "dns-option": Option("HostConfig.DnsOptions", _one, joined=True),
    "dns-search": Option("HostConfig.DnsSearch", _one, joined=True),
    "domainname": Option("Domainname", _text),
    "entrypoint": Option("Entrypoint", _entry_point),
    "gpus": Option("HostConfig.DeviceRequests", _gpus, joined=True),
    "group-add": Option("HostConfig.GroupAdd", _one, joined=True),
    "hostname": Option("Hostname", _text),
    "init": Option("HostConfig.Init", _flag),
    "ipc": Option("HostConfig.IpcMode", _text),
    "label": Option("Labels", _label, joined=True),
    "mac-address": Option("MacAddress", _text),
    "memory": Option("HostConfig.Memory", _size),
    "memory-reservation": Option("HostConfig.MemoryReservation", _size),
    "memory-swap": Option("HostConfig.MemorySwap", _size),
    "memory-swappiness": Option("HostConfig.MemorySwappiness", _number),
    "name": Option("name", _text),
    "network": Option("HostConfig.NetworkMode", _text),
    "oom-kill-disable": Option("HostConfig.OomKillDisable", _flag),
    "oom-score-adj": Option("HostConfig.OomScoreAdj", _number),
    "pid": Option("HostConfig.PidMode", _text),
    "pids-limit": Option("HostConfig.PidsLimit", _number),
    "platform": Option("platform", _text),
    "privileged": Option("HostConfig.Privileged", _flag),
    "publish": Option("", _port, joined=True),
    "read-only": Option("HostConfig.ReadonlyRootfs", _flag),
    "runtime": Option("HostConfig.Runtime", _text),
    "security-opt": Option("HostConfig.SecurityOpt", _one, joined=True),
    "shm-size": Option("HostConfig.ShmSize", _size),
    "storage-opt": Option("HostConfig.StorageOpt", _setting, joined=True),
    "sysctl": Option("HostConfig.Sysctls", _setting, joined=True),
    "tmpfs": Option("HostConfig.Tmpfs", _tmpfs, joined=True),
    "ulimit": Option("HostConfig.Ulimits", _ulimit, joined=True),
    "user": Option("User", _user),
    "userns": Option("HostConfig.UsernsMode", _text),
    "uts": Option("HostConfig.UTSMode", _text),
    "volumes-from": Option("HostConfig.VolumesFrom", _one, joined=True),
    "workdir": Option("WorkingDir", _text),
}
OURS = ("env", "volume")  # merged with what the project says
SHORT: Mapping[str, str] = {
    "c": "cpu-shares", "d": "detach", "e": "env", "h": "hostname", "i": "interactive", "l": "label", "m": "memory",
    "net": "network", "p": "publish", "t": "tty", "u": "user", "v": "volume", "w": "workdir",
}  # fmt: skip
IGNORED: Mapping[str, str] = {
    "rm": "a container is always removed after its run",
    "tty": "the program's output is recorded as it is, standard error apart: there is no terminal",
    "interactive": "the program has no standard input",
}
REFUSED: Mapping[str, str] = {
    "attach": "the whole output is followed and recorded",
    "cidfile": "the container is gone when the run is over; the run's id is the label runner.run",
    "detach": "the run lasts as long as its program",
    "env-file": "name the variables: -A env=NAME copies one from your environment",
    "mount": "write it as -A volume=SOURCE:TARGET[:ro]",
    "pull": "the image is pulled when it is missing; --relock asks the registry again",
    "restart": "a program that fails is a failed run",
    "stop-signal": "the program gets the signal that you send, and then is killed",
    "stop-timeout": "the program has 10 seconds after Ctrl-C, and none after the second one",
}


def read(texts: Iterable[str]) -> Arguments:
    """Options given as NAME=VALUE or as NAME alone.

    Raises:
        UsageError: there is no such option, it contradicts how we run containers, or its value does not fit.
    """
    options: Mapping[str, Any] = {}
    given: set[str] = set()
    recorded, volumes, notes = [], [], []
    environment: list[str | tuple[str, str]] = []
    for text in texts:
        name, equal, value = text.partition("=")
        name = _named(name)
        if name in IGNORED:
            notes.append(f"-A {name} is left out: {IGNORED[name]}")
            continue
        match name:
            case "env":
                environment.append(_variable(value))
                recorded.append(f"env={value.partition('=')[0]}")
                continue
            case "volume":
                volumes.append(_fitting(name, value, _volume))
            case _:
                if name in given and not OPTIONS[name].joined:
                    raise UsageError(f"-A {name} is given twice", hint="keep one of them")
                given.add(name)
                options = merged(options, _placed(name, value))
        recorded.append(f"{name}={value}" if equal else name)
    return Arguments(
        recorded=tuple(recorded),
        options=options,
        volumes=tuple(volumes),
        environment=tuple(environment),
        notes=tuple(notes),
    )


def _named(given: str) -> str:
    name = given.lstrip("-")
    name = SHORT.get(name, name)
    if name in REFUSED:
        raise UsageError(f"-A {given} is not possible: {REFUSED[name]}")
    if name not in OPTIONS and name not in OURS and name not in IGNORED:
        raise UsageError(
            f"-A {given!r} is no option of containers",
            hint=did_you_mean(name, (*OPTIONS, *OURS)) or f"known are {', '.join(sorted((*OPTIONS, *OURS)))}",
        )
    return name


def _placed(name: str, text: str) -> Any:
    """The piece of a configuration that holds nothing but this value."""
    option = OPTIONS[name]
    piece = _fitting(name, text, option.read)
    for part in reversed(option.place.split(".") if option.place else ()):
        piece = {part: piece}
    return piece


def _fitting(name: str, text: str, reading: Read) -> Any:
    try:
        return reading(text)
    except ValueError as error:
        raise UsageError(f"-A {name}={text}: the value must be {error}") from None


def _variable(text: str) -> str | tuple[str, str]:
    name, equal, value = text.partition("=")
    if not name:
        raise UsageError(
            "-A env names no variable", hint="-A env=NAME copies one, -A env=NAME=VALUE sets one"
        )
    return (name, value) if equal else name

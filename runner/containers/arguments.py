"""`-A NAME[=VALUE]`: options of `docker run`, as MLflow takes them, for the SDK's `containers.create`.

"gpus=all", "shm-size=2g", "v=/data:/data:ro"  ─►  device_requests=[...], shm_size=..., volumes
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from runner.containers.model import Arguments
from runner.errors import UsageError, did_you_mean

Read: TypeAlias = Callable[[str], Any]
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", re.IGNORECASE)
UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
PORT = re.compile(
    r"(?:(?:(?P<address>[0-9.]+|\[[0-9a-f:]+\]):)?(?P<outside>\d*):)?(?P<inside>\d+)(?P<protocol>/(?:tcp|udp|sctp))?"
)
USER = re.compile(r"[\w.-]+(?::[\w.-]+)?", re.ASCII)
TRUTHS = {"": True, "true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Option:
    """`keyword` is the SDK's; a `joined` option may be repeated, as lists and mappings are."""

    keyword: str
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


def _pair(separator: str, example: str) -> Read:
    def read(text: str) -> dict[str, str]:
        name, found, value = text.partition(separator)
        if not name or not found:
            raise ValueError(example)
        return {name: value}

    return read


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
    request: dict[str, Any] = {"Driver": "", "Count": 0, "DeviceIDs": [], "Capabilities": [["gpu"]]}
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


def _port(text: str) -> dict[str, list[Any]]:
    found = PORT.fullmatch(text)
    if found is None:
        raise ValueError("[[ADDRESS:]PORT:]PORT[/udp], such as 127.0.0.1:8080:80")
    outside = int(found["outside"]) if found["outside"] else None
    place = (found["address"].strip("[]"), outside) if found["address"] else outside
    return {found["inside"] + (found["protocol"] or "/tcp"): [place]}


OPTIONS: Mapping[str, Option] = {
    "add-host": Option("extra_hosts", _pair(":", "NAME:ADDRESS"), joined=True),
    "blkio-weight": Option("blkio_weight", _number),
    "cap-add": Option("cap_add", _one, joined=True),
    "cap-drop": Option("cap_drop", _one, joined=True),
    "cgroup-parent": Option("cgroup_parent", _text),
    "cgroupns": Option("cgroupns", _text),
    "cpu-period": Option("cpu_period", _number),
    "cpu-quota": Option("cpu_quota", _number),
    "cpu-shares": Option("cpu_shares", _number),
    "cpus": Option("nano_cpus", _cpus),
    "cpuset-cpus": Option("cpuset_cpus", _text),
    "cpuset-mems": Option("cpuset_mems", _text),
    "device": Option("devices", _one, joined=True),
    "device-cgroup-rule": Option("device_cgroup_rules", _one, joined=True),
    "dns": Option("dns", _one, joined=True),
    "dns-option": Option("dns_opt", _one, joined=True),
    "dns-search": Option("dns_search", _one, joined=True),
    "domainname": Option("domainname", _text),
    "entrypoint": Option("entrypoint", _entry_point),
    "gpus": Option("device_requests", _gpus, joined=True),
    "group-add": Option("group_add", _one, joined=True),
    "hostname": Option("hostname", _text),
    "init": Option("init", _flag),
    "ipc": Option("ipc_mode", _text),
    "label": Option("labels", _label, joined=True),
    "mac-address": Option("mac_address", _text),
    "memory": Option("mem_limit", _size),
    "memory-reservation": Option("mem_reservation", _size),
    "memory-swap": Option("memswap_limit", _size),
    "memory-swappiness": Option("mem_swappiness", _number),
    "name": Option("name", _text),
    "network": Option("network_mode", _text),
    "oom-kill-disable": Option("oom_kill_disable", _flag),
    "oom-score-adj": Option("oom_score_adj", _number),
    "pid": Option("pid_mode", _text),
    "pids-limit": Option("pids_limit", _number),
    "platform": Option("platform", _text),
    "privileged": Option("privileged", _flag),
    "publish": Option("ports", _port, joined=True),
    "read-only": Option("read_only", _flag),
    "runtime": Option("runtime", _text),
    "security-opt": Option("security_opt", _one, joined=True),
    "shm-size": Option("shm_size", _size),
    "storage-opt": Option("storage_opt", _pair("=", "NAME=VALUE"), joined=True),
    "sysctl": Option("sysctls", _pair("=", "NAME=VALUE"), joined=True),
    "tmpfs": Option("tmpfs", _tmpfs, joined=True),
    "ulimit": Option("ulimits", _ulimit, joined=True),
    "user": Option("user", _user),
    "userns": Option("userns_mode", _text),
    "uts": Option("uts_mode", _text),
    "volumes-from": Option("volumes_from", _one, joined=True),
    "workdir": Option("working_dir", _text),
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
    options: dict[str, Any] = {}
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
                _put(options, name, value)
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


def _put(options: dict[str, Any], name: str, text: str) -> None:
    option = OPTIONS[name]
    value = _fitting(name, text, option.read)
    before = options.get(option.keyword)
    if before is None:
        options[option.keyword] = value
    elif not option.joined:
        raise UsageError(f"-A {name} is given twice", hint="keep one of them")
    elif isinstance(before, dict):
        options[option.keyword] = before | value
    else:
        options[option.keyword] = before + value


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

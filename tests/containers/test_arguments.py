"""`-A`: what becomes of options of `docker run`."""

import re
from pathlib import Path
from typing import Any

import pytest
from docker.types import DeviceRequest, HostConfig, Ulimit

from runner.containers.arguments import IGNORED, OPTIONS, OURS, REFUSED, SHORT, read
from runner.errors import UsageError

GPU = {"Driver": "", "Count": 0, "DeviceIDs": [], "Capabilities": [["gpu"]], "Options": {}}


def host(**settings: Any) -> dict[str, Any]:
    return {"HostConfig": settings}


def device(outside: str, inside: str, rights: str) -> dict[str, str]:
    return {"PathOnHost": outside, "PathInContainer": inside, "CgroupPermissions": rights}


def published(inside: str, address: str, outside: str) -> dict[str, Any]:
    binding = {"HostIp": address, "HostPort": outside}
    return {"ExposedPorts": {inside: {}}, "HostConfig": {"PortBindings": {inside: [binding]}}}


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ("gpus=all", host(DeviceRequests=[{**GPU, "Count": -1}])),
        ("gpus=2", host(DeviceRequests=[{**GPU, "Count": 2}])),
        ("gpus=device=0,1", host(DeviceRequests=[{**GPU, "DeviceIDs": ["0", "1"]}])),
        ('gpus="device=GPU-3a"', host(DeviceRequests=[{**GPU, "DeviceIDs": ["GPU-3a"]}])),
        ("shm-size=2g", host(ShmSize=2 * 2**30)),
        ("m=512m", host(Memory=512 * 2**20)),
        ("--memory=512MiB", host(Memory=512 * 2**20)),
        ("memory-swap=-1", host(MemorySwap=-1)),
        ("cpus=1.5", host(NanoCpus=1_500_000_000)),
        ("privileged", host(Privileged=True)),
        ("privileged=false", host(Privileged=False)),
        ("net=host", host(NetworkMode="host")),
        ("add-host=store:10.0.0.7", host(ExtraHosts=["store:10.0.0.7"])),
        ("device=/dev/fuse", host(Devices=[device("/dev/fuse", "/dev/fuse", "rwm")])),
        ("device=/dev/fuse:r", host(Devices=[device("/dev/fuse", "/dev/fuse", "r")])),
        ("device=/dev/a:/dev/b", host(Devices=[device("/dev/a", "/dev/b", "rwm")])),
        ("device=/dev/a:/dev/b:rw", host(Devices=[device("/dev/a", "/dev/b", "rw")])),
        ("ulimit=nofile=4096:8192", host(Ulimits=[{"Name": "nofile", "Soft": 4096, "Hard": 8192}])),
        ("ulimit=memlock=-1", host(Ulimits=[{"Name": "memlock", "Soft": -1, "Hard": -1}])),
        ("tmpfs=/scratch:size=1g", host(Tmpfs={"/scratch": "size=1g"})),
        ("sysctl=net.core.somaxconn=1024", host(Sysctls={"net.core.somaxconn": "1024"})),
        ("entrypoint=", {"Entrypoint": []}),
        ("p=127.0.0.1:8080:80", published("80/tcp", "127.0.0.1", "8080")),
        ("publish=53/udp", published("53/udp", "", "")),
        ("w=/srv", {"WorkingDir": "/srv"}),
        ("h=box", {"Hostname": "box"}),
        ("domainname=example", {"Domainname": "example"}),
        ("mac-address=02:42:ac:11:00:02", {"MacAddress": "02:42:ac:11:00:02"}),
        ("l=team=x=y", {"Labels": {"team": "x=y"}}),
        ("u=1000:1000", {"User": "1000:1000"}),
        ("name=box", {"name": "box"}),
        ("platform=linux/arm64", {"platform": "linux/arm64"}),
    ],
)
def test_an_option_becomes_a_part_of_the_configuration(given: str, options: dict[str, Any]) -> None:
    assert read([given]).options == options


def test_options_that_may_be_repeated_are_joined() -> None:
    found = read(["cap-add=SYS_PTRACE", "cap-add=NET_ADMIN", "add-host=a:1.1.1.1", "add-host=b:2.2.2.2"])

    assert found.options == host(CapAdd=["SYS_PTRACE", "NET_ADMIN"], ExtraHosts=["a:1.1.1.1", "b:2.2.2.2"])


def test_volumes_and_variables_are_kept_for_those_of_the_project() -> None:
    found = read(["v=/data:/data:ro", "volume=cache:/cache", "e=HOME", "env=NOTE=a=b"])

    assert found.volumes == ("/data:/data:ro", "cache:/cache")
    assert found.environment == ("HOME", ("NOTE", "a=b"))


def test_what_is_recorded_has_long_names_and_no_values_of_variables() -> None:
    found = read(["m=1g", "e=TOKEN=hush", "privileged", "rm", "gpus=all"])

    assert found.recorded == ("memory=1g", "env=TOKEN", "privileged", "gpus=all")
    assert "hush" not in repr(found)


@pytest.mark.parametrize("name", IGNORED)
def test_what_makes_no_difference_is_left_out_and_said(name: str) -> None:
    found = read([name])

    assert (found.options, found.recorded) == ({}, ())
    assert found.notes[0].startswith(f"-A {name} is left out: ")


@pytest.mark.parametrize("name", [*REFUSED, "d"])
def test_what_contradicts_how_we_run_containers_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"-A {name} is not possible: "):
        read([f"{name}=x"])


def test_an_unknown_option_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UsageError, match="'shm_sise' is no option") as refused:
        read(["shm_sise=1g"])

    assert refused.value.hint == "did you mean 'shm-size'?"


def test_an_option_that_is_like_nothing_is_told_all_that_there_are() -> None:
    with pytest.raises(UsageError) as refused:
        read(["qqq"])

    assert all(name in (refused.value.hint or "") for name in (*OPTIONS, *OURS))


@pytest.mark.parametrize(
    "given",
    ["memory=much", "memory=", "cpus=x", "gpus=", "gpus=some", "privileged=perhaps", "add-host=x", "ulimit=nofile",
     "publish=x", "user=", "user=a b", "user=1:2:3", "pids-limit=1.5", "network=", "volume", "env=", "cpus=inf", "env==x"],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(UsageError, match="-A "):
        read([given])


def test_a_volume_without_a_value_is_refused_with_an_example() -> None:
    with pytest.raises(UsageError, match="SOURCE:/PATH"):
        read(["volume="])


def test_an_option_of_one_value_is_not_given_twice() -> None:
    with pytest.raises(UsageError, match="-A memory is given twice"):
        read(["m=1g", "memory=2g"])


# What the SDK calls an option whose name it does not take over, and the values of those that 64 does not fit.
KEYWORDS = {
    "add-host": "extra_hosts", "cpus": "nano_cpus", "device": "devices", "device-cgroup-rule": "device_cgroup_rules",
    "dns-option": "dns_opt", "gpus": "device_requests", "ipc": "ipc_mode", "memory": "mem_limit",
    "memory-reservation": "mem_reservation", "memory-swap": "memswap_limit", "memory-swappiness": "mem_swappiness",
    "network": "network_mode", "pid": "pid_mode", "publish": "port_bindings", "sysctl": "sysctls", "ulimit": "ulimits",
    "userns": "userns_mode", "uts": "uts_mode",
}  # fmt: skip
VALUES = {
    "add-host": ("a:1.1.1.1", {"a": "1.1.1.1"}), "cpus": ("1.5", 1_500_000_000), "device": ("/dev/a:/dev/b:r", ["/dev/a:/dev/b:r"]),
    "gpus": ("all", [DeviceRequest(count=-1, capabilities=[["gpu"]])]), "publish": ("1.2.3.4:80:90", {90: ("1.2.3.4", 80)}),
    "storage-opt": ("a=b", {"a": "b"}), "sysctl": ("a=b", {"a": "b"}), "tmpfs": ("/a:size=1", {"/a": "size=1"}),
    "ulimit": ("nofile=1:2", [Ulimit(name="nofile", soft=1, hard=2)]), "userns": ("host", "host"), "uts": ("host", "host"),
}  # fmt: skip
BESIDE = {
    "domainname",
    "entrypoint",
    "hostname",
    "label",
    "mac-address",
    "name",
    "platform",
    "user",
    "workdir",
}


@pytest.mark.parametrize("name", sorted(OPTIONS.keys() - BESIDE))
def test_the_sdk_makes_the_same_of_an_option(name: str) -> None:
    option = OPTIONS[name]
    value: Any
    if option.read.__name__ == "_flag":
        text, value = "true", True
    elif name in VALUES:
        text, value = VALUES[name]
    else:
        text, value = "64", option.read("64")
    keyword = KEYWORDS.get(name, name.replace("-", "_"))

    theirs = HostConfig(version="1.41", **{keyword: value})

    if keyword != "network_mode":
        del theirs["NetworkMode"]
    assert read([f"{name}={text}"]).options["HostConfig"] == theirs


def test_every_short_name_stands_for_one_that_is_known() -> None:
    assert set(SHORT.values()) <= {*OPTIONS, *OURS, *IGNORED, *REFUSED}


def test_the_reference_names_every_option() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/command-line.md").read_text()
    text = page.partition("### Options of containers\n")[2].partition("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    named = {
        (name, star == " *")
        for row in rows
        for name, star in re.findall(r"`([\w-]+)`( \*)?", row.split("|")[1])
    }

    joined = {(name, option.joined) for name, option in OPTIONS.items()} | {(name, True) for name in OURS}
    assert named == joined
    below = text.rpartition("| `workdir`")[2]
    assert all(f"`{name}`" in below for name in (*IGNORED, *REFUSED))

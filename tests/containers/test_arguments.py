"""`-A`: what becomes of options of `docker run`."""

import re
from pathlib import Path
from typing import Any

import pytest
from docker.types import HostConfig

from runner.containers.arguments import IGNORED, OPTIONS, OURS, REFUSED, SHORT, read
from runner.errors import UsageError

GPU = {"Driver": "", "Count": 0, "DeviceIDs": [], "Capabilities": [["gpu"]]}


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ("gpus=all", {"device_requests": [{**GPU, "Count": -1}]}),
        ("gpus=2", {"device_requests": [{**GPU, "Count": 2}]}),
        ("gpus=device=0,1", {"device_requests": [{**GPU, "DeviceIDs": ["0", "1"]}]}),
        ('gpus="device=GPU-3a"', {"device_requests": [{**GPU, "DeviceIDs": ["GPU-3a"]}]}),
        ("shm-size=2g", {"shm_size": 2 * 2**30}),
        ("m=512m", {"mem_limit": 512 * 2**20}),
        ("--memory=512MiB", {"mem_limit": 512 * 2**20}),
        ("memory-swap=-1", {"memswap_limit": -1}),
        ("cpus=1.5", {"nano_cpus": 1_500_000_000}),
        ("privileged", {"privileged": True}),
        ("privileged=false", {"privileged": False}),
        ("net=host", {"network_mode": "host"}),
        ("add-host=store:10.0.0.7", {"extra_hosts": {"store": "10.0.0.7"}}),
        ("ulimit=nofile=4096:8192", {"ulimits": [{"Name": "nofile", "Soft": 4096, "Hard": 8192}]}),
        ("ulimit=memlock=-1", {"ulimits": [{"Name": "memlock", "Soft": -1, "Hard": -1}]}),
        ("tmpfs=/scratch:size=1g", {"tmpfs": {"/scratch": "size=1g"}}),
        ("sysctl=net.core.somaxconn=1024", {"sysctls": {"net.core.somaxconn": "1024"}}),
        ("entrypoint=", {"entrypoint": []}),
        ("p=127.0.0.1:8080:80", {"ports": {"80/tcp": [("127.0.0.1", 8080)]}}),
        ("publish=53/udp", {"ports": {"53/udp": [None]}}),
        ("w=/srv", {"working_dir": "/srv"}),
    ],
)
def test_an_option_becomes_the_argument_of_the_sdk(given: str, options: dict[str, Any]) -> None:
    assert read([given]).options == options


def test_options_that_may_be_repeated_are_joined() -> None:
    found = read(["cap-add=SYS_PTRACE", "cap-add=NET_ADMIN", "add-host=a:1.1.1.1", "add-host=b:2.2.2.2"])

    assert found.options == {
        "cap_add": ["SYS_PTRACE", "NET_ADMIN"],
        "extra_hosts": {"a": "1.1.1.1", "b": "2.2.2.2"},
    }


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


def test_the_sdk_understands_what_we_make_of_every_option() -> None:
    values = {
        "add-host": "a:1.1.1.1", "gpus": "all", "ulimit": "nofile=1", "publish": "80", "sysctl": "a=b", "storage-opt": "a=b",
        "cpus": "1", "userns": "host", "uts": "host", "device": "/dev/fuse",
    }  # fmt: skip
    of_config = {"domainname", "entrypoint", "hostname", "labels", "mac_address", "name", "platform", "ports", "user", "working_dir"}  # fmt: skip
    for name, option in OPTIONS.items():
        flag = option.read.__name__ == "_flag"
        options = read([name if flag else f"{name}={values.get(name, '64')}"]).options
        if option.keyword not in of_config:
            assert HostConfig(version="1.41", **options) != HostConfig(version="1.41"), name


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

"""How a program in a container reaches this machine, with engines that are not here: what they answer is written down."""

from types import SimpleNamespace
from typing import Any

import pytest

from runner.containers.engine import Engine
from runner.containers.engine import engine as engine_of
from runner.containers.network import Reach, reach

LOCAL = "127.0.0.77"  # an address of this machine, as the gateway of a bridge is
ELSEWHERE = "192.0.2.1"  # of nobody: RFC 5737


def engine(
    gateway: str | None, *, components: str = "Engine", system: str = "Debian", asked: list[str] | None = None
) -> Engine:
    def inspect(name: str) -> Any:
        (asked if asked is not None else []).append(name)
        return {
            "IPAM": {
                "Config": [
                    {"Subnet": "fd00::/64", "Gateway": "fd00::1"},
                    {"Gateway": gateway} if gateway else {},
                ]
            }
        }

    api = SimpleNamespace(
        base_url="http+docker://localhost",
        get_adapter=lambda _: SimpleNamespace(socket_path=None),
        inspect_network=inspect,
        info=lambda: {"OperatingSystem": system},
    )
    return engine_of(SimpleNamespace(api=api), {"Components": [{"Name": components}]})


def test_through_a_bridge_we_listen_at_its_gateway_which_gets_a_name() -> None:
    assert reach(engine(LOCAL), {}) == Reach(LOCAL, "host.docker.internal", {"host.docker.internal": LOCAL})


@pytest.mark.parametrize(
    ("components", "options", "network"),
    [
        ("Engine", {}, "bridge"),
        ("Podman Engine", {}, "podman"),
        ("Podman Engine", {"network_mode": "own"}, "own"),
        ("Engine", {"network_mode": "bridge"}, "bridge"),
    ],
)
def test_the_default_network_has_another_name_with_podman(
    components: str, options: dict[str, str], network: str
) -> None:
    asked: list[str] = []

    reach(engine(LOCAL, components=components, asked=asked), options)

    assert asked == [network]


def test_docker_desktop_leads_its_own_name_to_the_loopback_address() -> None:
    found = reach(engine(ELSEWHERE, system="Docker Desktop"), {})

    assert found == Reach("127.0.0.1", "host.docker.internal", {})


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("none", "has no network"),
        ("container:other", "shares the network"),
        ("default", "has no address in its network"),
    ],
)
def test_where_no_way_leads_to_us_the_reason_is_told(network: str, words: str) -> None:
    found = reach(engine(ELSEWHERE), {"network_mode": network})

    assert isinstance(found, str)
    assert words in found

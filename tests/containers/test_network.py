"""How a program in a container reaches this machine, with engines that are not here: what they answer is written down."""

import json
from typing import Any

import pytest

from runner.containers.engine import Engine
from runner.containers.model import NO_ARGUMENTS, Arguments
from runner.containers.network import Reach, reach
from runner.containers.wire import Answer, Call

LOCAL = "127.0.0.77"  # an address of this machine, as the gateway of a bridge is
ELSEWHERE = "192.0.2.1"  # of nobody: RFC 5737


class FakeTransport:
    """An engine's answers; the names of the networks that it was asked for are noted."""

    def __init__(self, gateway: str | None, system: str, asked: list[str]) -> None:
        configs = [{"Subnet": "fd00::/64", "Gateway": "fd00::1"}, {"Gateway": gateway} if gateway else {}]
        self.network = {"IPAM": {"Config": configs}}
        self.info = {"OperatingSystem": system}
        self.asked = asked

    def ask(self, call: Call) -> Answer:
        assert call.method == "GET"
        if call.target == "/info":
            return Answer(200, {}, json.dumps(self.info).encode())
        self.asked.append(call.target.removeprefix("/networks/"))
        return Answer(200, {}, json.dumps(self.network).encode())

    def attached(self, container: str) -> Any:
        raise NotImplementedError(container)


def engine(
    gateway: str | None, *, product: str = "docker", system: str = "Debian", asked: list[str] | None = None
) -> Engine:
    transport = FakeTransport(gateway, system, [] if asked is None else asked)
    said = {"libpod-api-version": "4.3.1"} if product == "podman" else {}
    return Engine(said, transport, sdk=lambda: None)


def within(network: str) -> Arguments:
    return Arguments(options={"HostConfig": {"NetworkMode": network}})


def test_through_a_bridge_we_listen_at_its_gateway_which_gets_a_name() -> None:
    assert reach(engine(LOCAL), NO_ARGUMENTS) == Reach(
        LOCAL, "host.docker.internal", {"host.docker.internal": LOCAL}
    )


@pytest.mark.parametrize(
    ("product", "given", "network"),
    [
        ("docker", "default", "bridge"),
        ("podman", "default", "podman"),
        ("podman", "own", "own"),
        ("docker", "bridge", "bridge"),
    ],
)
def test_the_default_network_has_another_name_with_podman(product: str, given: str, network: str) -> None:
    asked: list[str] = []

    reach(engine(LOCAL, product=product, asked=asked), within(given))

    assert asked == [network]


def test_docker_desktop_leads_its_own_name_to_the_loopback_address() -> None:
    found = reach(engine(ELSEWHERE, system="Docker Desktop"), NO_ARGUMENTS)

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
    found = reach(engine(ELSEWHERE), within(network))

    assert isinstance(found, str)
    assert words in found

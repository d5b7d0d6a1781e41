"""How a program in a container reaches this machine: where we have to listen, and the name that it uses.

network              listen at                 name
a bridge             the bridge's gateway      host.docker.internal, an extra host of the container
host                 127.0.0.1                 127.0.0.1
in Docker Desktop    127.0.0.1                 host.docker.internal, which it knows
none and others      nowhere
"""

import socket
from collections.abc import Mapping
from ipaddress import ip_network

from msgspec import Struct

from runner.containers import trouble
from runner.containers.engine import Engine
from runner.containers.model import Arguments
from runner.containers.running import rootless

NAME = "host.docker.internal"
LOOPBACK = "127.0.0.1"


class Reach(Struct, frozen=True):
    """`listen` is our address, `name` the program's word for it, `hosts` what the container is told about names."""

    listen: str
    name: str
    hosts: Mapping[str, str]


def reach(engine: Engine, arguments: Arguments) -> Reach | str:
    """How the program reaches us, or why it cannot.

    Raises:
        EnvironmentFailed: there is no such network.
    """
    network = arguments.network
    if reason := _cut_off(engine, network):
        return reason
    if network == "host":
        return Reach(LOOPBACK, LOOPBACK, {})
    gateway = _gateway(engine, network)
    if gateway is not None and _ours(gateway):
        return Reach(gateway, NAME, {NAME: gateway})
    if _desktop(engine):
        return Reach(LOOPBACK, NAME, {})
    return f"this machine has no address in its network {network!r}"


def _cut_off(engine: Engine, network: str) -> str | None:
    if network == "none":
        return "it has no network"
    if ":" in network:
        return f"it shares the network of another ({network})"
    return "an engine without root keeps its networks to itself" if rootless(engine) else None


def _gateway(engine: Engine, network: str) -> str | None:
    default = "bridge" if engine.product == "docker" else "podman"
    name = default if network in {"default", "bridge"} else network
    with trouble.explained(f"the network {name!r} cannot be used"):
        found = engine.ask("GET", "/networks/{}", name)
    configs = (found.get("IPAM") or {}).get("Config") or ()
    return next((address for address in map(_first, configs) if "." in address), None)


def _first(config: Mapping[str, str]) -> str:
    """The gateway; an engine that was started for the first time does not tell it, but it takes the first address."""
    subnet = config.get("Subnet", "")
    return config.get("Gateway") or (str(next(ip_network(subnet).hosts(), "")) if subnet else "")


def _ours(address: str) -> bool:
    """Whether we can listen there."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _desktop(engine: Engine) -> bool:
    with trouble.explained("the engine does not tell about itself"):
        return "Docker Desktop" in str(engine.ask("GET", "/info").get("OperatingSystem"))

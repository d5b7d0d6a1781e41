"""The names under which requests may come: whole names, never patterns or beginnings of names.

A page on the internet can make its own name resolve to an address of ours, but a browser then says that name. So what a request
names must be one of a few, letter by letter: names of this machine, the address at which the connection came in, and
what an administrator allows.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from runner.errors import UsageError

OWN = ("127.0.0.1", "localhost", "[::1]")
NAME = re.compile(
    r"(?P<name>[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)
USUAL = {"http": 80, "https": 443}  # ports that clients leave out


class Hosts:
    """Names of this server: our own, `own` among them with their ports, and those `allowed`, by which a reverse proxy may be called.

    Raises:
        UsageError: one of them is no name.
    """

    def __init__(self, allowed: Iterable[str] = (), *, own: Iterable[str] = (), scheme: str = "http") -> None:
        self._allowed = [_parsed(name) for name in allowed]
        self._own = tuple(own)
        self._scheme = scheme
        self._at = lru_cache(64)(self._names)

    def origins(self, host: str, server: tuple[str, int | None]) -> tuple[str, ...] | None:
        """Origins of the pages that belong to this Host header, at this end of the connection; None: it is not ours."""
        return self._at(*server).get(host.lower())

    def _names(self, address: str, port: int | None) -> Mapping[str, tuple[str, ...]]:
        own = dict.fromkeys((*OWN, _bracketed(address)))
        found: dict[str, tuple[str, ...]] = {
            host: (f"{self._scheme}://{host}",) for host in (*self._with_port(own, port), *self._own)
        }
        for name, its_port in self._allowed:
            hosts = [f"{name}:{its_port}"] if its_port else [name, f"{name}:{port}"]
            found |= {host: (f"http://{host}", f"https://{host}") for host in hosts}
        return found

    def _with_port(self, names: Iterable[str], port: int | None) -> Iterator[str]:
        for name in names:
            yield f"{name}:{port}"
            if port == USUAL[self._scheme]:
                yield name


def _parsed(text: str) -> tuple[str, int | None]:
    found = NAME.fullmatch(text.lower())
    if found is None:
        raise UsageError(
            f"{text!r} is no name of a host",
            hint="whole names, as in --allow-host runs.example.org or --allow-host runs.example.org:8443",
        )
    return found["name"], int(found["port"]) if found["port"] else None


def _bracketed(address: str) -> str:
    """The address as it stands in a URL."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or f"[{parsed}]")
    return str(parsed)

"""What a person asks of a container, as values: the part of this package that every run imports."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Arguments(Struct, frozen=True, kw_only=True):
    """Options of `docker run`.

    Attributes:
        recorded: as they are kept with the run: long names, and no values of environment variables.
        options: what they make of a container's configuration, in the words of the engine's API.
        volumes: as in `docker_env`.
        environment: names to copy, and pairs.
        notes: what is to be said about them.
    """

    recorded: tuple[str, ...] = ()
    options: Mapping[str, Any] = {}
    volumes: tuple[str, ...] = ()
    environment: tuple[str | tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Without the values of environment variables: they may be secrets."""
        return f"Arguments({', '.join(self.recorded)})"

    @property
    def user(self) -> str | None:
        """USER[:GROUP] in place of the caller."""
        user: str | None = self.options.get("User")
        return user

    @property
    def network(self) -> str:
        """The name of the network, or its kind."""
        network: str = self.options.get("HostConfig", {}).get("NetworkMode", "default")
        return network


NO_ARGUMENTS = Arguments()


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Two configurations in one: the second wins, mappings are joined, and so are lists.

    >>> merged({"User": "a", "HostConfig": {"Dns": ["1.1.1.1"]}}, {"User": "b", "HostConfig": {"Dns": ["8.8.8.8"]}})
    {'User': 'b', 'HostConfig': {'Dns': ['1.1.1.1', '8.8.8.8']}}
    """
    joined = dict(first)
    for name, value in second.items():
        match first.get(name), value:
            case dict() as before, dict():
                joined[name] = merged(before, value)
            case list() as before, list():
                joined[name] = [*before, *value]
            case _:
                joined[name] = value
    return joined

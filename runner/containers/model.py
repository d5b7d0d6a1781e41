"""What a person asks of a container, as values: the part of this package that every run imports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """Options of `docker run`.

    Attributes:
        recorded: as they are kept with the run: long names, and no values of environment variables.
        options: arguments of the SDK.
        volumes: as in `docker_env`.
        environment: names to copy, and pairs.
        notes: what is to be said about them.
    """

    recorded: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    environment: tuple[str | tuple[str, str], ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()


NO_ARGUMENTS = Arguments()

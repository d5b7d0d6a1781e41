"""Who calls, and what they may see and change."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from runner.tracking.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """`view` gives of the whole store what this caller may see and change; the same function for the same caller.

    `user` is the name by which the caller signed in, "" where nobody has to; `run_id` the run whose program calls.
    """

    view: Callable[[Store], Store]
    user: str = ""
    run_id: str | None = None


TELLING = ("authorization", "cookie", "host", "sec-fetch-site")  # headers that say who calls
Authenticate: TypeAlias = Callable[[Mapping[str, str], str], Awaitable[Caller | None]]
"""From headers of a request (names in small letters) and its address to its caller; None: not known, answered 401."""


def everything(store: Store) -> Store:
    """The view of somebody who may do all."""
    return store


ANYBODY = Caller(everything)


async def anybody(_headers: Mapping[str, str], _address: str) -> Caller:
    """For a server that only its own machine can reach."""
    return ANYBODY

"""Who calls, and what they may see and change."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.datastructures import Headers

from runner.tracking.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """`view` gives of the whole store what this caller may see and change; the same function for the same caller.

    `user` is the name by which the caller signed in, "" where nobody has to; `run_id` the run whose program calls.
    """

    view: Callable[[Store], Store]
    user: str = ""
    run_id: str | None = None


Authenticate: TypeAlias = Callable[[Headers], Caller | None]
"""From the headers of a request to its caller; None: not known, answered 401."""


def everything(store: Store) -> Store:
    """The view of somebody who may do all."""
    return store


ANYBODY = Caller(everything)


def anybody(_: Headers) -> Caller:
    """For a server that only its own machine can reach."""
    return ANYBODY

"""A call of the API: where it is, what it takes, who answers it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from runner.server.mlflow import answers, wire
from runner.server.places import Places
from runner.tracking.model import Entry
from runner.tracking.store import Store

R = TypeVar("R", bound=wire.Request)


@dataclass(frozen=True, slots=True)
class Served:
    """What a call is answered from: the store as its caller may see and change it, and how artifacts are told.

    `user` is the caller's name, "" if nobody asked for it; `run_id` the run whose program calls, if it is one's.
    """

    store: Store
    places: Places
    user: str = ""
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """`path` goes below the prefix of the API; `shape` is the request, decoded for `answer`.

    A call that `writes` is answered in a transaction together with others that wait. One that only logs says so by
    `entry`, which stands for `answer` where many of them come at once.
    """

    path: str
    shape: type[R]
    answer: Callable[[Served, R], answers.Answer | None]
    methods: tuple[str, ...] = ("POST",)
    writes: bool = True
    entry: Callable[[R], Entry] | None = None


AnyCall = Call[Any]


def reading(
    path: str,
    shape: type[R],
    answer: Callable[[Served, R], answers.Answer | None],
    methods: tuple[str, ...] = ("GET",),
) -> Call[R]:
    """A call that changes nothing."""
    return Call(path, shape, answer, methods, writes=False)


def logging(path: str, shape: type[R], entry: Callable[[R], Entry]) -> Call[R]:
    """A call that logs something with a run."""

    def answer(on: Served, request: R) -> None:
        given = entry(request)
        on.store.log(given.run_id, params=given.params, metrics=given.metrics, tags=given.tags)

    return Call(path, shape, answer, entry=entry)

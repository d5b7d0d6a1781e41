"""A call of the API: where it is, what it takes, who answers it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from runner.server.mlflow import answers, wire
from runner.tracking.store import Store

R = TypeVar("R", bound=wire.Request)


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """`path` goes below the prefix of the API; `shape` is the request, decoded for `answer`."""

    path: str
    shape: type[R]
    answer: Callable[[Store, R], answers.Answer | None]
    methods: tuple[str, ...] = ("POST",)


AnyCall = Call[Any]

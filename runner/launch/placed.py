"""Where the program of a run is executed, and how it reaches us from there."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

from msgspec import Struct

from runner.executors import Executor, Job


class Reach(Protocol):
    """How a program in a container reaches us: we listen at one address, and it calls us by a name."""

    @property
    def listen(self) -> str: ...

    @property
    def name(self) -> str: ...


class Placed(Struct, frozen=True, kw_only=True):
    """`reach` is None on this machine itself, and where nothing leads to us: then it is not `served`."""

    job: Job
    executor: Executor
    reach: Reach | None = None
    served: bool = True


class OutOfReach:
    """The endpoint of a program to which no way leads."""

    left_running: ClassVar[Sequence[str]] = ()
    trouble: ClassVar[Exception | None] = None

    def variables(self, inherited: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002 - an endpoint's
        return {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: Any) -> None:
        pass

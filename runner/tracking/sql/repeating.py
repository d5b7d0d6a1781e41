"""Transactions that are done again when another writer stood in their way.

Two servers may write to one database: a dead-lock, or a row that both were about to make, ends one of the transactions. Done
once more, it sees what the other has written.
"""

import random
import time
from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar

from runner.errors import Unavailable
from runner.tracking.database import Contended

T = TypeVar("T")
ATTEMPTS = 6
PAUSE = 0.02  # seconds, at most, after the first; it doubles


def repeating(kind: type[T]) -> type[T]:
    """A class whose public methods are one transaction each: they repeat it."""
    for name, method in vars(kind).copy().items():
        if isinstance(method, FunctionType) and not name.startswith("_"):
            setattr(kind, name, _repeating(method))
    return kind


def _repeating(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def repeated(*arguments: Any, **options: Any) -> Any:
        for attempt in range(ATTEMPTS):
            try:
                return method(*arguments, **options)
            except Contended as error:
                last = error
                time.sleep(random.uniform(0, PAUSE * 2**attempt))  # noqa: S311 - no secret
        raise Unavailable(str(last)) from last

    return repeated

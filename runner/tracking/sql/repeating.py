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
PAUSES = (0.02, 0.04, 0.08, 0.16, 0.32)  # seconds between two attempts, at most


def repeating(kind: type[T]) -> type[T]:
    """A class whose public methods are one transaction each: they repeat it."""
    for name, method in vars(kind).copy().items():
        if isinstance(method, FunctionType) and not name.startswith("_"):
            setattr(kind, name, _repeating(method))
    return kind


def _repeating(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def repeated(*arguments: Any, **options: Any) -> Any:
        for pause in PAUSES:
            try:
                return method(*arguments, **options)
            except Contended:
                time.sleep(random.uniform(0, pause))  # noqa: S311 - no secret
        try:
            return method(*arguments, **options)
        except Contended as error:
            raise Unavailable(str(error)) from error

    return repeated

"""What is not worth measuring: programs of others, and what they ask ten thousand times."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def unmeasured() -> dict[str, str]:
    """An environment in which the coverage of processes is not measured, and what they import is compiled once only.

    Both take several times as long.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COVERAGE") and name != "PYTHONDONTWRITEBYTECODE"
    }


@contextmanager
def untraced() -> Iterator[None]:
    """A block whose coverage is not measured, in this thread."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)

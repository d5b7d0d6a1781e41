"""The end of a run on a server: what is not there yet is sent, with patience that has an end."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runner.progress import Progress
from runner.settings import Settings
from runner.tracking import OpenStore, Unsent

LOOK = 0.02  # seconds between two looks
QUIET = 2.0  # seconds in which nothing is said: most of the time it takes less


@contextmanager
def sent(
    store: OpenStore, *, settings: Settings, progress: Progress, hurried: Callable[[], bool]
) -> Iterator[None]:
    """When the block ends, whatever its end, wait until the store has everything, or say what it does not have."""
    try:
        yield
    finally:
        if store.unsent() is not None:
            with progress.phase("sending") as phase:
                end = time.monotonic() + settings.spool_seconds
                left = _waited(store, lambda: hurried() or time.monotonic() > end, phase.update)
                phase.failed = left is not None
            if left is not None:
                _warn(left, store, progress)


def _waited(store: OpenStore, over: Callable[[], bool], say: Callable[[str], None]) -> Unsent | None:
    """What is left when nothing more can be done, or `over` says so."""
    quiet = time.monotonic() + QUIET
    while (left := store.unsent()) is not None and (left.records or left.files) and not left.hopeless:
        if over():
            break
        if time.monotonic() > quiet:
            say(f"the server does not answer; {left} wait" if left.trouble else f"{left} on their way")
        time.sleep(LOOK)
    return left


def _warn(left: Unsent, store: OpenStore, progress: Progress) -> None:
    if left.records or left.files:
        reason = f": {left.trouble}" if left.trouble else ""
        progress.warn(
            f"{left} of this run are not on the server {store.uri} yet{reason}",
            hint="they are kept; the next command that uses the server sends them, or: runner runs sync",
        )
    if left.refused:
        progress.warn(
            f"the server {store.uri} refuses {left.refused} of the records of this run",
            hint="they are kept; `runner runs sync` lists them",
        )

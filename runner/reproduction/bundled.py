"""What the bundle of a run brings along, at hand before anything is checked or launched."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from runner.progress import Progress
from runner.records import Recorded
from runner.reproduction.changes import Changes
from runner.settings import Settings


@contextmanager
def at_hand(
    recorded: Recorded, changes: Changes, *, settings: Settings, progress: Progress
) -> Iterator[Changes]:
    """The changes, with the data that the bundle holds, for as long as the block; its packages are in the cache then.

    What a person says of an input counts more.
    """
    if recorded.provided is None:
        yield changes
        return
    with recorded.provided(settings, progress) as inputs:
        yield replace(changes, inputs={**inputs, **changes.inputs})

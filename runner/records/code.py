"""The code of a recorded run, as a source from which its tree can be made again."""

from collections.abc import Iterator
from contextlib import contextmanager

from runner.launch.captured_source import captured
from runner.records import mlflows
from runner.records.model import Recorded
from runner.sources.model import Source


@contextmanager
def code_of(recorded: Recorded) -> Iterator[Source]:
    """The code, good for as long as the block.

    Raises:
        RunnerError: what was kept of it was altered, or it is nowhere.
    """
    if recorded.code is not None:
        with recorded.code() as source:
            yield source
        return
    if recorded.concluded:  # nothing is kept with a run that we have not recorded
        yield mlflows.source_of(recorded.plan.source)
        return
    with captured(recorded.plan.source, recorded.artifacts) as source:
        yield source

"""In what two runs were not executed alike. Values are in reproduction/model.py, weights in weights.py.

Recorded ─► Side ──┬► parameters.py   entry point, command, parameters, seed
            sides  ├► code.py         commits and files; history.py, files.py, executed.py
                   ├► packages.py     locks; locked.py, installed.py, asked.py
                   ├► inputs.py       data
                   └► machine.py      interpreter, image, variables, hardware
"""

from runner.progress import Phase
from runner.records import Recorded
from runner.reproduction.differing.between import between
from runner.reproduction.differing.sides import Side, side_of
from runner.reproduction.model import Difference
from runner.settings import Settings

__all__ = ["Side", "between", "differences", "side_of"]


def differences(
    first: Recorded, second: Recorded, *, settings: Settings, phase: Phase | None = None
) -> list[Difference]:
    """Everything in which two runs were not executed alike, in the order in which people read it: code first.

    What cannot be known (code that was not kept, a repository that is gone) is a difference of its own, which says so.

    Args:
        settings: where code and environments of the runs may be at hand.
        phase: told what is being fetched.
    """
    phase = phase or Phase("differences")
    mine, theirs = (side_of(run, settings=settings, phase=phase) for run in (first, second))
    return between(mine, theirs, settings=settings)

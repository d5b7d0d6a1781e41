"""Why results are not the same: the differences that may explain it, the likeliest first.

How well each explains is its weight, given where it was found; `differing.weights` has the model, and says what is no cause.
"""

from collections.abc import Sequence

from runner.reproduction.differing.weights import CAUSE
from runner.reproduction.model import Difference


def ranked(differences: Sequence[Difference]) -> list[Difference]:
    """Those that may be causes, most likely first; of equal ones as they come.

    None at all means that nothing explains it: then the program itself gives other results each time (no seed, threads, a GPU).
    """
    likely = (difference for difference in differences if difference.weight >= CAUSE)
    return sorted(likely, key=lambda difference: -difference.weight)

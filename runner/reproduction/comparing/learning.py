"""Tolerances learnt from repetitions of one run.

The question is how far another faithful run may be from one of these. For a normal quantity with the sample variance
s^2 of N runs, the difference between two single runs is within t * s * sqrt(2), where t is Student's for N - 1 degrees
of freedom; and 2 s^2 is exactly the mean square of the differences within all pairs. So the tolerance is

    t(N - 1) * root mean square of the pairs' differences

which asks for no more than what `compare` tells of each pair. t leaves out 1 of 100 runs
(1 of 20 where there are but two repetitions). Where a result is many numbers
(a history, a table), the difference of a pair is its largest.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

from runner.errors import UsageError
from runner.records.model import Recorded
from runner.reproduction.comparing.comparing import compare
from runner.reproduction.comparing.tolerances import EXACT, Tolerances
from runner.reproduction.model import Compared, Outcome, Tolerance

LEAST = 2
# Quantiles 0.995 of Student's t for 2, 3 ... degrees of freedom: both sides together leave out 1 %. For two repetitions
# that would be 63.66, which excuses whatever comes; there it is the quantile 0.975.
STUDENT = (12.71, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169, 3.106, 3.055, 3.012, 2.977, 2.947)  # fmt: skip
LARGEST_RELATIVE = 0.5  # numbers farther apart are near each other absolutely, or not at all

Key = tuple[str, str]


def learnt(
    repeats: Sequence[Recorded], *, least: Tolerance = EXACT, ignore: Sequence[str] = ()
) -> Tolerances:
    """How far runs of the same are apart: metrics absolutely, artifacts relatively where that is possible.

    What is equal in all of them is granted nothing but the `least`.

    Raises:
        UsageError: fewer than two.
    """
    if len(repeats) < LEAST:
        raise UsageError("a tolerance is learnt from two repetitions or more")
    pairs = [compare(a, b, ignore=ignore) for a, b in combinations(repeats, 2)]
    apart = _apart(pairs)
    unsteady = frozenset(key for key, found in apart.items() if any(one.gap is None for one in found))
    factor = STUDENT[min(len(repeats) - 1, len(STUDENT)) - 1]
    of = {
        key: _at_least(least, _tolerance(found, len(pairs), factor))
        for key, found in apart.items()
        if key not in unsteady
    }
    return Tolerances(otherwise=least, of=of, unsteady=unsteady)


def _apart(pairs: Sequence[Sequence[Compared]]) -> Mapping[Key, list[Compared]]:
    """The metrics and artifacts in which a pair differs."""
    apart: defaultdict[Key, list[Compared]] = defaultdict(list)
    for pair in pairs:
        for one in pair:
            if one.kind in {"metric", "artifact"} and one.outcome not in {Outcome.SAME, Outcome.IGNORED}:
                apart[one.kind, one.name].append(one)
    return apart


def _tolerance(found: Sequence[Compared], pairs: int, factor: float) -> Tolerance:
    """From the pairs that differ; all others are 0 apart."""
    distances = [one.distance or 0.0 for one in found]
    if found[0].kind == "artifact" and max(distances) < LARGEST_RELATIVE:
        # of the larger number, and a tolerance is of the first: d/(1 - d) is enough whichever that is
        return Tolerance(relative=factor * _root_mean_square([d / (1 - d) for d in distances], pairs))
    return Tolerance(absolute=factor * _root_mean_square([one.gap or 0.0 for one in found], pairs))


def _root_mean_square(values: Sequence[float], count: int) -> float:
    return math.hypot(*values) / math.sqrt(count)


def _at_least(least: Tolerance, tolerance: Tolerance) -> Tolerance:
    return Tolerance(
        relative=max(least.relative, tolerance.relative), absolute=max(least.absolute, tolerance.absolute)
    )

"""What all that was compared comes to."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, Context

from runner.reproduction.model import Compared, Outcome, Tolerance, Verdict

BEYOND = {Outcome.DIFFERENT, Outcome.MISSING, Outcome.ADDED}
DIGITS = 2  # of a tolerance that is proposed
FAR = 0.5  # of the larger: numbers so far apart are near each other absolutely, or not at all
SLACK = 1e-12  # for the rounding of the distance itself


def verdict(compared: Iterable[Compared]) -> Verdict:
    """Identical if all is the same, equivalent if it is the same or close; what is ignored does not count."""
    outcomes = {one.outcome for one in compared} - {Outcome.IGNORED}
    if outcomes <= {Outcome.SAME}:
        return Verdict.IDENTICAL
    return Verdict.EQUIVALENT if outcomes <= {Outcome.SAME, Outcome.CLOSE} else Verdict.DIFFERENT


def nothing_compared(compared: Iterable[Compared]) -> bool:
    """Whether the runs have no results but their exit code: then `identical` says little, and the report should say so."""
    return not any(
        one.kind in {"metric", "artifact"} and one.outcome is not Outcome.IGNORED for one in compared
    )


def needed(compared: Sequence[Compared]) -> Tolerance | None:
    """A tolerance with which these results would be equivalent; None where none would do.

    Relative as far as possible; numbers near zero, or of different signs, add what is needed absolutely.
    """
    if any(one.outcome in BEYOND and one.gap is None for one in compared):
        return None
    pairs = [(one.distance, one.gap) for one in compared if one.distance is not None and one.gap is not None]
    # d = |a-b| / max(|a|, |b|) is told; |a-b| <= d/(1-d) |a| follows for d < 1, and is of use while d is small.
    relative = max((distance / (1 - distance) for distance, _ in pairs if distance < FAR), default=0.0)
    absolute = max((gap for distance, gap in pairs if distance >= FAR), default=0.0)
    return Tolerance(relative=rounded_up(relative * (1 + SLACK)), absolute=rounded_up(absolute))


def rounded_up(number: float) -> float:
    """The least number of two digits that is not below.

    >>> rounded_up(0.0), rounded_up(0.0123), rounded_up(250.0), rounded_up(251.0)
    (0.0, 0.013, 250.0, 260.0)
    """
    return float(Context(prec=DIGITS, rounding=ROUND_CEILING).create_decimal_from_float(number))

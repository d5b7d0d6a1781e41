"""Values compared one by one: how many differ, how many by more than is tolerated, and how far they are apart."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from runner.reproduction.model import Compared, Outcome, Tolerance

MOST_REMARKS = 3
LONGEST = 120  # characters of a remark: names in it may be a stranger's


@dataclass(slots=True)
class Tally:
    """What was found while two results were walked through.

    Attributes:
        tolerance: how close numbers must be.
        passed_over: whether the value at a place (a key, a column) is not to be compared.
        noun: what is counted, in the plural.
        compared, differing, beyond: how many values; those not equal; those of them beyond the tolerance.
        skipped: how many differ where nothing is to be compared.
        distance: largest |a - b| / max(|a|, |b|).
        gap: largest |a - b|.
        bridgeable: whether nothing but numbers differs, so that some tolerance would be enough.
        remarks: what else is to be said.
    """

    tolerance: Tolerance
    passed_over: Callable[[str], bool] = lambda _place: False
    noun: str = "values"
    compared: int = 0
    differing: int = 0
    beyond: int = 0
    skipped: int = 0
    distance: float | None = None
    gap: float = 0.0
    bridgeable: bool = True
    remarks: list[str] = field(default_factory=list)

    def numbers(self, a: float, b: float) -> None:
        """Compare two numbers. NaN equals NaN; nothing is close to an infinity, or to NaN."""
        self.compared += 1
        if a == b or (a != a and b != b):  # noqa: PLR0124 - NaN alone differs from itself
            return
        self.differing += 1
        gap, distance = apart(a, b)
        self.beyond += not close(a, gap, self.tolerance)
        self.farthest(gap, distance)

    def farthest(self, gap: float, distance: float) -> None:
        """Two numbers, or the farthest of many, are that far apart."""
        self.gap = max(self.gap, gap)
        self.distance = max(self.distance or 0.0, distance)
        if not math.isfinite(gap):
            self.bridgeable = False

    def others(self, *, equal: bool, count: int = 1) -> None:
        """Values that are no numbers."""
        self.compared += count
        if not equal and count:
            self.differing += count
            self.beyond += count
            self.bridgeable = False

    def lacking(self, remark: str, *, count: int = 1) -> None:
        """Something that only one of the two has."""
        self.others(equal=False, count=count)
        self.remarks.append(remark)

    def found(self, kind: str, name: str, before: str | None, after: str | None) -> Compared:
        """What it comes to."""
        return Compared(
            kind=kind,
            name=name,
            outcome=self._outcome,
            before=before,
            after=after,
            distance=self.distance,
            gap=self.gap if self.differing and self.bridgeable else None,
            note="; ".join(self._notes),
        )

    @property
    def _outcome(self) -> Outcome:
        if self.beyond:
            return Outcome.DIFFERENT
        if self.differing:
            return Outcome.CLOSE
        return Outcome.IGNORED if self.skipped else Outcome.SAME

    @property
    def _notes(self) -> list[str]:
        counted = [f"{self.differing:,} of {self.compared:,} {self.noun} differ"] if self.differing else []
        remarks = [remark[:LONGEST] for remark in self.remarks[:MOST_REMARKS]]
        more = [f"{len(self.remarks) - len(remarks):,} more"] if len(self.remarks) > len(remarks) else []
        skipped = [f"{self.skipped:,} not compared"] if self.skipped else []
        return [*counted, *remarks, *more, *skipped]


def apart(a: float, b: float) -> tuple[float, float]:
    """How far two unequal numbers are apart: |a - b|, and that by the larger of the two; infinite where no number tells."""
    try:
        gap, larger = float(abs(a - b)), float(max(abs(a), abs(b)))
    except OverflowError:  # integers beyond the floating-point range
        return math.inf, math.inf
    if math.isfinite(gap) and math.isfinite(larger):
        return gap, gap / larger
    if math.isfinite(a) and math.isfinite(b):  # only their difference is beyond it
        return gap, abs(a / larger - b / larger)
    return math.inf, math.inf


def close(a: float, gap: float, tolerance: Tolerance) -> bool:
    """Whether a number `gap` away from `a` is within the tolerance."""
    return math.isfinite(gap) and gap <= tolerance.absolute + tolerance.relative * abs(a)

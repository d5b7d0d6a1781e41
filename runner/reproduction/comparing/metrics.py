"""The whole history of a metric: by step, the values of each; when they were logged does not matter.

Points of one step are compared in the order of their values, for that is how a store tells those of one millisecond.
"""

import math
import sys
from array import array
from collections.abc import Iterator, Sequence

from runner.records.model import Recorded
from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.tolerances import Tolerances
from runner.reproduction.model import Compared
from runner.tracking.model import Metric


class History:
    """The points of one metric, 16 bytes each however the store has them."""

    def __init__(self, points: Sequence[Metric]) -> None:
        self.steps = array("q", (point.step for point in points))
        self.values = array("d", (_value(point) for point in points))

    def __len__(self) -> int:
        return len(self.steps)

    def equals(self, other: "History") -> bool:
        """Whether they are equal for certain, which they are not with NaN in them."""
        return self.steps == other.steps and self.values == other.values

    def by_step(self) -> Iterator[tuple[int, Sequence[float]]]:
        """Each step in turn with its values, sorted; NaN last."""
        at = 0
        while at < len(self):
            end = at + 1
            while end < len(self) and self.steps[end] == self.steps[at]:
                end += 1
            values = self.values[at:end]
            yield self.steps[at], values if end == at + 1 else sorted(values, key=_order)
            at = end


def metric(first: Recorded, second: Recorded, key: str, tolerances: Tolerances) -> Compared:
    """Hold one metric, which both runs have, against the other's."""
    tally = Tally(tolerances.to("metric", key), noun="points")
    _walk(_history(first, key), _history(second, key), tally)
    return tally.found("metric", key, latest(first, key), latest(second, key))


def latest(recorded: Recorded, key: str) -> str | None:
    """The last value of a metric, exactly; None if the run has no such metric."""
    point = recorded.run.metrics.get(key)
    return None if point is None else repr(_value(point))


def _history(recorded: Recorded, key: str) -> History:
    points = recorded.history(key)
    return History(sorted(points or [recorded.run.metrics[key]], key=lambda point: point.step))


def _walk(first: History, second: History, tally: Tally) -> None:
    if first.equals(second):
        tally.others(equal=True, count=len(first))
        return
    left, right = first.by_step(), second.by_step()
    a, b = next(left, None), next(right, None)
    alone = [0, 0]
    while a is not None or b is not None:
        if b is None or (a is not None and a[0] < b[0]):
            assert a is not None
            alone[0] += len(a[1])
            a = next(left, None)
        elif a is None or b[0] < a[0]:
            alone[1] += len(b[1])
            b = next(right, None)
        else:
            for one, other in zip(a[1], b[1], strict=False):
                tally.numbers(one, other)
            surplus = len(a[1]) - len(b[1])
            alone[surplus < 0] += abs(surplus)
            a, b = next(left, None), next(right, None)
    for count, whose in zip(alone, ("first", "second"), strict=True):
        if count:
            tally.lacking(f"{count:,} only in the {whose}", count=count)


def _value(point: Metric) -> float:
    """Its value; the greatest number stands for infinity in a store."""
    infinite = abs(point.value) == sys.float_info.max
    return math.copysign(math.inf, point.value) if infinite else point.value


def _order(value: float) -> tuple[bool, float]:
    return (True, 0.0) if math.isnan(value) else (False, value)

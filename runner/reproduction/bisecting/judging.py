"""Whose results a run has: those of A (good), or those of B (bad)?

Each result in which A and B differ speaks for the one that it equals, a metric that equals neither for the nearer one. What most of
them say counts; where it is undecided, the result has not turned.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from runner.errors import UsageError, did_you_mean
from runner.records import Recorded
from runner.reproduction.bisecting.model import Asked, Judgement
from runner.reproduction.bisecting.search import Quality
from runner.reproduction.comparing import compare
from runner.reproduction.model import Compared, Outcome

Key: TypeAlias = tuple[str, str]

_ALIKE = {Outcome.SAME, Outcome.CLOSE}
_STEADY = {*_ALIKE, Outcome.IGNORED}


@dataclass(frozen=True)
class Judge:
    """Knows the results of A and of B."""

    a: Recorded
    b: Recorded
    asked: Asked

    @cached_property
    def differing(self) -> tuple[Key, ...]:
        """Results in which A and B differ, of those that count.

        Raises:
            UsageError: neither has the result that is asked for.
        """
        found = self._against(self.a, self.b)
        self._refuse_unknown(found)
        return tuple(key for key, one in found.items() if self._counts(key) and one.outcome not in _STEADY)

    def judge(self, run: Recorded) -> Judgement:
        """What a run shows."""
        of_a, of_b = self._against(self.a, run), self._against(self.b, run)
        if strange := self._strange(of_a, of_b):
            return Judgement(quality=Quality.UNTESTABLE, shown=strange)
        sides = [self._side(key, of_a, of_b, run) for key in self.differing]
        turned = sum(sides) > 0
        return Judgement(
            quality=Quality.BAD if turned else Quality.GOOD,
            shown=self._shown(run, sides),
            neither=not any(sides),
        )

    def _against(self, first: Recorded, second: Recorded) -> Mapping[Key, Compared]:
        """Results only: params are what was asked for."""
        compared = compare(first, second, self.asked.tolerance)
        return {(one.kind, one.name): one for one in compared if one.kind != "param"}

    def _counts(self, key: Key) -> bool:
        """An exit that differs always counts: there the rest is missing."""
        one = {("metric", self.asked.metric), ("artifact", self.asked.artifact)}
        everything = self.asked.metric is None and self.asked.artifact is None
        return everything or key[0] == "exit" or key in one

    def _refuse_unknown(self, found: Mapping[Key, Compared]) -> None:
        for kind, name in (("metric", self.asked.metric), ("artifact", self.asked.artifact)):
            known = sorted(there for of, there in found if of == kind)
            if name is not None and name not in known:
                raise UsageError(
                    f"neither {self.a.run.name} nor {self.b.run.name} has the {kind} {name!r}",
                    hint=did_you_mean(name, known) or (f"they have {', '.join(known)}" if known else None),
                )

    def _strange(self, of_a: Mapping[Key, Compared], of_b: Mapping[Key, Compared]) -> str | None:
        """Why the run shows nothing: it ended as neither of both did, or has not what both have."""
        for key in (("exit", "code"), ("exit", "status")):
            ends = [of[key] for of in (of_a, of_b) if key in of]
            if ends and not any(end.outcome in _ALIKE for end in ends):
                return f"it ended with {key[1]} {ends[0].after}"
        lost = [key for key in self.differing if self._lost(key, of_a, of_b)]
        return f"it has no {lost[0][1]}" if lost and len(lost) == len(self.differing) else None

    def _lost(self, key: Key, of_a: Mapping[Key, Compared], of_b: Mapping[Key, Compared]) -> bool:
        return all(key in of and of[key].outcome is Outcome.MISSING for of in (of_a, of_b))

    def _side(
        self, key: Key, of_a: Mapping[Key, Compared], of_b: Mapping[Key, Compared], run: Recorded
    ) -> int:
        """1 for B, -1 for A, 0 for neither. What neither the run nor the other has, they have in common."""
        like_a, like_b = (key not in of or of[key].outcome in _ALIKE for of in (of_a, of_b))
        if like_a != like_b:
            return 1 if like_b else -1
        if key[0] != "metric":
            return 0
        return _nearer(*(_value(side, key[1]) for side in (self.a, self.b, run)))

    def _shown(self, run: Recorded, sides: Iterable[int]) -> str:
        if self.asked.metric is not None and self.asked.metric in run.run.metrics:
            return f"{self.asked.metric} {run.run.metrics[self.asked.metric].value:.6g}"
        said = list(sides)
        counts = [(said.count(-1), "as in A"), (said.count(1), "as in B"), (said.count(0), "as in neither")]
        return ", ".join(f"{count} {what}" for count, what in counts if count)


def _value(run: Recorded, key: str) -> float:
    point = run.run.metrics.get(key)
    return math.nan if point is None else point.value


def _nearer(a: float, b: float, found: float) -> int:
    """1 where `found` is nearer to b, -1 where it is nearer to a, 0 in the middle and for what is no number."""
    to_a, to_b = abs(found - a), abs(found - b)
    return (to_b < to_a) - (to_a < to_b)

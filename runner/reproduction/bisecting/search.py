"""The search itself: which of many changes turns good into bad, in few experiments. Pure: it runs nothing.

Changes are added one after the other, in halves of halves, until it shows with which one the result turns (as `git bisect` does with
commits). What turns it alone is the cause. What needs others beside it is kept, and they are looked for among those before it.

With one cause among n, about log2(n) experiments; with k of them that work together only, about k log2(n) and k more.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class Quality(StrEnum):
    """What an experiment shows."""

    GOOD = "good"
    BAD = "bad"
    UNTESTABLE = "untestable"  # nothing: it cannot be installed, or fails where neither of the two did


Test: TypeAlias = Callable[[Sequence[T]], Quality]


class Turn(NamedTuple):
    """The result turns behind the first `good` steps, and has turned after `bad` of them; what is between cannot be tested."""

    good: int
    bad: int


def turn(count: int, test: Callable[[int], Quality]) -> Turn:
    """Between which of the steps 0 (good) and `count` (bad) the result turns; `test` tells of a step between."""
    good, bad = 0, count
    untestable: set[int] = set()
    while (step := _next(good, bad, untestable)) is not None:
        match test(step):
            case Quality.GOOD:
                good = step
            case Quality.BAD:
                bad = step
            case Quality.UNTESTABLE:
                untestable.add(step)
    return Turn(good, bad)


def _next(good: int, bad: int, untestable: set[int]) -> int | None:
    """The step that halves what is left best."""
    middle = (good + bad) // 2
    left = [step for step in range(good + 1, bad) if step not in untestable]
    return min(left, key=lambda step: (abs(step - middle), step), default=None)


def minimal(changes: Sequence[T], test: Test[T]) -> list[T]:
    """Changes that together turn the result, and of which none can be left out (as far as that can be tested).

    Without any of them the result is good, with all of them it is bad; `test` tells of some of them, in their order.
    """
    needed: list[T] = []
    left = list(changes)
    while left and (not needed or test(needed) is not Quality.BAD):
        known = list(needed)
        found = turn(len(left), lambda step: test(_in_order(changes, known, left[:step])))  # noqa: B023 - called at once
        needed = _in_order(changes, needed, left[found.good : found.bad])
        left = left[: found.good]
    return reduced(needed, test)


def reduced(changes: Sequence[T], test: Test[T]) -> list[T]:
    """The same without those that can be left out: delta debugging (Zeller and Hildebrandt, 2002)."""
    kept, parts = list(changes), 2
    while len(kept) > 1:
        parts = min(parts, len(kept))
        smaller = next((some for some in _smaller(kept, parts) if test(some) is Quality.BAD), None)
        if smaller is not None:
            # what was one of the parts is halved; what was all but one of them has one part less
            parts = 2 if len(smaller) * 2 <= len(kept) else max(parts - 1, 2)
            kept = smaller
        elif parts == len(kept):
            break
        else:
            parts *= 2
    return kept


def _smaller(changes: list[T], parts: int) -> Iterator[list[T]]:
    """Each part, then all but each."""
    bounds = [len(changes) * number // parts for number in range(parts + 1)]
    pairs = list(pairwise(bounds))
    yield from (changes[first:last] for first, last in pairs)
    if parts > 2:  # noqa: PLR2004 - of two, each is all but the other
        yield from (changes[:first] + changes[last:] for first, last in pairs)


def _in_order(changes: Sequence[T], *some: Sequence[T]) -> list[T]:
    chosen = [item for items in some for item in items]
    return [item for item in changes if item in chosen]

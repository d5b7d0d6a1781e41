"""The search of `runner bisect`: few experiments, and never a wrong name."""

import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.reproduction.bisecting.search import Quality, Turn, minimal, turn

GOOD, BAD, UNTESTABLE = Quality.GOOD, Quality.BAD, Quality.UNTESTABLE
each = pytest.mark.parametrize


class Laboratory:
    """Remembers what was tried, as `runner bisect` does."""

    def __init__(self, truth: Callable[[frozenset[int]], Quality]) -> None:
        self.truth = truth
        self.tried: dict[frozenset[int], Quality] = {}

    def __call__(self, changes: Sequence[int]) -> Quality:
        chosen = frozenset(changes)
        assert chosen, "that nothing is good is known"
        return self.tried.setdefault(chosen, self.truth(chosen))


def caused_by(*causes: int) -> Laboratory:
    return Laboratory(lambda chosen: BAD if chosen.issuperset(causes) else GOOD)


@given(st.integers(1, 300).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count - 1))))
def test_one_cause_among_n_is_found_in_log_n_experiments(case: tuple[int, int]) -> None:
    count, cause = case
    test = caused_by(cause)

    assert minimal(range(count), test) == [cause]
    assert len(test.tried) <= math.ceil(math.log2(count)) + 1


@given(st.sets(st.integers(0, 99), min_size=1, max_size=4))
def test_causes_that_work_together_only_are_all_found(causes: set[int]) -> None:
    test = caused_by(*causes)

    assert minimal(range(100), test) == sorted(causes)
    assert len(test.tried) <= len(causes) * 9 + len(causes) ** 2


@given(st.data())
def test_whatever_the_truth_the_answer_is_bad_and_none_of_it_can_be_left_out(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    known: dict[frozenset[int], Quality] = {}

    def truth(chosen: frozenset[int]) -> Quality:
        if len(chosen) == count:
            return BAD
        return known.setdefault(chosen, data.draw(st.sampled_from([GOOD, BAD, UNTESTABLE])))

    test = Laboratory(truth)
    found = minimal(range(count), test)

    assert truth(frozenset(found)) is BAD
    if len(found) > 1:
        assert all(truth(frozenset(found) - {one}) is not BAD for one in found)


@given(
    cause=st.integers(0, 19),
    pair=st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda pair: pair[0] < pair[1]),
)
def test_packages_that_go_together_only_do_not_hide_the_cause(cause: int, pair: tuple[int, int]) -> None:
    def truth(chosen: frozenset[int]) -> Quality:
        if len(chosen.intersection(pair)) == 1:
            return UNTESTABLE
        return BAD if cause in chosen else GOOD

    found = minimal(range(20), Laboratory(truth))

    assert found == (sorted(pair) if cause in pair else [cause])


def test_where_nothing_can_be_tested_all_of_it_is_the_answer() -> None:
    assert minimal(range(5), Laboratory(lambda _: UNTESTABLE)) == [0, 1, 2, 3, 4]


@each(
    ("untestable", "found"),
    [
        (set(), Turn(13, 14)),
        ({16, 12, 10}, Turn(13, 14)),
        ({13, 14}, Turn(12, 15)),
        (set(range(1, 40)), Turn(0, 40)),
    ],
)
def test_commits_that_cannot_be_tested_are_skipped(untestable: set[int], found: Turn) -> None:
    def test(step: int) -> Quality:
        return UNTESTABLE if step in untestable else BAD if step >= 14 else GOOD

    assert turn(40, test) == found

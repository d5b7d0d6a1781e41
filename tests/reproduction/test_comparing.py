"""Two runs held against each other: exits, params, metrics with their histories, and the verdict."""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runner.errors import UsageError
from runner.records.model import Recorded
from runner.reproduction.comparing import compare, learnt
from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.timings import by_nature
from runner.reproduction.model import Compared, Outcome, Tolerance, Verdict
from runner.reproduction.verdict import needed, nothing_compared, rounded_up, verdict
from runner.tracking.model import Metric, RunStatus
from tests.reproduction.results import CLOSE, Runs, as_json, recording

NAN, INF = math.nan, math.inf
EXACT = Tolerance()
each = pytest.mark.parametrize
numbers = st.floats(allow_nan=True, allow_infinity=True)
pairs = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with recording(tmp_path_factory.mktemp("home")) as runs:
        yield runs


def named(compared: Sequence[Compared], name: str) -> Compared:
    (found,) = (one for one in compared if one.name == name)
    return found


def test_equal_results_are_identical(runs: Runs) -> None:
    one, other = (
        runs(params={"alpha": "0.1"}, metrics={"loss": [2, 1]}, files={"a.txt": b"x"}) for _ in range(2)
    )

    compared = compare(one, other)

    assert {found.outcome for found in compared} == {Outcome.SAME}
    assert verdict(compared) is Verdict.IDENTICAL
    assert not nothing_compared(compared)


def test_runs_without_results_are_identical_and_said_to_have_none(runs: Runs) -> None:
    compared = compare(runs(), runs())

    assert verdict(compared) is Verdict.IDENTICAL
    assert nothing_compared(compared)


def test_params_are_compared_letter_by_letter(runs: Runs) -> None:
    one = runs(params={"alpha": "0.1", "same": "1", "gone": "x"})
    other = runs(params={"alpha": "0.10", "same": "1", "come": ""})

    compared = compare(one, other, Tolerance(relative=1))

    assert {found.name: found.outcome.value for found in compared if found.kind == "param"} == {
        "alpha": "different",
        "same": "same",
        "gone": "missing",
        "come": "added",
    }
    assert verdict(compared) is Verdict.DIFFERENT


def test_a_run_that_fails_is_no_reproduction_of_one_that_finished(runs: Runs) -> None:
    one = runs(record={"exit": {"code": 0, "signal": None}})
    other = runs(record={"exit": {"code": 3, "signal": None}}, status=RunStatus.FAILED)

    compared = compare(one, other)

    assert (named(compared, "code").before, named(compared, "code").after) == ("0", "3")
    assert named(compared, "status").outcome is Outcome.DIFFERENT
    assert verdict(compared) is Verdict.DIFFERENT


def test_a_run_of_plain_mlflow_has_a_status_and_no_code(runs: Runs) -> None:
    compared = compare(runs(), runs(tags={"runner.exit_code": "0"}))

    assert [found.name for found in compared] == ["status"]


@each(
    ("first", "second", "outcome"),
    [
        ([1.0, 2.0], [1.0, 2.0], "same"),
        ([1.0, NAN], [1.0, NAN], "same"),
        ([INF, -INF], [INF, -INF], "same"),
        ([1.0, 2.0], [1.0 + 1e-9, 2.0], "close"),
        ([1.0, 2.0], [1.5, 2.0], "different"),
        ([1.0, NAN], [1.0, 2.0], "different"),
        ([1.0, INF], [1.0, -INF], "different"),
        ([1.0, INF], [1.0, 2.0], "different"),
        ([1.0, 2.0], [1.0, 2.0, 2.0], "different"),
        ([0.0], [1e-300], "different"),
        ([0.0], [-0.0], "same"),
    ],
)
def test_the_whole_history_counts(runs: Runs, first: list[float], second: list[float], outcome: str) -> None:
    assert runs.metric(first, second).outcome.value == outcome


def test_an_early_point_that_differs_is_found_behind_equal_ends(runs: Runs) -> None:
    found = runs.metric([1.0, 5.0, 3.0], [1.0, 4.0, 3.0])

    assert (found.before, found.after, found.note) == ("3.0", "3.0", "1 of 3 points differ")
    assert (found.distance, found.gap) == (0.2, 1.0)


def test_an_infinity_is_one_however_a_store_keeps_it(runs: Runs) -> None:
    found = runs.metric([INF, -INF], [sys.float_info.max, INF])

    assert (found.before, found.after, found.distance) == ("-inf", "inf", INF)
    assert found.note == "1 of 2 points differ"


def test_steps_that_one_run_lacks_are_counted(runs: Runs) -> None:
    one = [Metric("loss", 1.0, 0, step) for step in (0, 1, 2, 4, 7)]
    other = [Metric("loss", 1.0, 0, step) for step in (0, 2, 3, 4)]

    found = runs.metric(one, other)

    assert found.outcome is Outcome.DIFFERENT
    assert found.note == "3 of 6 points differ; 2 only in the first; 1 only in the second"
    assert found.gap is None


def test_when_a_point_was_logged_does_not_matter(runs: Runs) -> None:
    one = [Metric("loss", value, 5, 0) for value in (3.0, 1.0, 2.0)]
    other = [Metric("loss", value, time, 0) for time, value in enumerate((3.0, 1.0, 2.0))]

    assert runs.metric(one, other).outcome is Outcome.SAME


def test_a_metric_of_one_run_only_is_missing_or_added(runs: Runs) -> None:
    compared = compare(runs(metrics={"a": 1}), runs(metrics={"b": 2}))

    assert (named(compared, "a").outcome, named(compared, "a").before) == (Outcome.MISSING, "1.0")
    assert (named(compared, "b").outcome, named(compared, "b").after) == (Outcome.ADDED, "2.0")


@each(
    "key",
    [
        "system/cpu_utilization_percentage", "duration", "duration_seconds", "train_runtime", "eval_runtime",
        "fit_time", "mean_fit_time", "train/epoch_time", "epoch-time", "train_samples_per_second",
        "eval_steps_per_second", "tokens_per_sec", "elapsed", "elapsed_time", "wall_time", "inference_latency_ms",
        "training_seconds", "time_per_epoch", "val.step_duration", "Epoch_Time",
    ],
)  # fmt: skip
def test_what_measures_time_or_the_machine_is_ignored(runs: Runs, key: str) -> None:
    assert runs.metric([1.0], [2.0], key=key).outcome is Outcome.IGNORED
    assert runs.metric([1.0], [1.0], key=key).outcome is Outcome.SAME


@each(
    "key",
    [
        "time", "lead_time", "mean_lead_time", "mae_seconds", "delivery_time", "meters_per_second", "rmse_time",
        "timeliness", "time_to_event", "seconds", "duration_mae", "runtime_error", "travel_duration", "fit_time_error",
        "ecosystem/cpu", "subsystem/x", "step", "epoch", "fps_error", "model/system/x",
    ],
)  # fmt: skip
def test_what_may_be_a_result_is_compared(runs: Runs, key: str) -> None:
    assert runs.metric([1.0], [2.0], key=key).outcome is Outcome.DIFFERENT


def test_a_long_name_is_judged_at_once() -> None:
    begun = time.monotonic()

    assert not by_nature("train_" * 100_000)
    assert not by_nature("mean_" * 30 + "x")
    assert time.monotonic() - begun < 1


def test_the_person_says_what_else_is_not_compared(runs: Runs) -> None:
    one = runs(params={"out": "a"}, metrics={"lead_time": 1}, files={"log/x": b"1", "gone/x": b"1"})
    other = runs(params={"out": "b"}, metrics={"lead_time": 2}, files={"log/x": b"2"})

    compared = compare(one, other, ignore=["out", "lead_*", "log/*", "gone/*"])

    assert {found.outcome for found in compared} == {Outcome.SAME, Outcome.IGNORED}
    assert verdict(compared) is Verdict.IDENTICAL
    assert nothing_compared(compared)


def test_a_long_history_is_compared_in_little_time(runs: Runs) -> None:
    history = [Metric("loss", float(step), step, step) for step in range(200_000)]
    shifted = [*history[:-1], Metric("loss", -1.0, 0, 199_999)]
    one, other = (_long(runs, points) for points in (history, shifted))
    begun = time.monotonic()

    found = named(compare(one, other), "loss")

    assert found.note == "1 of 200,000 points differ"
    assert time.monotonic() - begun < 20


def _long(runs: Runs, points: Sequence[Metric]) -> Recorded:
    return replace(runs(metrics={"loss": 1}), history=lambda _key: points)


def test_close_results_are_equivalent_and_told_how_close(runs: Runs) -> None:
    one, other = runs(metrics={"loss": 1.0}), runs(metrics={"loss": 1.0 + 1e-7})

    assert verdict(compare(one, other, CLOSE)) is Verdict.EQUIVALENT
    assert verdict(compare(one, other)) is Verdict.DIFFERENT
    assert needed(compare(one, other)) == Tolerance(relative=1.1e-07)


def test_the_tolerance_that_is_needed_is_enough(runs: Runs) -> None:
    one = runs(metrics={"loss": [1.0, 0.0, -3.0]}, files={"a.json": as_json({"x": [1, 20, 3e5]})})
    other = runs(metrics={"loss": [1.2, 0.5, 3.0]}, files={"a.json": as_json({"x": [1.1, 20, 3.1e5]})})

    enough = needed(compare(one, other))

    assert enough is not None
    assert verdict(compare(one, other, enough)) is Verdict.EQUIVALENT


def test_no_tolerance_is_enough_where_more_than_numbers_differs(runs: Runs) -> None:
    def report(x: object) -> bytes:
        return as_json({"x": x})

    assert needed(compare(runs(files={"a.json": report("a")}), runs(files={"a.json": report("b")}))) is None
    assert needed(compare(runs(metrics={"a": 1}), runs(metrics={"a": NAN}))) is None
    assert needed(compare(runs(metrics={"a": 1}), runs())) is None
    assert needed(compare(runs(metrics={"a": 1}), runs(metrics={"a": 1}))) == EXACT


@given(pairs)
def test_what_is_compared_with_itself_is_the_same(values: list[tuple[float, float]]) -> None:
    tally = Tally(EXACT)

    for value, _ in values:
        tally.numbers(value, value)

    assert tally.found("metric", "x", None, None).outcome is Outcome.SAME


@given(pairs)
def test_the_tolerance_needed_makes_any_numbers_close(values: list[tuple[float, float]]) -> None:
    found = held(values, EXACT)
    enough = needed([found])
    assume(enough is not None)
    assert enough is not None

    assert held(values, enough).outcome in {Outcome.SAME, Outcome.CLOSE}


@given(pairs, st.floats(0, 10), st.floats(0, 10))
def test_a_larger_tolerance_never_makes_more_differ(
    values: list[tuple[float, float]], small: float, more: float
) -> None:
    strict, lenient = (Tolerance(relative=size, absolute=size) for size in (small, small + more))

    assert not (
        held(values, strict).outcome is Outcome.CLOSE and held(values, lenient).outcome is Outcome.DIFFERENT
    )


@given(pairs)
def test_the_distance_is_the_same_from_either_side(values: list[tuple[float, float]]) -> None:
    there, back = held(values, EXACT), held([(b, a) for a, b in values], EXACT)

    assert (there.distance, there.gap, there.outcome) == (back.distance, back.gap, back.outcome)


@given(st.floats(min_value=0, allow_infinity=False))
def test_a_proposed_tolerance_is_never_below_what_is_needed(number: float) -> None:
    assert rounded_up(number) >= number
    assert rounded_up(number) <= number * 1.1 + 1e-300


def held(values: list[tuple[float, float]], tolerance: Tolerance) -> Compared:
    tally = Tally(tolerance)
    for a, b in values:
        tally.numbers(a, b)
    return tally.found("metric", "x", None, None)


def test_integers_beyond_floating_point_are_compared_exactly(runs: Runs) -> None:
    one, other = (as_json({"n": 10**400 + surplus}) for surplus in (0, 1))

    assert runs.held("a.json", one, other, EXACT).outcome is Outcome.DIFFERENT
    near, far = (as_json({"n": 2**60 + surplus}) for surplus in (0, 1))
    assert runs.held("a.json", near, far, EXACT).outcome is Outcome.DIFFERENT
    assert runs.held("a.json", near, far, CLOSE).outcome is Outcome.CLOSE


def test_repetitions_that_are_equal_grant_nothing(runs: Runs) -> None:
    tolerances = learnt([runs(metrics={"loss": [1, 2]}, files={"a": b"x"}) for _ in range(3)])

    assert tolerances.to("metric", "loss") == EXACT
    assert verdict(compare(runs(metrics={"loss": 1.0}), runs(metrics={"loss": 1.0 + 1e-15}), tolerances)) is (
        Verdict.DIFFERENT
    )


def test_the_tolerance_is_students_quantile_of_what_repetitions_are_apart(runs: Runs) -> None:
    values = (1.0, 1.1, 1.2, 1.3, 1.4)
    tolerances = learnt([runs(metrics={"loss": value, "steady": 1}) for value in values])

    deviation = math.sqrt(0.025)  # of these five
    assert tolerances.to("metric", "loss").absolute == pytest.approx(4.604 * deviation * math.sqrt(2))
    assert tolerances.to("metric", "steady") == EXACT


def test_a_faithful_run_is_within_what_was_learnt_and_another_is_not(runs: Runs) -> None:
    def run(noise: float) -> Recorded:
        return runs(metrics={"loss": [2 + noise, 1 - noise]}, files={"a.json": as_json({"x": 5 + noise})})

    tolerances = learnt([run(noise) for noise in (0.0, 1e-7, -1e-7, 5e-8)])

    assert verdict(compare(run(-5e-8), run(0.0), tolerances)) is Verdict.EQUIVALENT
    assert verdict(compare(run(0.01), run(0.0), tolerances)) is Verdict.DIFFERENT


def test_what_repetitions_differ_in_beyond_numbers_says_nothing(runs: Runs) -> None:
    def run(stamp: bytes, loss: float = 1.0) -> Recorded:
        return runs(metrics={"loss": loss}, files={"report.html": stamp})

    tolerances = learnt([run(b"<p>10:01</p>"), run(b"<p>10:02</p>")])
    compared = compare(run(b"<p>09:59</p>"), run(b"<p>10:01</p>"), tolerances)

    assert named(compared, "report.html").outcome is Outcome.CLOSE
    assert "repetitions differ in it as well" in named(compared, "report.html").note
    assert verdict(compared) is Verdict.EQUIVALENT
    assert verdict(compare(run(b"a", 2.0), run(b"b"), tolerances)) is Verdict.DIFFERENT


def test_a_tolerance_asked_for_is_granted_whatever_was_learnt(runs: Runs) -> None:
    tolerances = learnt([runs(metrics={"a": value, "b": 1}) for value in (1.0, 1.0 + 1e-9)], least=CLOSE)

    assert tolerances.to("metric", "a").relative == CLOSE.relative
    assert tolerances.to("metric", "b") == CLOSE


def test_nothing_is_learnt_from_a_single_run(runs: Runs) -> None:
    with pytest.raises(UsageError, match="two repetitions"):
        learnt([runs()])

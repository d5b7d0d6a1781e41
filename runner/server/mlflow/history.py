"""Calls about the history of metrics."""

import math
from collections.abc import Sequence

from runner.errors import NotFound
from runner.server.errors import Malformed
from runner.server.mlflow import answers, shown, wire
from runner.server.mlflow.call import Served, reading
from runner.tracking.model import Metric
from runner.tracking.store import Store

RUNS, POINTS = 100, 2500  # at most in one answer with several runs


def history(on: Served, request: wire.GetHistory) -> answers.History:
    """All points of a metric by time; none for a run or metric that is not known."""
    if request.max_results is not None and request.max_results < 1:
        raise Malformed(f"Invalid value {request.max_results} for parameter 'max_results'")
    try:
        page = on.store.metric_page(
            request.run, request.metric_key, limit=request.max_results, page_token=request.page_token or None
        )
    except NotFound:
        return answers.History()
    return answers.History(
        metrics=[shown.point(metric) for metric in page.items], next_page_token=page.next_token
    )


def histories(on: Served, request: wire.GetHistories) -> answers.History:
    """Points of a metric of several runs at evenly spaced steps; the first and last of each run are kept."""
    _within(request)
    found = {run_id: _between(on.store, run_id, request) for run_id in request.run_ids}
    steps = sorted({metric.step for points in found.values() for metric in points})
    kept = set(_even(steps, request.max_results))
    for points in found.values():
        kept |= {metric.step for metric in points[:1] + points[-1:]}
    return answers.History(
        metrics=[
            shown.point(metric, run_id=run_id)
            for run_id, points in found.items()
            for metric in points
            if metric.step in kept
        ]
    )


def _points(store: Store, run_id: str, key: str) -> Sequence[Metric]:
    try:
        return store.metric_history(run_id, key)
    except NotFound:
        return ()


def _between(store: Store, run_id: str, request: wire.GetHistories) -> list[Metric]:
    low = -math.inf if request.start_step is None else request.start_step
    high = math.inf if request.end_step is None else request.end_step
    points = _points(store, run_id, request.metric_key)
    return [metric for metric in points if low <= metric.step <= high]


def _even(steps: Sequence[int], count: int) -> Sequence[int]:
    """At most `count` of the steps, evenly spaced."""
    if len(steps) <= count:
        return steps
    return [steps[index * len(steps) // count] for index in range(count)]


def _within(request: wire.GetHistories) -> None:
    if not 1 <= len(request.run_ids) <= RUNS:
        raise Malformed(
            f"GetMetricHistoryBulkInterval request must specify at most {RUNS} run_ids."
            f" Received {len(request.run_ids)} run_ids."
        )
    if not 1 <= request.max_results <= POINTS:
        raise Malformed(f"max_results must be between 1 and {POINTS}.")
    if (request.start_step is None) != (request.end_step is None):
        raise Malformed("If either start step or end step are specified, both must be specified.")
    if (
        request.start_step is not None
        and request.end_step is not None
        and request.start_step > request.end_step
    ):
        raise Malformed(
            "end_step must be greater than start_step."
            f" Found start_step={request.start_step} and end_step={request.end_step}."
        )


CALLS = (
    reading("metrics/get-history", wire.GetHistory, history),
    reading("metrics/get-history-bulk-interval", wire.GetHistories, histories),
)

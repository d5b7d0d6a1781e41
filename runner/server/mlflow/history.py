"""Calls about the history of metrics."""

import math
from collections.abc import Sequence

from runner.errors import NotFound
from runner.server.errors import Malformed
from runner.server.mlflow import answers, shown, wire
from runner.server.mlflow.call import Served, reading
from runner.tracking.model import Metric
from runner.tracking.store import Store

RUNS, POINTS, ALL = (
    100,
    2500,
    25_000,
)  # at most in one answer with several runs: runs, points of each, points of all


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
    """Points of a metric of several runs, of each run evenly spaced ones, the first and the last."""
    _within(request)
    return answers.History(
        metrics=[
            shown.point(metric, run_id=run_id)
            for run_id in request.run_ids
            for metric in _even(_between(on.store, run_id, request), request.max_results)
        ]
    )


def bulk(on: Served, request: wire.GetHistoryBulk) -> answers.History:
    """Points of a metric of several runs, run by run, by time; so many of all of them together."""
    if not 1 <= len(request.run_id) <= RUNS:
        raise Malformed(
            f"GetMetricHistoryBulk request must specify 1 to {RUNS} run_ids."
            f" Received {len(request.run_id)} run_ids."
        )
    left = max(0, min(request.max_results, ALL))
    found: list[answers.MetricPoint] = []
    for run_id in sorted(set(request.run_id)):
        points = _first(on.store, run_id, request.metric_key, left - len(found))
        found += [shown.point(metric, run_id=run_id) for metric in points]
    return answers.History(metrics=found)


def _first(store: Store, run_id: str, key: str, limit: int) -> Sequence[Metric]:
    try:
        return store.metric_page(run_id, key, limit=limit).items if limit else ()
    except NotFound:
        return ()


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


def _even(points: Sequence[Metric], count: int) -> Sequence[Metric]:
    """At most `count` of the points: the first of as many parts, nearly equal in length, and the last of all, as in MLflow."""
    if len(points) <= count:
        return points
    length, longer = divmod(len(points), count)
    starts = [part * length + min(part, longer) for part in range(count)]
    return [*(points[start] for start in starts[:-1]), points[-1]]


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
    reading("metrics/get-history-bulk", wire.GetHistoryBulk, bulk),
    reading("metrics/get-history-bulk-interval", wire.GetHistories, histories),
)

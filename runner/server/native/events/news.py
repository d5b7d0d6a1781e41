"""What is new in a topic: `look(store, topic, before)` compares what is stored with what was seen before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from runner.server.mlflow import wire
from runner.server.mlflow.runs import exact
from runner.server.native.events.ring import Event
from runner.server.native.events.topics import Topic
from runner.server.native.shapes import MetricsEvent, Point, ResetEvent, RunEvent
from runner.tracking.model import Metric, NewPoints, Run
from runner.tracking.store import WatchedStore

NEWEST = 100  # runs of a list
POINTS = 1000  # of a metric in one event; more are read again
COUNT_PAUSE = 1.0  # seconds between two counts of points; and 20 times as long as one takes


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A run as it was; `expected` points of each metric when no late one comes; when to count them again."""

    run: Run
    latest: Mapping[str, Metric]
    expected: Mapping[str, int]
    count_at: float = 0.0


@dataclass(frozen=True, slots=True)
class SeenRuns:
    """The newest runs, as they were."""

    runs: Mapping[str, Run] = field(default_factory=dict)


Seen: TypeAlias = SeenRun | SeenRuns


def look(store: WatchedStore, topic: Topic, before: Seen | None) -> tuple[Seen, Sequence[Event]]:
    """What is there, and what is new since `before`.

    Raises:
        NotFound: there is no such run.
    """
    if topic.kind in {"run", "logs"}:
        return _look_at_run(store, topic, before if isinstance(before, SeenRun) else None)
    return _look_at_runs(store, topic, before if isinstance(before, SeenRuns) else None)


def told(topic: Topic, run: Run, before: Run | None = None) -> Event:
    """The event of a run; all of it if there is none before."""
    params, tags = (before.params, before.tags) if before else ({}, {})
    event = RunEvent(
        topic=str(topic),
        run=run.id,
        experiment=run.experiment_id,
        name=run.name,
        status=run.status,
        lifecycle=run.lifecycle,
        start_time=run.started,
        end_time=run.ended,
        params=_new(run.params, params),
        tags=_new(run.tags, tags),
        deleted_tags=sorted(set(tags) - set(run.tags)),
    )
    return _event(topic, "run", run, event)


def _look_at_run(store: WatchedStore, topic: Topic, before: SeenRun | None) -> tuple[Seen, Sequence[Event]]:
    run = exact(store, topic.name)
    if topic.kind == "logs":  # of the run itself only its end matters
        return SeenRun(run, {}, {}), ()
    started = monotonic()
    ended = run.status.ended and not (before and before.run.status.ended)
    count = before is None or ended or started >= before.count_at
    new = store.new_points(run.id, before.latest if before else None, limit=POINTS, count=count)
    if before is None:
        return SeenRun(run, new.latest, new.counts or {}), ()
    expected = {
        key: before.expected.get(key, 0) + len(new.points.get(key, ()))
        for key in {*before.expected, *new.points}
    }
    events = [told(topic, run, before.run)] if _differs(run, before.run) else []
    events += _of_metrics(topic, run, new, expected)
    cost = monotonic() - started
    again = started + max(COUNT_PAUSE, 20 * cost) if new.counts is not None else before.count_at
    return SeenRun(run, new.latest, new.counts or expected, again), events


def _of_metrics(topic: Topic, run: Run, new: NewPoints, expected: Mapping[str, int]) -> Iterator[Event]:
    late = {key for key, count in (new.counts or {}).items() if count != expected.get(key, 0)}
    many = {key for key, points in new.points.items() if len(points) > POINTS}
    for key, points in new.points.items():
        if key not in late | many:
            shown = [Point(point.step, point.time, wire.shown(point.value)) for point in points]
            event = MetricsEvent(topic=str(topic), run=run.id, key=key, points=shown)
            yield _event(topic, "metrics", run, event)
    for key in sorted(late | many):
        reason = "many points at once" if key in many else "points came late"
        yield _event(topic, "reset", run, ResetEvent(reason=reason, topic=str(topic), run=run.id, key=key))


def _look_at_runs(store: WatchedStore, topic: Topic, before: SeenRuns | None) -> tuple[Seen, Sequence[Event]]:
    experiments = [topic.name] if topic.name else None
    page = store.search_runs(experiment_ids=experiments, limit=NEWEST, lifecycle=None)
    now = SeenRuns({run.id: run for run in page.items})
    if before is None:
        return now, ()
    return now, [
        told(topic, run, before.runs.get(run.id))
        for run in reversed(page.items)
        if run.id not in before.runs or _differs(run, before.runs[run.id])
    ]


def _differs(run: Run, before: Run) -> bool:
    """Whether anything but metrics does."""
    return replace(run, metrics={}) != replace(before, metrics={})


def _new(values: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if before.get(key) != value}


def _event(topic: Topic, kind: str, run: Run, data: msgspec.Struct) -> Event:
    return Event(topic, kind, run.id, run.experiment_id, msgspec.json.encode(data))

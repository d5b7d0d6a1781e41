"""Runs that are like one of two but for their seed: how far apart results are when nothing has changed."""

import math
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.server.mlflow.runs import exact
from runner.server.native.differences import CompareTwo
from runner.server.native.operation import Operation, json, query, view
from runner.tracking.model import Run, RunStatus
from runner.tracking.store import Store

MOST = 200  # runs that are looked at
MOST_METRICS = 500
SEED = re.compile(r"(.*[._/-])?(random_|manual_|rng_)?(seed|random_state)", re.IGNORECASE)
ALIKE = ("mlflow.source.git.commit", "runner.patch", "runner.lock")  # tags: code and packages
PLAIN = re.compile(r"[^'\"`\\]{1,200}")  # what a filter takes in quotes


class Spread(Struct, kw_only=True):
    """Of the last values of a metric; `deviation` is that of a sample."""

    count: int
    mean: float
    deviation: float


class Repeats(Struct, kw_only=True):
    """Runs like that one, itself included. `seeds`: one for each value of a parameter that is a seed."""

    runs: list[str]
    seeds: bool
    metrics: dict[str, Spread]


class RepeatsAnswer(Struct, kw_only=True):
    """Of both runs."""

    first: Repeats
    second: Repeats


async def repeats(request: Request) -> Response:
    asked = query(request, CompareTwo)

    def answer() -> Response:
        store = view(request)
        first, second = (_repeats(store, exact(store, run)) for run in (asked.a, asked.b))
        return json(RepeatsAnswer(first=first, second=second))

    return await run_in_threadpool(answer)


def _repeats(store: Store, run: Run) -> Repeats:
    found = store.search_runs(
        experiment_ids=[run.experiment_id], filter=" and ".join(_conditions(run)), limit=MOST
    )
    like = [other for other in (run, *found.items) if _like(run, other)]
    seeds = [key for key in run.params if SEED.fullmatch(key)]
    one_each = {tuple(other.params[key] for key in seeds) or other.id: other for other in reversed(like)}
    chosen = list(one_each.values())
    return Repeats(runs=[each.id for each in chosen], seeds=bool(seeds), metrics=dict(_spreads(run, chosen)))


def _conditions(run: Run) -> Iterator[str]:
    """As many as a filter takes; `_like` looks at all."""
    yield "attributes.status = 'FINISHED'"
    plain = [(key, value) for key, value in run.params.items() if not SEED.fullmatch(key) and PLAIN.fullmatch(key)]  # fmt: skip
    yield from (f"params.`{key}` = '{value}'" for key, value in plain[:8] if PLAIN.fullmatch(value))


def _like(run: Run, other: Run) -> bool:
    return (
        other.status is RunStatus.FINISHED
        and _fixed(run.params) == _fixed(other.params)
        and run.params.keys() == other.params.keys()
        and all(run.tags.get(tag) == other.tags.get(tag) for tag in ALIKE)
    )


def _fixed(params: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in params.items() if not SEED.fullmatch(key)}


def _spreads(run: Run, like: Sequence[Run]) -> Iterator[tuple[str, Spread]]:
    for key in list(run.metrics)[:MOST_METRICS]:
        values = [each.metrics[key].value for each in like if key in each.metrics]
        values = [value for value in values if math.isfinite(value)]
        if len(values) > 1:
            mean, deviation = statistics.fmean(values), statistics.stdev(values)
            yield key, Spread(count=len(values), mean=mean, deviation=deviation)


OPERATIONS = (
    Operation(
        "GET", "/diff/repeats", "diffRepeats", "Results of runs that are like these two but for their seed",
        repeats, RepeatsAnswer, CompareTwo,
    ),
)  # fmt: skip

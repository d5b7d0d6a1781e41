"""What the tables and charts of the pages ask the store: 100,000 runs with 19 values each, 20 lines of 10,000 points.

    python -m benchmarks.ui_data [--store URI] [--runs N] [--rounds N] [--only TEXT] [--json FILE]

The store is called in this process, without a server between. `--store` names an empty database on PostgreSQL; without, it is a
fresh SQLite file.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.seeds import METRICS, PARAMS, seed_ours
from runner.settings import Settings
from runner.tracking import Store, open_store
from runner.tracking.filters import Name
from runner.tracking.model import Metric
from runner.tracking.tables import Chosen, Span

LINES, POINTS, BATCH = 20, 10_000, 1000
PARENT = "mlflow.parentRunId"
COLUMNS = [*(f"metrics.{key}" for key in METRICS), *(f"params.{key}" for key in PARAMS[:5])]
# Milliseconds that an answer may take, where somebody has said so; None elsewhere.
MOST: Mapping[str, int | None] = {
    "newest page": 50,
    "sort by metric": 100,
    "sort by param": 100,
    "sort by two columns": 200,
    "two filters, sort by metric": 200,
    "a filter that nothing fits": 200,
    "a word in names and tags": None,
    "last page": 300,
    "middle page, sorted by metric": 300,
    "last page, sorted by metric": 300,
    "columns of all": 150,
    "columns of all experiments": 150,
    "columns of a few hundred": None,
    "groups by a param": 400,
    "runs inside of those in sight": 20,
    "runs inside of one": 20,
    "a run by its name": 20,
    "a run by the beginning of its id": 20,
    "the run before it": 20,
    "keys to complete": 100,
    "values to complete": 100,
    "20 lines of 10,000 points": None,
    "20 lines, a hundredth of them": None,
}

Ask = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Milliseconds; `cpu` is this process's, which other programs on the machine do not lengthen as much."""

    p50: float
    p95: float
    cpu: float


def main() -> None:
    """Seed, time, print."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings.from_environ(
            {"RUNNER_HOME": scratch, **({"RUNNER_TRACKING_URI": options.store} if options.store else {})}
        )
        with closing(open_store(settings)) as store:
            experiment = store.create_experiment("big").id
            seed_ours(settings.tracking_uri, experiment, options.runs)
            lines = _with_lines(store)
            found = {
                name: _timed(ask, options.rounds)
                for name, ask in _cases(store, experiment, lines, options.runs)
                if options.only in name
            }
    _print(found)
    if options.json:
        options.json.write_text(
            json.dumps({name: asdict(timing) for name, timing in found.items()}, indent=2)
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", metavar="URI", help="an empty database")
    parser.add_argument("--runs", type=int, default=100_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=12, metavar="N", help="questions of each kind")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name has it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return parser.parse_args()


def _with_lines(store: Store) -> list[str]:
    """Runs with all the points of a metric."""
    found = []
    for _ in range(LINES):
        run = store.create_run("0")
        for first in range(0, POINTS, BATCH):
            steps = range(first, first + BATCH)
            store.log(run.id, metrics=[Metric("loss", random.random(), 10 * step, step) for step in steps])
        found.append(run.id)
    return found


def _cases(store: Store, experiment: str, lines: Sequence[str], runs: int) -> Iterator[tuple[str, Ask]]:
    tables, here = store.tables, Chosen(experiments=[experiment])

    def table(*sort: str, q: str = "", offset: int = 0) -> Ask:
        chosen = Chosen(experiments=[experiment], filter=q)
        return lambda: tables.table(chosen, sort=sort, columns=COLUMNS, offset=offset, limit=100)

    yield "newest page", table()
    yield "sort by metric", table("metrics.rmse")
    yield "sort by param", table("-params.alpha")
    yield "sort by two columns", table("params.alpha", "-metrics.rmse")
    yield "two filters, sort by metric", table("metrics.rmse", q="alpha < 0.5 and metrics.mae < 0.5")
    yield "a filter that nothing fits", table("metrics.rmse", q="params.alpha = none")
    yield "a word in names and tags", table(q="nowhere")
    yield "last page", table(offset=runs - 100)
    yield "middle page, sorted by metric", table("metrics.rmse", offset=runs // 2)
    yield "last page, sorted by metric", table("metrics.rmse", offset=runs - 100)
    yield "columns of all", lambda: tables.columns(here)
    yield "columns of all experiments", lambda: tables.columns(Chosen())
    few = Chosen(experiments=[experiment], filter="rmse < 0.004")
    yield "columns of a few hundred", lambda: tables.columns(few)
    yield (
        "groups by a param",
        lambda: tables.groups(
            here, by=["params.alpha"], but=(), columns=["metrics.rmse"], sort=(), offset=0, limit=100
        ),
    )
    yield from _kin(store, experiment)
    yield "keys to complete", lambda: tables.keys(here, "p", limit=20)
    yield "values to complete", lambda: tables.values(here, Name("param", "alpha", 0), "none", limit=20)
    yield "20 lines of 10,000 points", lambda: tables.lines(lines, ["loss"], Span())
    part = Span(low=POINTS // 2, high=POINTS // 2 + POINTS // 100)
    yield "20 lines, a hundredth of them", lambda: tables.lines(lines, ["loss"], part)


def _kin(store: Store, experiment: str) -> Iterator[tuple[str, Ask]]:
    """What pages ask about runs that have to do with one another."""
    seen = store.search_runs(experiment_ids=[experiment], limit=100).items
    store.log(seen[0].id, tags={PARENT: seen[1].id})
    inside = Chosen(
        experiments=[experiment], filter=f"tags.{PARENT} in ({', '.join(run.id for run in seen)})"
    )

    def found(text: str, limit: int = 1) -> Ask:
        return lambda: store.search_runs(filter=text, limit=limit).items

    yield (
        "runs inside of those in sight",
        lambda: store.tables.groups(
            inside, by=[f"tags.{PARENT}"], but=(), columns=(), sort=(), offset=0, limit=100
        ),
    )
    yield "runs inside of one", found(f"tags.`{PARENT}` = '{seen[1].id}'", 100)
    yield "a run by its name", found(f"attributes.run_name = '{seen[0].name}'")
    yield "a run by the beginning of its id", found(f"attributes.run_id LIKE '{seen[0].id[:8]}%'")
    before = f"attributes.start_time < {seen[0].started}"
    yield (
        "the run before it",
        lambda: store.search_runs(experiment_ids=[experiment], filter=before, limit=1).items,
    )


def _timed(ask: Ask, rounds: int) -> Timing:
    ask()  # caches of the file system and of statements
    took, spent = [], []
    for _ in range(rounds):
        start, busy = time.perf_counter(), time.process_time()
        ask()
        took.append((time.perf_counter() - start) * 1000)
        spent.append((time.process_time() - busy) * 1000)
    return Timing(statistics.median(took), statistics.quantiles(took, n=20)[-1], statistics.median(spent))


def _print(found: Mapping[str, Timing]) -> None:
    print(f"{'ms':<34}{'p50':>8}{'p95':>8}{'CPU':>8}{'may take':>10}")
    for name, timing in found.items():
        print(f"{name:<34}{timing.p50:>8.1f}{timing.p95:>8.1f}{timing.cpu:>8.1f}{MOST[name] or '':>10}")


if __name__ == "__main__":
    main()

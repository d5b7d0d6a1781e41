"""What searching runs costs: our store with 100,000 runs, and MLflow's own with fewer, on the same machine.

    python -m benchmarks.search [--runs N] [--rounds N] [--peer [N]] [--explain] [--json FILE]

Runs have 5 metrics, 10 params and 4 tags each. A page holds 100 runs, with everything that hangs on them. Both stores
are called in this process, without a server between; both databases are SQLite files, seeded by plain SQL.
"""

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy

from benchmarks.seeds import seed_ours, seed_theirs
from runner.settings import Settings
from runner.tracking import Store, open_store
from runner.tracking.sql.searching import compiled

PAGE = 100


@dataclass(frozen=True)
class Case:
    """One search; `theirs` is the filter as MLflow can say it, None where it cannot."""

    name: str
    filter: str = ""
    order_by: tuple[str, ...] = ()
    theirs: str | None = ""


CASES = (
    Case("newest page"),
    Case("order by metric", order_by=("metrics.rmse ASC",)),
    Case(
        "filter, order by metric",
        "metrics.rmse < 0.5 AND params.alpha = '0.1'",
        ("metrics.rmse ASC",),
        "metrics.rmse < 0.5 AND params.alpha = '0.1'",
    ),
    Case(
        "filter that nothing fits, order by metric",
        "params.alpha = 'none'",
        ("metrics.rmse ASC",),
        "params.alpha = 'none'",
    ),
    Case("params as numbers", "params.alpha < 0.25", theirs=None),
)


@dataclass(frozen=True)
class Timing:
    """Milliseconds."""

    p50: float
    p95: float


def main() -> None:
    """Seed, time, print."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        ours = _ours(Path(scratch), options)
        theirs = _theirs(Path(scratch), options) if options.peer else {}
    _print(ours, theirs, options)
    if options.json:
        rows = {
            name: {"ours": vars(ours[name]), "mlflow": vars(theirs[name]) if name in theirs else None}
            for name in ours
        }
        options.json.write_text(json.dumps(rows, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100_000, metavar="N", help="in our store")
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="searches of each kind")
    parser.add_argument(
        "--peer", type=int, nargs="?", const=10_000, metavar="N", help="time MLflow with so many runs, too"
    )
    parser.add_argument(
        "--explain", action="store_true", help="print how SQLite goes about each of our searches"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return parser.parse_args()


def _print(ours: Mapping[str, Timing], theirs: Mapping[str, Timing], options: argparse.Namespace) -> None:
    print(f"\npage of {PAGE}, ms{'':>22}{f'ours, {options.runs:,} runs':>24}", end="")
    print(f"{f'mlflow, {options.peer:,} runs':>26}{'ratio of p50':>14}" if theirs else "")
    for name, timing in ours.items():
        print(f"{name:<42}{timing.p50:>8.1f}{timing.p95:>8.1f}", end="")
        peer = theirs.get(name)
        print(f"{peer.p50:>16.1f}{peer.p95:>10.1f}{peer.p50 / timing.p50:>13.1f}x" if peer else "")


def _timed(search: Callable[[], Sequence[object]], *, rounds: int) -> Timing:
    search()  # caches of the file system and of statements
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        search()
        seconds.append(time.perf_counter() - start)
    return Timing(statistics.median(seconds) * 1000, statistics.quantiles(seconds, n=20)[-1] * 1000)


# ours -----------------------------------------------------------------------------------------------------


def _ours(scratch: Path, options: argparse.Namespace) -> dict[str, Timing]:
    settings = Settings.from_environ({"RUNNER_HOME": str(scratch / "home")})
    with closing(open_store(settings)) as store:
        experiment = store.create_experiment("big").id
        seed_ours(settings.tracking_uri, experiment, options.runs)
        if options.explain:
            _explain(settings.tracking_uri, experiment)
        return {case.name: _timed(_search(store, case, experiment), rounds=options.rounds) for case in CASES}


def _search(store: Store, case: Case, experiment: str) -> Callable[[], Sequence[object]]:
    def search() -> Sequence[object]:
        return store.search_runs(
            experiment_ids=[experiment], filter=case.filter, order_by=case.order_by, limit=PAGE
        ).items

    return search


def _explain(uri: str, experiment: str) -> None:
    engine = sqlalchemy.create_engine(uri)
    with engine.connect() as connection:
        for case in CASES:
            search = compiled(case.filter, order_by=case.order_by, experiment_ids=[experiment])
            for statement in filter(None, (search.shortcut, search.statement)):
                print(f"\n{case.name}: {statement}")
                for row in connection.execute(
                    sqlalchemy.text(f"EXPLAIN QUERY PLAN {statement}"), dict(search.values)
                ):
                    print(f"    {row[3]}")
    engine.dispose()


# MLflow's -------------------------------------------------------------------------------------------------


def _theirs(scratch: Path, options: argparse.Namespace) -> dict[str, Timing]:
    warnings.simplefilter("ignore")
    uri = f"sqlite:///{scratch / 'mlflow.db'}"
    # An import that takes seconds, for those who ask for it.
    store: Any = import_module("mlflow.store.tracking.sqlalchemy_store").SqlAlchemyStore(uri, str(scratch))
    experiment = store.create_experiment("big")
    seed_theirs(uri, experiment, options.peer)
    view = import_module("mlflow.entities").ViewType.ACTIVE_ONLY
    return {
        case.name: _timed(
            lambda case=case: store.search_runs(  # type: ignore[misc]
                [experiment], case.theirs, view, PAGE, list(case.order_by)
            ),
            rounds=max(3, options.rounds // 4),
        )
        for case in CASES
        if case.theirs is not None
    }


if __name__ == "__main__":
    main()

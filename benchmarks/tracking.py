"""What tracking costs: `runner server` and `mlflow server`, one after the other, on the same machine and the same database.

    python -m benchmarks.tracking [--store URI ...] [--peer-workers N ...] [--seconds N] [--quick] [--json FILE]

Without --store both have an SQLite file of their own. For PostgreSQL give two empty databases, ours first, MLflow's second:
--store postgresql://u@127.0.0.1/ours postgresql://u@127.0.0.1/theirs. With several --peer-workers each row compares
with the best of them. Requests go over connections that stay open, made by hand: the cost of a client library is in neither column.
"""

import argparse
import json
import random
import re
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import servers
from benchmarks.load import GIVEN_UP, ask, fetched, post, pressed
from benchmarks.seeds import seed_ours, seed_theirs
from benchmarks.servers import Server

FILTER = "metrics.rmse < 0.5 and params.alpha = '0.1'"
ORDER = ["metrics.rmse ASC"]
POINTS, PAGE = 100_000, 25_000
TOKEN = re.compile(rb'"next_page_token": ?"([^"]+)"')
LARGE, SMALL, FILES = 500_000_000, 10_000, 1_000  # bytes, bytes, number


@dataclass(frozen=True)
class Figure:
    """One measured value; `more` says whether a greater one is better."""

    value: float
    unit: str
    more: bool = True
    note: str = ""


Figures = dict[str, Figure]


@dataclass(frozen=True)
class Side:
    """A server to be measured: how it is started over a store and how its database is filled."""

    name: str
    store: str
    start: Callable[[], AbstractContextManager[Server]]
    seed: Callable[[str, str, int], None]


def main() -> None:
    """Measure both sides and print the ratios."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="tracking-") as directory:
        scratch = Path(directory)
        measured = {side.name: _measured(side, options) for side in _sides(scratch, options)}
    _print(measured)
    if options.json:
        rows = {
            name: {row: vars(figure) for row, figure in figures.items()} for name, figures in measured.items()
        }
        options.json.write_text(json.dumps(rows, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--store", nargs=2, metavar="URI", help="databases for ours and for MLflow's instead of SQLite files"
    )
    parser.add_argument("--peer-workers", type=int, nargs="*", default=[1], metavar="N")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    parser.add_argument(
        "--runs", type=int, nargs="*", default=[1_000, 10_000, 100_000], help="to search among"
    )
    parser.add_argument("--rounds", type=int, default=20, help="searches of each kind")
    parser.add_argument("--only", nargs="*", default=[], help="words of which a group's name must hold one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return parser.parse_args()


def _sides(scratch: Path, options: argparse.Namespace) -> Iterator[Side]:
    for number in options.peer_workers:
        place = scratch / f"mlflow{number}"
        place.mkdir()
        store = options.store[1] if options.store else f"sqlite:///{place / 'mlflow.db'}"
        name = f"mlflow, workers {number}"
        yield Side(name, store, partial(servers.mlflow, place, store, workers=number), seed_theirs)
    store = options.store[0] if options.store else f"sqlite:///{scratch / 'runner.db'}"
    yield Side("runner", store, partial(servers.ours, scratch, store), seed_ours)


def _measured(side: Side, options: argparse.Namespace) -> Figures:
    figures: Figures = {}
    with side.start() as server:  # makes the tables
        runs = [_new_run(server.uri) for _ in range(16)]
    with side.start() as server:
        figures["start-up"] = Figure(server.started, "s", more=False)
        figures["memory at rest"] = Figure(servers.memory(server.pid), "MB", more=False)
        for name, group in GROUPS.items():
            if not options.only or any(word in name for word in options.only):
                print(f"{side.name}: {name}", flush=True)
                figures |= group(side, server, runs, options)
        figures["memory after all this"] = Figure(servers.memory(server.pid), "MB", more=False)
    return figures


# the groups -----------------------------------------------------------------------------------------------


def _writes(side: Side, server: Server, runs: list[str], options: argparse.Namespace) -> Figures:
    del side
    uri, random_ = server.uri, random.Random(0)

    def create(count: int) -> bytes:
        tags = [{"key": "mlflow.user", "value": "me"}, {"key": "mlflow.source.name", "value": "train.py"}]
        return post("runs/create", {"experiment_id": "0", "start_time": count, "tags": tags}, uri=uri)

    def metric(count: int) -> bytes:
        point = {"key": "loss", "value": random_.random(), "timestamp": 1_700_000_000_000, "step": count}
        run = runs[count % 16]
        return post("runs/log-metric", {"run_id": run, "run_uuid": run, **point}, uri=uri)

    figures: Figures = {}
    for clients in (1, 4):
        made = pressed(uri, create, clients=clients, seconds=options.seconds)
        figures[f"create run, {_clients(clients)}"] = Figure(
            made.rate, "/s", note=f"p50 {made.p50:.2f} ms, p95 {made.p95:.2f}"
        )
    for clients in (1, 4, 16):
        logged = pressed(uri, metric, clients=clients, seconds=options.seconds)
        figures[f"log metric, {_clients(clients)}"] = Figure(
            logged.rate, "/s", note=f"p50 {logged.p50:.2f} ms, p99 {logged.p99:.2f}"
        )
    return figures


def _batches(side: Side, server: Server, runs: list[str], options: argparse.Namespace) -> Figures:
    del side

    def batch(count: int) -> bytes:
        points = [
            {
                "key": f"m{index % 10}",
                "value": 0.5,
                "timestamp": 1_700_000_000_000,
                "step": count * 100 + index // 10,
            }
            for index in range(1000)
        ]
        return post("runs/log-batch", {"run_id": runs[count % 16], "metrics": points}, uri=server.uri)

    waiting = deque(
        batch(count) for count in range(int(400 * options.seconds))
    )  # not made while the clock runs
    figures: Figures = {}
    for clients in (1, 4):
        logged = pressed(server.uri, lambda _: waiting.popleft(), clients=clients, seconds=options.seconds)
        figures[f"batch of 1,000 metrics, {_clients(clients)}"] = Figure(
            logged.rate * 1000, "metrics/s", note=f"p50 {logged.p50:.1f} ms"
        )
    return figures


def _searches(side: Side, server: Server, runs: list[str], options: argparse.Namespace) -> Figures:
    """An order without a filter comes last: the peer may be at work on it long after its client has given up."""
    del runs
    figures: Figures = {}
    experiments = {}
    for count in options.runs:  # all in one database, as it is in life
        made = ask(server.uri, "POST", "experiments/create", {"name": f"{count} runs"})
        experiments[count] = made["experiment_id"]
        side.seed(side.store, experiments[count], count)
    for what, condition in (("filter, order by metric", FILTER), ("order by metric", "")):
        for count, experiment in experiments.items():
            body = {
                "experiment_ids": [experiment],
                "filter": condition,
                "order_by": ORDER,
                "max_results": 100,
            }
            name = f"search {count:,} runs: {what}"
            try:
                taken = _timed(partial(ask, server.uri, "POST", "runs/search", body), options.rounds)
            except TimeoutError:
                figures[f"{name}, p50"] = Figure(GIVEN_UP * 1000, "ms", more=False, note="given up")
                return figures
            figures[f"{name}, p50"] = Figure(statistics.median(taken), "ms", more=False)
            worst = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
            figures[f"{name}, p95"] = Figure(worst, "ms", more=False)
    return figures


def _history(side: Side, server: Server, runs: list[str], options: argparse.Namespace) -> Figures:
    del side
    run = runs[0]
    for start in range(0, POINTS, 1000):
        points = [
            {"key": "long", "value": float(step), "timestamp": 1_700_000_000_000 + step, "step": step}
            for step in range(start, start + 1000)
        ]
        ask(server.uri, "POST", "runs/log-batch", {"run_id": run, "metrics": points})

    def read() -> None:
        query: dict[str, object] = {"run_id": run, "metric_key": "long", "max_results": PAGE}
        count = 0
        while True:
            page = fetched(server.uri, "metrics/get-history", **query)
            count += page.count(b'"step"')
            token = TOKEN.search(page)
            if token is None:
                break
            query["page_token"] = token[1].decode()
        assert count == POINTS

    taken = _timed(read, max(3, options.rounds // 5))
    return {"history of 100,000 points": Figure(statistics.median(taken), "ms", more=False)}


def _artifacts(side: Side, server: Server, runs: list[str], options: argparse.Namespace) -> Figures:
    del side, options
    place = f"/api/2.0/mlflow-artifacts/artifacts/0/{runs[0]}/artifacts"
    figures: Figures = {}
    for what, method in (("upload", "PUT"), ("download", "GET")):
        seconds = servers.transferred(server.uri, method, f"{place}/large.bin", LARGE)
        figures[f"{what} of 500 MB"] = Figure(LARGE / seconds / 1e6, "MB/s")
        start = time.perf_counter()
        for index in range(FILES):
            servers.transferred(server.uri, method, f"{place}/small/{index}.bin", SMALL)
        figures[f"{what} of 10 kB"] = Figure(FILES / (time.perf_counter() - start), "files/s")
    return figures


GROUPS: Mapping[str, Callable[[Side, Server, list[str], argparse.Namespace], Figures]] = {
    "writes": _writes,
    "batches": _batches,
    "history": _history,
    "artifacts": _artifacts,
    "searches": _searches,
}


def _new_run(uri: str) -> str:
    made = ask(uri, "POST", "runs/create", {"experiment_id": "0", "start_time": 1, "user_id": "me"})
    run_id: str = made["run"]["info"]["run_id"]
    return run_id


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"


def _timed(call: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each round; what takes minutes is done once."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)
        if sum(taken) > 60_000:
            break
    return taken


def _print(measured: Mapping[str, Figures]) -> None:
    ours = measured["runner"]
    peers = {name: figures for name, figures in measured.items() if name != "runner"}
    print(f"\n{'':<46}{'runner':>12}{'mlflow':>12}{'':>12}{'ratio':>8}")
    for row, figure in ours.items():
        others = [figures[row] for figures in peers.values() if row in figures]
        if not others:
            print(f"{row:<46}{figure.value:>12,.1f}{'':>12} {figure.unit:<11}{'':>8}  {figure.note}")
            continue
        best = (max if figure.more else min)(others, key=lambda other: other.value)
        ratio = figure.value / best.value if figure.more else best.value / figure.value
        print(
            f"{row:<46}{figure.value:>12,.1f}{best.value:>12,.1f} {figure.unit:<11}{ratio:>7.1f}x  {figure.note}"
        )


if __name__ == "__main__":
    main()

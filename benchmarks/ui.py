"""What the pages cost: in Chromium, cold, over 10,000 and 100,000 runs; MLflow's over 10,000 beside them, on the same machine.

    python -m benchmarks.ui [--runs N] [--peer] [--only WORD]... [--json FILE]

Runs have 5 metrics, 10 params and 4 tags each. Times of pages are from the call of the address until what is looked at has been drawn,
in a browser that has never been there, at a server that has.
The goals are those that the pages were made for.
"""

import argparse
import contextlib
import json
import os
import re
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from playwright.sync_api import Browser

from benchmarks import servers, staying
from benchmarks.seeds import seed_ours, seed_theirs
from benchmarks.visits import Visit, visiting
from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.clock import now
from runner.tracking.logs import LogWriter
from runner.tracking.model import Metric, RunStatus
from tests.services.browser import axe, chromium

NAMED = re.compile("^run-[0-9a-f]")  # a run of the seeds, on any page
CURVES, POINTS = 20, 10_000
GOING = 4  # runs of which news come for an hour
COMPARED = 500
VIEWERS, TABS = 50, 20
LATEST = 7_000_000  # a step after all others
ROUNDS = 20
SECONDS = 10.0  # that viewers watch
OWN, THEIRS = "/api/runner/1", "/api/2.0/mlflow"


@dataclass(frozen=True)
class Goal:
    """What ours must be, and in which unit; a smaller value is better unless `more`."""

    most: float
    unit: str
    more: bool = False


GOALS: Mapping[str, Goal] = {
    "table, 10,000 runs: first row": Goal(0.5, "s"),
    "table, 100,000 runs: first row": Goal(0.7, "s"),
    "table: bytes, first visit": Goal(100, "kB"),
    "table: bytes of data": Goal(15, "kB"),
    "table: requests, first visit": Goal(15, ""),
    "table: JS heap": Goal(20, "MB"),
    "table: JS heap after an hour of news": Goal(20, "MB"),
    "table: nodes of the document": Goal(5000, ""),
    "table: axe failures": Goal(0, ""),
    "sort by metric, 10,000 runs, server": Goal(50, "ms"),
    "sort by metric, 100,000 runs, server": Goal(100, "ms"),
    "two filters and sort, 100,000 runs, server": Goal(200, "ms"),
    "sort by metric, 100,000 runs, click to seen": Goal(300, "ms"),
    "jump to the last of 100,000 runs": Goal(300, "ms"),
    "compare 500 runs": Goal(1, "s"),
    "compare 500 runs: requests for data": Goal(5, ""),
    "compare: JS heap": Goal(40, "MB"),
    "compare: JS heap after an hour of news": Goal(40, "MB"),
    "20 lines of 10,000 points: first drawn": Goal(1, "s"),
    "20 lines of 10,000 points: a frame, median": Goal(50, "ms"),
    "20 lines of 10,000 points: a frame, 95 %": Goal(50, "ms"),
    "live point, server to seen, median": Goal(250, "ms"),
    "live point, server to seen, worst": Goal(1000, "ms"),
    "log line, written to seen, median": Goal(500, "ms"),
    "50 live viewers: processor": Goal(10, "%"),
    "50 live viewers: memory": Goal(20, "MB"),
    "tabs that are live in one browser": Goal(20, "", more=True),
    "runner --help": Goal(150, "ms"),
    "runner runs list": Goal(300, "ms"),
}
Figures: TypeAlias = dict[str, float]


@dataclass(frozen=True)
class Ours:
    """Our server over its store; `curves` are runs with histories, `going` goes on, `all_going` are in an experiment of their own."""

    uri: str
    pid: int
    home: Path
    few: str  # ids of experiments
    many: str
    curves: Sequence[str]
    going: str
    watched: str
    all_going: Sequence[str]


def main() -> None:
    """Measure ours and, if asked for, the peer's; print both."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="ui-") as directory, chromium() as browser:
        with _ours(Path(directory), options.runs) as ours:
            measured = _measure(MEASURES, options.only, browser, ours)
        peer: Figures = {}
        if options.peer:
            with _mlflow(Path(directory)) as theirs:
                peer = _measure(PEER, options.only, browser, theirs)
    _print(measured, peer)
    print(f"\nload of the machine {os.getloadavg()[1]:.1f}, {os.cpu_count()} processors")
    if options.json:
        options.json.write_text(json.dumps({"ours": measured, "mlflow": peer}, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100_000, metavar="N", help="of the large experiment")
    parser.add_argument("--peer", action="store_true", help="MLflow, too: it takes some minutes")
    parser.add_argument(
        "--only",
        action="append",
        choices=sorted({*MEASURES, *PEER}),
        metavar="WORD",
        help="one of the measures; repeatable",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return parser.parse_args()


def _measure(
    measures: Mapping[str, Callable[..., Figures]], only: Sequence[str] | None, *given: object
) -> Figures:
    """All of them; one that cannot be measured says why, and the others go on."""
    found: Figures = {}
    for name, measure in measures.items():
        if name in (only or measures):
            try:
                found |= measure(*given)
            except Exception as error:  # noqa: BLE001 - a page that never shows, most often
                print(f"{name}: {type(error).__name__}: {str(error).splitlines()[0]}")
    return found


def _print(ours: Figures, peer: Figures) -> None:
    print(f"\n{'':<46}{'must be':>10}{'runner':>12}{'':>6}{'mlflow':>12}{'ratio':>10}")
    for name, goal in GOALS.items():
        if name not in ours and name not in peer:
            continue
        mine, theirs = ours.get(name), peer.get(name)
        kept = (
            ""
            if mine is None
            else ("ok" if (mine >= goal.most if goal.more else mine <= goal.most) else "NO")
        )
        ratio = f"{theirs / mine:.1f}x" if mine and theirs else ""
        print(
            f"{name:<46}{goal.most:>8g}{goal.unit:>3}{_shown(mine):>12}{kept:>6}{_shown(theirs):>12}{ratio:>10}"
        )


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


# ours -----------------------------------------------------------------------------------------------------


@contextmanager
def _ours(scratch: Path, runs: int) -> Iterator[Ours]:
    home = scratch / "home"
    settings = Settings.from_environ({"RUNNER_HOME": str(home)})
    with closing(open_database_store(settings)) as store:
        few, many, curves, watched = (
            store.create_experiment(name).id for name in ("few", "many", "curves", "watched")
        )
        seed_ours(settings.tracking_uri, few, 10_000)
        seed_ours(settings.tracking_uri, many, runs)
        made = [
            store.create_run(curves, started=now(), status=RunStatus.RUNNING).id for _ in range(CURVES + 1)
        ]
        for run in made[:CURVES]:
            points = [
                Metric("loss", (step * 7919 % 1000) / (step + 1), now(), step) for step in range(POINTS)
            ]
            store.log(run, metrics=points)
            store.update_run(run, status=RunStatus.FINISHED, ended=now())
        all_going = [
            store.create_run(watched, started=now(), status=RunStatus.RUNNING).id for _ in range(GOING)
        ]
    with servers.ours(scratch, settings.tracking_uri) as server:
        yield Ours(server.uri, server.pid, home, few, many, made[:CURVES], made[CURVES], watched, all_going)


def _table(browser: Browser, ours: Ours) -> Figures:
    with visiting(browser, ours.uri) as visit:  # somebody has been here: the server joins its modules once
        visit.open("/settings", visit.page.get_by_role("heading", level=1))
    with visiting(browser, ours.uri) as visit:
        few = visit.open(f"/runs?exp={ours.few}", visit.page.get_by_text(NAMED))
        failures = len(axe(visit.page))
    with visiting(browser, ours.uri) as visit:
        many = visit.open(f"/runs?exp={ours.many}", visit.page.get_by_text(NAMED))
        total = _total(ours, ours.many)
        last, _ = visit.until("row", total + 1, act="key", on="End")
        visit.until("row", 2, act="key", on="Home")
        sort, _ = visit.until("another", act="click", on="rmse")
    return {
        "table, 10,000 runs: first row": few.seconds,
        "table, 100,000 runs: first row": many.seconds,
        "table: bytes, first visit": few.bytes / 1000,
        "table: bytes of data": few.data / 1000,
        "table: requests, first visit": few.requests,
        "table: JS heap": many.heap,
        "table: nodes of the document": few.nodes,
        "table: axe failures": failures,
        "sort by metric, 100,000 runs, click to seen": sort,
        "jump to the last of 100,000 runs": last,
    }


def _total(ours: Ours, experiment: str) -> int:
    query = urlencode({"experiment": experiment, "limit": 0})
    return int(_json(ours.uri, "GET", f"{OWN}/runs/table?{query}")["total"])


def _server(_: Browser, ours: Ours) -> Figures:
    asked = {"sort": "-metrics.rmse", "limit": 100, "columns": ["metrics.rmse", "params.alpha"]}
    filters = {**asked, "q": "metrics.rmse < 0.5 and params.alpha < 0.25"}

    def median(experiment: str, query: Mapping[str, object]) -> float:
        path = f"{OWN}/runs/table?{urlencode({**query, 'experiment': experiment}, doseq=True)}"
        return statistics.median(_timed(ours.uri, "GET", path) for _ in range(ROUNDS)) * 1000

    return {
        "sort by metric, 10,000 runs, server": median(ours.few, asked),
        "sort by metric, 100,000 runs, server": median(ours.many, asked),
        "two filters and sort, 100,000 runs, server": median(ours.many, filters),
    }


def _compare(browser: Browser, ours: Ours) -> Figures:
    found = _json(
        ours.uri, "GET", f"{OWN}/runs/table?{urlencode({'experiment': ours.few, 'limit': COMPARED})}"
    )
    runs = ",".join(row["id"] for row in found["rows"])
    with visiting(browser, ours.uri) as visit:
        cost = visit.open(f"/compare?runs={runs}&tab=parallel", visit.page.locator("main canvas"))
        asked = visit.asked(f"{OWN}/")
    with visiting(browser, ours.uri) as visit:
        lines = visit.open(
            f"/compare?runs={','.join(ours.curves)}&tab=charts", visit.page.locator("main canvas")
        )
        median, most = staying.told(staying.frames(visit, visit.page.locator("main canvas").first))
    return {
        "compare 500 runs": cost.seconds,
        "compare 500 runs: requests for data": asked,
        "compare: JS heap": cost.heap,
        "20 lines of 10,000 points: first drawn": lines.seconds,
        "20 lines of 10,000 points: a frame, median": median,
        "20 lines of 10,000 points: a frame, 95 %": most,
    }


def _live(browser: Browser, ours: Ours) -> Figures:
    with visiting(browser, ours.uri) as visit:
        _log_point(ours, 0)
        visit.open(f"/r/{ours.going}", visit.page.get_by_text("loss").locator("visible=true"))
        points = [_point_to_seen(visit, ours, number) for number in range(1, ROUNDS + 1)]
    with visiting(browser, ours.uri) as visit, _output(ours) as output:
        output.write("stdout", b"begun\n")
        visit.open(f"/r/{ours.going}/logs", visit.page.get_by_text("begun"))
        lines = [_line_to_seen(visit, output, number) for number in range(ROUNDS)]
    return {
        "live point, server to seen, median": statistics.median(points),
        "live point, server to seen, worst": max(points),
        "log line, written to seen, median": statistics.median(lines),
    }


def _point_to_seen(visit: Visit, ours: Ours, number: int) -> float:
    visit.begin("text", str(100 + number))
    sent = time.time() * 1000
    _log_point(ours, number)
    return visit.seen() - sent


def _log_point(ours: Ours, number: int) -> None:
    point = {"run_id": ours.going, "key": "loss", "value": 100 + number, "timestamp": now(), "step": number}
    _json(ours.uri, "POST", f"{THEIRS}/runs/log-metric", point)


@contextmanager
def _output(ours: Ours) -> Iterator[LogWriter]:
    live = ours.home / "live" / ours.going
    live.mkdir(parents=True, exist_ok=True)
    with closing(LogWriter(live)) as output:
        yield output


def _line_to_seen(visit: Visit, output: LogWriter, number: int) -> float:
    visit.begin("text", f"line of number {number}.")
    written = time.time() * 1000
    output.write("stdout", f"line of number {number}.\n".encode())
    return visit.seen() - written


def _viewers(_: Browser, ours: Ours) -> Figures:
    """What the server takes while a point comes ten times a second, with viewers less without."""
    alone = _watched(ours, 0)
    before = servers.memory(ours.pid)
    crowd = _watched(ours, VIEWERS)
    return {
        "50 live viewers: processor": max(0.0, crowd - alone),
        "50 live viewers: memory": max(0.0, servers.memory(ours.pid) - before),
    }


def _watched(ours: Ours, viewers: int) -> float:
    place = urlsplit(ours.uri)
    request = f"GET {OWN}/events?topics=run:{ours.going} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(viewers):
            viewer = stack.enter_context(socket.create_connection((place.hostname, place.port)))
            viewer.sendall(request)
            threading.Thread(target=_drain, args=(viewer,), daemon=True).start()
        start, used = time.monotonic(), _processor(ours.pid)
        while time.monotonic() < start + SECONDS:
            _log_point(ours, 1)
            time.sleep(0.1)
        return (_processor(ours.pid) - used) / (time.monotonic() - start) * 100


def _processor(pid: int) -> float:
    """Seconds of it that the process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _drain(viewer: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while viewer.recv(1 << 16):
            pass


def _hour(browser: Browser, ours: Ours) -> Figures:
    """See `staying`: the news of four runs, each second a point of each."""

    def log(before: int, second: int) -> str:
        step = before + second
        for place, run in enumerate(ours.all_going):  # no two are equal: a comparison shows what differs
            metric = {"key": "loss", "value": 100_000 * (place + 1) + step, "timestamp": now(), "step": step}
            _json(ours.uri, "POST", f"{THEIRS}/runs/log-batch", {"run_id": run, "metrics": [metric]})
        return str(100_000 + step)

    runs = ",".join(ours.all_going)
    table = staying.an_hour(browser, ours.uri, f"/runs?exp={ours.watched}", partial(log, 0))
    compare = staying.an_hour(browser, ours.uri, f"/compare?runs={runs}&tab=table", partial(log, 10_000))
    return {
        "table: JS heap after an hour of news": table.heap_later,
        "compare: JS heap after an hour of news": compare.heap_later,
    }


def _tabs(browser: Browser, ours: Ours) -> Figures:
    with visiting(browser, ours.uri) as first:
        _log_point(ours, 0)
        tabs = [first, *(Visit(first.page.context.new_page(), ours.uri) for _ in range(TABS - 1))]
        for tab in tabs:
            tab.open(f"/r/{ours.going}", tab.page.get_by_text("loss").locator("visible=true"))
        _log_point(ours, LATEST)
        return {"tabs that are live in one browser": sum(tab.shows(str(100 + LATEST)) for tab in tabs)}


def _commands(_: Browser, ours: Ours) -> Figures:
    environ = {**os.environ, "RUNNER_HOME": str(ours.home), "MLFLOW_TRACKING_URI": ""}

    def best(*words: str) -> float:
        seconds = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run(
                [servers.BIN / "runner", *words], env=environ, check=True, stdout=subprocess.DEVNULL
            )
            seconds.append(time.perf_counter() - start)
        return min(seconds) * 1000

    return {"runner --help": best("--help"), "runner runs list": best("runs", "list")}


# MLflow's -------------------------------------------------------------------------------------------------


@contextmanager
def _mlflow(scratch: Path) -> Iterator[str]:
    """Its server over 10,000 runs in experiment 1."""
    uri = f"sqlite:///{scratch / 'mlflow.db'}"
    with servers.mlflow(scratch, uri, workers=1) as server:
        made = _json(server.uri, "POST", f"{THEIRS}/experiments/create", {"name": "few"})
        seed_theirs(uri, made["experiment_id"], 10_000)
        yield server.uri


def _peer_table(browser: Browser, uri: str) -> Figures:
    with visiting(browser, uri) as visit:
        cost = visit.open("/#/experiments/1/runs", visit.page.get_by_text(NAMED))
        failures = len(axe(visit.page))
    return {
        "table, 10,000 runs: first row": cost.seconds,
        "table: bytes, first visit": cost.bytes / 1000,
        "table: bytes of data": cost.data / 1000,
        "table: requests, first visit": cost.requests,
        "table: JS heap": cost.heap,
        "table: nodes of the document": cost.nodes,
        "table: axe failures": failures,
    }


def _peer_server(_: Browser, uri: str) -> Figures:
    body = {"experiment_ids": ["1"], "order_by": ["metrics.rmse DESC"], "max_results": 100}
    seconds = min(_timed(uri, "POST", f"{THEIRS}/runs/search", body) for _ in range(3))
    return {"sort by metric, 10,000 runs, server": seconds * 1000}


def _peer_compare(browser: Browser, uri: str) -> Figures:
    body = {"experiment_ids": ["1"], "max_results": COMPARED}
    found = _json(uri, "POST", f"{THEIRS}/runs/search", body)
    runs = quote(json.dumps([run["info"]["run_id"] for run in found["runs"]]))
    with visiting(browser, uri) as visit:
        shows = visit.page.get_by_text(re.compile(f"Comparing {COMPARED} Runs"))
        cost = visit.open(f"/#/compare-runs?runs={runs}&experiments={quote(json.dumps(['1']))}", shows)
        asked = visit.asked("/ajax-api/")
    return {
        "compare 500 runs": cost.seconds,
        "compare 500 runs: requests for data": asked,
        "compare: JS heap": cost.heap,
    }


def _timed(uri: str, method: str, path: str, body: object = None) -> float:
    start = time.perf_counter()
    _json(uri, method, path, body)
    return time.perf_counter() - start


def _json(uri: str, method: str, path: str, body: object = None) -> Any:
    with closing(HTTPConnection(urlsplit(uri).netloc, timeout=300)) as connection:
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
    return json.loads(content)


MEASURES: Mapping[str, Callable[[Browser, Ours], Figures]] = {
    "table": _table,
    "server": _server,
    "compare": _compare,
    "live": _live,
    "hour": _hour,
    "viewers": _viewers,
    "tabs": _tabs,
    "commands": _commands,
}
PEER: Mapping[str, Callable[[Browser, str], Figures]] = {
    "table": _peer_table,
    "server": _peer_server,
    "compare": _peer_compare,
}

if __name__ == "__main__":
    main()

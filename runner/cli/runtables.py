"""Runs as tables: a row for each in a list, a column for each in a comparison."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import click

from runner.cli.output import ago, lasting, number, printable
from runner.cli.tables import print_table
from runner.tracking.model import Run

FIXED = ("NAME", "STATUS", "STARTED", "TOOK")
COMPARED_TAGS = ("mlflow.source.name", "mlflow.source.git.commit", "mlflow.project.entryPoint")
PAIR = 2


def print_list(runs: Sequence[Run], *, all_columns: bool) -> None:
    """Print a row for each run; without `all_columns` only the params that differ."""
    params = _columns([run.params for run in runs], all_columns=all_columns)
    metrics = sorted({key for run in runs for key in run.metrics})
    rows = [
        (
            run.name,
            run.status.value,
            ago(run.started),
            took(run),
            *(_metric(run, key) for key in metrics),
            *(run.params.get(key, "") for key in params),
        )
        for run in runs
    ]
    print_table((*FIXED, *metrics, *params), rows, right=("TOOK", *metrics), least=len(FIXED))
    same = {key for run in runs for key in run.params} - set(params)
    if same and sys.stdout.isatty():
        listed = printable(", ".join(sorted(same)))
        click.echo(f"the same in every row, so not shown: {listed}; see --all-columns", err=True)


def print_comparison(runs: Sequence[Run], *, everything: bool) -> None:
    """Print what differs, or `everything`; for two runs with the difference of each metric."""
    delta = ["DELTA"] if len(runs) == PAIR else []
    rows = list(_compared(runs, everything=everything))
    print_table(["", *(run.name for run in runs), *delta], rows)
    if not rows:
        click.echo("no differences in what is compared; see --all", err=True)


def took(run: Run) -> str:
    """How long the run took, or has taken until now; "" if nobody knows."""
    if run.started is None or (run.ended is None and run.status.ended):
        return ""
    ended = time.time_ns() // 1_000_000 if run.ended is None else run.ended
    return lasting(max(0, ended - run.started))


def _columns(rows: Sequence[Mapping[str, object]], *, all_columns: bool) -> list[str]:
    """Keys that occur; without `all_columns` only those whose values differ."""
    keys = sorted({key for row in rows for key in row})
    if all_columns or len(rows) < PAIR:
        return keys
    return [key for key in keys if len({row.get(key) for row in rows}) > 1]


def _compared(runs: Sequence[Run], *, everything: bool) -> Iterator[tuple[str, ...]]:
    two = len(runs) == PAIR
    facts = {
        "status": [run.status.value for run in runs],
        **{tag: [run.tags.get(tag, "") for run in runs] for tag in COMPARED_TAGS},
        **{f"params.{key}": [run.params.get(key, "") for run in runs] for key in _keys(runs, "params")},
    }
    for title, values in facts.items():
        if everything or len(set(values)) > 1:
            yield (title, *values, *([""] if two else []))
    for key in _keys(runs, "metrics"):
        values = [_metric(run, key) for run in runs]
        if everything or len(set(values)) > 1:
            yield (f"metrics.{key}", *values, *([_delta(key, *runs)] if two else []))


def _keys(runs: Sequence[Run], kind: Literal["params", "metrics"]) -> list[str]:
    return sorted({key for run in runs for key in (run.params if kind == "params" else run.metrics)})


def _metric(run: Run, key: str) -> str:
    return number(run.metrics[key].value) if key in run.metrics else ""


def _delta(key: str, first: Run, second: Run) -> str:
    if key not in first.metrics or key not in second.metrics:
        return ""
    return f"{second.metrics[key].value - first.metrics[key].value:+.6g}"

"""`runner runs`: what was recorded. RUN is an id, the beginning of one, a name, or -1 for the newest, -2, ..."""

import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from runner.cli import Context
from runner.cli.output import ago, lasting, number, print_json, printable
from runner.cli.tables import print_table
from runner.errors import NotFound, UsageError
from runner.settings import Settings
from runner.tracking import Artifacts, Store, logs, open_store
from runner.tracking.model import Lifecycle, Run

# `-1` is a run, no option
NUMBERS = {"ignore_unknown_options": True}
FIXED = ("NAME", "STATUS", "STARTED", "TOOK")
SHOWN_TAGS = ("mlflow.source.name", "mlflow.source.git.commit", "mlflow.project.entryPoint")


@click.group
def command() -> None:
    """List, show, compare, delete recorded runs; read their logs.

    RUN is a run's id, the beginning of it (4 characters at least), its name, or -1 for the newest run, -2 for the one
    before, and so on.
    """


@command.command("list")
@click.option(
    "-f",
    "--filter",
    "filter_",
    default="",
    metavar="FILTER",
    help="As in MLflow: metrics.rmse < 0.8 AND params.alpha < 0.1",
)
@click.option(
    "--sort",
    "order",
    multiple=True,
    metavar="NAME",
    help="metrics.rmse, or -metrics.rmse for the greatest first; repeat for ties.",
)
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=50, show_default=True, metavar="N", help="How many."
)
@click.option(
    "--experiment",
    "experiments",
    multiple=True,
    metavar="NAME",
    help="Only of this experiment (name or id); repeat for more.",
)
@click.option("--deleted", is_flag=True, help="The deleted ones instead.")
@click.option("--all-columns", is_flag=True, help="Also columns which are the same in every row.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(
    context: Context,
    /,
    *,
    filter_: str,
    order: Sequence[str],
    limit: int,
    experiments: Sequence[str],
    deleted: bool,
    all_columns: bool,
    as_json: bool,
) -> None:
    """List runs, newest first."""
    with opened(context.settings) as store:
        page = store.search_runs(
            experiment_ids=[store.experiment(name).id for name in experiments] or None,
            filter=filter_,
            order_by=order,
            limit=limit,
            lifecycle=Lifecycle.DELETED if deleted else Lifecycle.ACTIVE,
        )
    if as_json:
        print_json([summary(run) for run in page.runs])
        return
    _print_runs(page.runs, all_columns=all_columns)
    if page.next_token:
        click.echo(f"there are more than these {limit}; see --limit", err=True)


@command.command(context_settings=NUMBERS)
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(context: Context, /, *, run: str, as_json: bool) -> None:
    """Show everything about one run."""
    with opened(context.settings) as store:
        found = store.run(run)
        experiment = store.experiment(found.experiment_id)
    if as_json:
        print_json(summary(found))
        return
    rows = [
        ("run", found.id),
        ("name", found.name),
        ("experiment", f"{experiment.name} ({experiment.id})"),
        ("status", found.status.value + (", deleted" if found.lifecycle is Lifecycle.DELETED else "")),
        ("user", found.user),
        ("started", _clock(found.started)),
        ("took", _took(found)),
        ("artifacts", found.artifact_uri),
    ]
    for title, value in rows:
        click.echo(f"{title:<12}{printable(value)}")
    _print_section("params", found.params)
    _print_section("metrics", {key: number(metric.value) for key, metric in found.metrics.items()})
    _print_section("tags", found.tags)


@command.command("logs", context_settings=NUMBERS)
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--stdout", "streams", flag_value="stdout", help="Only its standard output.")
@click.option("--stderr", "streams", flag_value="stderr", help="Only its standard error.")
@click.option(
    "--since", type=click.FloatRange(min=0), metavar="SECONDS", help="Only what came in the last SECONDS."
)
@click.option("--grep", metavar="REGEX", help="Only lines that fit.")
@click.option("--timestamps", is_flag=True, help="The time before each line.")
@click.option("--exit-status", is_flag=True, help="Exit with the run's own code.")
@click.pass_obj
def logs_(
    context: Context,
    /,
    *,
    run: str,
    follow: bool,
    streams: Literal["stdout", "stderr"] | None,
    since: float | None,
    grep: str | None,
    timestamps: bool,
    exit_status: bool,
) -> None:
    """Print what a run printed."""
    pattern = _pattern(grep)
    earliest = 0 if since is None else time.time_ns() // 1_000_000 - int(since * 1000)
    with opened(context.settings) as store:
        found = store.run(run)
        for chunk in _chunks(store, found, context.settings, follow=follow):
            if chunk.time >= earliest and streams in {None, chunk.stream}:
                _print_chunk(chunk, pattern=pattern, timestamps=timestamps)
        code = store.run(found.id).tags.get("runner.exit_code", "1")
    if exit_status:
        sys.exit(int(code) if code.isdecimal() else 1)


@command.command(context_settings=NUMBERS)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--all", "everything", is_flag=True, help="Also what is the same in all of them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def compare(context: Context, /, *, runs: Sequence[str], everything: bool, as_json: bool) -> None:
    """Compare runs: what differs, side by side."""
    with opened(context.settings) as store:
        found = [store.run(reference) for reference in runs]
    if as_json:
        print_json([summary(run) for run in found])
        return
    rows = list(_compared(found, everything=everything))
    print_table(("", *(run.name for run in found), *(("DELTA",) if len(found) == 2 else ())), rows)  # noqa: PLR2004


@command.command(context_settings=NUMBERS)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.pass_obj
def delete(context: Context, /, *, runs: Sequence[str]) -> None:
    """Mark runs deleted; `restore` brings them back."""
    with opened(context.settings) as store:
        found = [store.run(reference) for reference in runs]  # all of them first: -1 moves with each deletion
        for run in found:
            store.delete_run(run.id)
            click.echo(f"deleted {run.name} ({run.id})")


@command.command(context_settings=NUMBERS)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.pass_obj
def restore(context: Context, /, *, runs: Sequence[str]) -> None:
    """Bring deleted runs back."""
    with opened(context.settings) as store:
        for run in [store.run(reference) for reference in runs]:
            store.restore_run(run.id)
            click.echo(f"restored {run.name} ({run.id})")


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The store, after runs whose process is gone were marked LOST."""
    with closing(open_store(settings)) as store:
        store.expire_leases(time.time_ns() // 1_000_000)
        yield store


def summary(run: Run) -> dict[str, object]:
    """A run as JSON values; times in milliseconds since the epoch."""
    return {
        "run_id": run.id,
        "name": run.name,
        "experiment_id": run.experiment_id,
        "status": run.status.value,
        "lifecycle_stage": run.lifecycle.value,
        "user": run.user,
        "start_time": run.started,
        "end_time": run.ended,
        "artifact_uri": run.artifact_uri,
        "params": dict(run.params),
        "metrics": {
            key: {"value": metric.value, "step": metric.step, "time": metric.time}
            for key, metric in run.metrics.items()
        },
        "tags": dict(run.tags),
    }


def _print_runs(runs: Sequence[Run], *, all_columns: bool) -> None:
    params = _columns([run.params for run in runs], all_columns=all_columns)
    metrics = _columns(
        [{key: point.value for key, point in run.metrics.items()} for run in runs], all_columns=True
    )
    rows = [
        (
            run.name,
            run.status.value,
            ago(run.started),
            _took(run),
            *(number(run.metrics[key].value) if key in run.metrics else "" for key in metrics),
            *(run.params.get(key, "") for key in params),
        )
        for run in runs
    ]
    print_table((*FIXED, *metrics, *params), rows, right=("TOOK", *metrics), least=len(FIXED))
    same = {key for run in runs for key in run.params} - set(params)
    if same and sys.stdout.isatty():
        click.echo(f"{len(same)} params are the same in every row and not shown; see --all-columns", err=True)


def _columns(rows: Sequence[Mapping[str, object]], *, all_columns: bool) -> list[str]:
    """Keys that occur; without `all_columns` only those whose values differ."""
    keys = sorted({key for row in rows for key in row})
    if all_columns or len(rows) < 2:  # noqa: PLR2004
        return keys
    return [key for key in keys if len({row.get(key) for row in rows}) > 1]


def _compared(runs: Sequence[Run], *, everything: bool) -> Iterator[tuple[str, ...]]:
    two = len(runs) == 2  # noqa: PLR2004
    facts = {
        "status": [run.status.value for run in runs],
        **{tag: [run.tags.get(tag, "") for run in runs] for tag in SHOWN_TAGS},
        **{
            f"params.{key}": [run.params.get(key, "") for run in runs]
            for key in sorted({k for r in runs for k in r.params})
        },
    }
    for title, values in facts.items():
        if everything or len(set(values)) > 1:
            yield (title, *values, *(("",) if two else ()))
    for key in sorted({key for run in runs for key in run.metrics}):
        points = [run.metrics[key].value if key in run.metrics else None for run in runs]
        shown = ["" if value is None else number(value) for value in points]
        first, last = points[0], points[-1]
        delta = number(last - first) if first is not None and last is not None else ""
        yield (f"metrics.{key}", *shown, *((delta,) if two else ()))


def _print_section(title: str, values: Mapping[str, str]) -> None:
    if values:
        click.echo(title)
        for key in sorted(values):
            click.echo(f"  {printable(key)} = {printable(values[key])}")


def _chunks(store: Store, run: Run, settings: Settings, *, follow: bool) -> Iterator[logs.Chunk]:
    live = settings.home / "live" / run.id

    def ended() -> bool:
        store.expire_leases(time.time_ns() // 1_000_000)
        return not follow or store.run(run.id).status.ended

    if live.is_dir():
        yield from logs.follow(live, ended)
        return
    artifacts = Artifacts(run.artifact_uri)
    with tempfile.TemporaryDirectory(prefix="runner-logs-") as name:
        kept = artifacts.list("logs")
        if not kept:
            raise NotFound(f"run {run.name} has no logs")
        for artifact in kept:
            artifacts.download(artifact.path, Path(name))
        yield from logs.read(Path(name) / "logs")


def _print_chunk(chunk: logs.Chunk, *, pattern: re.Pattern[str] | None, timestamps: bool) -> None:
    if pattern is None and not timestamps:
        click.echo(chunk.data, nl=False, err=chunk.stream == "stderr")
        return
    moment = f"{_clock(chunk.time)}  " if timestamps else ""
    for line in chunk.data.decode(errors="replace").splitlines():
        if pattern is None or pattern.search(line):
            click.echo(moment + line, err=chunk.stream == "stderr")


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text is not None else None
    except re.error as error:
        raise UsageError(f"--grep {text!r} is no regular expression: {error}") from error


def _took(run: Run) -> str:
    if run.started is None:
        return ""
    if run.ended is None:
        return "" if run.status.ended else lasting(time.time_ns() // 1_000_000 - run.started)
    return lasting(max(0, run.ended - run.started))


def _clock(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    return (
        datetime.fromtimestamp(milliseconds / 1000).astimezone().isoformat(sep=" ", timespec="milliseconds")
    )

"""`runner runs`: what was recorded. RUN is an id, the beginning of one, a name, or -1 for the newest, -2, ..."""

import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Literal, TypeAlias, cast

import click

from runner.cli import Context, sync, tracking_uri
from runner.cli.loglines import LogPrinter
from runner.cli.output import clock, number, print_json, printable
from runner.cli.runtables import print_comparison, print_list, took
from runner.errors import NotFound, RunnerError, TrackingError, UsageError
from runner.settings import Settings
from runner.tracking import OpenStore, Store, logs, open_store
from runner.tracking.model import Dataset, Experiment, Lifecycle, Run, RunStatus

Told: TypeAlias = Callable[..., Iterator[logs.Chunk] | None]

NUMBERS = {"ignore_unknown_options": True}  # `-1` is a run, no option


def _no_option(
    ctx: click.Context, _param: click.Parameter, value: str | tuple[str, ...]
) -> str | tuple[str, ...]:
    """Runs as people name them; what looks like an option and is no number was meant as one."""
    for text in (value,) if isinstance(value, str) else value:
        if text.startswith("-") and not text[1:].isdecimal():
            options = [name for each in ctx.command.params for name in each.opts if name.startswith("-")]
            raise click.NoSuchOption(text, possibilities=get_close_matches(text, options), ctx=ctx)
    return value


RUN = partial(click.argument, "run", callback=_no_option)
RUNS = partial(click.argument, "runs", metavar="RUN...", nargs=-1, required=True, callback=_no_option)


@click.group
@tracking_uri
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
        print_json([summary(run) for run in page.items])
        return
    print_list(page.items, all_columns=all_columns)
    if not page.items:
        click.echo("no runs", err=True)
    if page.next_token:
        click.echo(f"there are more than these {limit}; see --limit", err=True)


@command.command(context_settings=NUMBERS)
@RUN()
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
    _print_facts(found, experiment)
    _print_section("params", found.params)
    _print_section("metrics", {key: number(metric.value) for key, metric in found.metrics.items()})
    _print_section("tags", found.tags)
    _print_section("data sets", {_titled(given.dataset): given.context for given in found.datasets})
    _print_section("models used", dict.fromkeys(found.models_used, "input"))
    _print_section("models made", {made.model_id: f"step {made.step}" for made in found.models_made})


@command.command("logs", context_settings=NUMBERS)
@RUN()
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--stdout", "streams", flag_value="stdout", help="Only its standard output.")
@click.option("--stderr", "streams", flag_value="stderr", help="Only its standard error.")
@click.option(
    "--since", type=click.FloatRange(min=0), metavar="SECONDS", help="Only what came in the last SECONDS."
)
@click.option("--grep", metavar="REGEX", help="Only lines that fit.")
@click.option("--timestamps", is_flag=True, help="The time before each line.")
@click.option("--exit-status", is_flag=True, help="Exit with the run's own code.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, an object for each line.")
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
    as_json: bool,
) -> None:
    """Print what a run printed."""
    earliest = 0 if since is None else _now() - int(since * 1000)
    printer = LogPrinter(_pattern(grep), timestamps=timestamps, as_json=as_json)
    with opened(context.settings) as store, closing(printer):
        found = store.run(run)
        for chunk in _chunks(store, found, context.settings, follow=follow):
            if chunk.time >= earliest and streams in {None, chunk.stream}:
                printer.print(chunk)
        found = store.run(found.id)
    if exit_status:
        sys.exit(_exit_code(found))


@command.command(context_settings=NUMBERS)
@RUNS()
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
    print_comparison(found, everything=everything)


@command.command(context_settings=NUMBERS)
@RUNS()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def delete(context: Context, /, *, runs: Sequence[str], as_json: bool) -> None:
    """Mark runs deleted; `restore` brings them back."""
    with opened(context.settings) as store:
        found = [store.run(reference) for reference in runs]  # all of them first: -1 moves with each deletion
        for run in found:
            store.delete_run(run.id)
        changed = [store.run(run.id) for run in found]
    _print_changed("deleted", changed, as_json=as_json)


@command.command(context_settings=NUMBERS)
@RUNS()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def restore(context: Context, /, *, runs: Sequence[str], as_json: bool) -> None:
    """Bring deleted runs back."""
    with opened(context.settings) as store:
        found = [store.run(reference) for reference in runs]
        for run in found:
            store.restore_run(run.id)
        changed = [store.run(run.id) for run in found]
    _print_changed("restored", changed, as_json=as_json)


command.add_command(sync.command)


@contextmanager
def opened(settings: Settings) -> Iterator[OpenStore]:
    """The store, after runs whose process is gone were marked LOST and their output was kept."""
    with closing(open_store(settings)) as store:
        _expire(store)
        if not store.remote:  # there it is done together with what such runs have not sent
            _salvage(store, settings)
        yield store


def _expire(store: Store) -> None:
    """Mark them, if the store can be written: who only reads needs no room on the disk and no permission."""
    with suppress(TrackingError):
        store.expire_leases(_now())


def _salvage(store: OpenStore, settings: Settings) -> None:
    """Keep what lost runs printed, those too whose keeping was broken off; who only reads goes on without."""
    for live in (settings.home / "live").glob("*"):
        with suppress(RunnerError, OSError):
            run = store.run(live.name)
            if run.id == live.name and run.status is RunStatus.LOST:
                logs.salvage(live, store.artifacts(run.artifact_uri))


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
        "datasets": [
            {"name": one.dataset.name, "digest": one.dataset.digest, "context": one.context}
            for one in run.datasets
        ],
        "models_used": list(run.models_used),
        "models_made": [{"model_id": made.model_id, "step": made.step} for made in run.models_made],
    }


def _print_changed(what: str, runs: Sequence[Run], *, as_json: bool) -> None:
    if as_json:
        print_json([summary(run) for run in runs])
        return
    for run in runs:
        click.echo(f"{what} {printable(run.name)} ({run.id})")


def _print_facts(run: Run, experiment: Experiment) -> None:
    rows = [
        ("run", run.id),
        ("name", run.name),
        ("experiment", f"{experiment.name} ({experiment.id})"),
        ("status", run.status.value + (", deleted" if run.lifecycle is Lifecycle.DELETED else "")),
        ("user", run.user),
        ("started", clock(run.started)),
        ("took", took(run)),
        ("artifacts", run.artifact_uri),
    ]
    for title, value in rows:
        click.echo(f"{title:<12}{printable(value)}")


def _print_section(title: str, values: Mapping[str, str]) -> None:
    if values:
        click.echo(title)
        for key in sorted(values):
            click.echo(f"  {printable(key)} = {printable(values[key])}")


def _titled(dataset: Dataset) -> str:
    return f"{dataset.name} ({dataset.digest})"


def _chunks(store: OpenStore, run: Run, settings: Settings, *, follow: bool) -> Iterator[logs.Chunk]:
    """The output of a run: from its live directory while there is one here, else from its server, then its artifacts."""
    live = settings.home / "live" / run.id
    nothing = True
    for chunk in _told(store, run, settings, follow=follow) or _written(store, run, live, follow=follow):
        nothing = False
        yield chunk
    if nothing and not live.is_dir():
        yield from _kept(store, run)


def _told(store: OpenStore, run: Run, settings: Settings, *, follow: bool) -> Iterator[logs.Chunk] | None:
    """What a server tells of a run elsewhere; None if the run is one of this machine, or the server is a plain MLflow."""
    if not store.remote or (settings.home / "live" / run.id).is_dir():
        return None
    # HTTP takes 30 ms to import: only a store that needs it pays.
    told = cast("Told", import_module("runner.tracking.remote.events").told)
    return told(settings, settings.tracking_uri, run.id, follow=follow)


def _written(store: OpenStore, run: Run, live: Path, *, follow: bool) -> Iterator[logs.Chunk]:
    """What a run of this machine writes."""

    def ended() -> bool:
        _expire(store)
        return not follow or store.run(run.id).status.ended

    return logs.follow(live, ended)


def _kept(store: OpenStore, run: Run) -> Iterator[logs.Chunk]:
    artifacts = store.artifacts(run.artifact_uri)
    kept = artifacts.list("logs")
    if not kept:
        raise NotFound(f"run {run.name} has no logs")
    with tempfile.TemporaryDirectory(prefix="runner-logs-") as name:
        for artifact in kept:
            artifacts.download(artifact.path, Path(name))
        yield from logs.read(Path(name) / "logs")


def _exit_code(run: Run) -> int:
    """The program's own; 1 if there is none, for the run did not get as far, or goes on."""
    code = run.tags.get("runner.exit_code", "0" if run.status is RunStatus.FINISHED else "1")
    return int(code) if re.fullmatch(r"\d{1,3}", code) else 1


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text is not None else None
    except re.error as error:
        raise UsageError(f"--grep {text!r} is no regular expression: {error}") from error


def _now() -> int:
    return time.time_ns() // 1_000_000

"""`runner import`: what another tracking store holds, taken into ours."""

from contextlib import closing

import click

from runner.cli import Context, tracking_uri
from runner.cli.moving import experiments, files, moved, told
from runner.tracking.moving.opening import open_mlflow, open_own
from runner.tracking.moving.report import Report


@click.group
@tracking_uri
def command() -> None:
    """Bring runs, models and artifacts in from another tracking store."""


@command.command
@click.argument("source")
@experiments
@files
@click.option(
    "--artifacts",
    "artifacts_at",
    metavar="PLACE",
    help="Directory or URI where the artifacts are, if they are not below the store.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def mlflow(
    context: Context,
    /,
    *,
    source: str,
    names: tuple[str, ...],
    without_files: bool,
    artifacts_at: str | None,
    as_json: bool,
) -> None:
    """Bring in what MLflow has recorded.

    SOURCE is a directory `mlruns`, a database (sqlite:///mlflow.db, postgresql://...) or a server (http://...). What is here
    already stays as it is, so the command can be repeated, and goes on where it was interrupted.
    """
    report = Report()
    with closing(open_mlflow(source, context.settings, report, artifacts=artifacts_at)) as holding:
        _, target = open_own(context.settings, report)
        with closing(target):
            moved(holding, target, report, names=names, without_files=without_files)
    told(report, as_json=as_json)

"""`runner export`: what our store holds, for another one."""

from contextlib import closing

import click

from runner.cli import Context, tracking_uri
from runner.cli.moving import experiments, files, moved, told
from runner.tracking.moving.opening import open_export, open_own
from runner.tracking.moving.report import Report


@click.group
@tracking_uri
def command() -> None:
    """Take runs, models and artifacts out, for another tracking store."""


@command.command
@click.argument("target")
@experiments
@files
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def mlflow(
    context: Context, /, *, target: str, names: tuple[str, ...], without_files: bool, as_json: bool
) -> None:
    """Write what is recorded here for MLflow.

    TARGET is a directory, which becomes an `mlruns`, or a server (http://...). What is there already stays as it is.
    """
    report = Report()
    holding, _ = open_own(context.settings, report)
    with closing(holding), closing(open_export(target, context.settings, report)) as there:
        moved(holding, there, report, names=names, without_files=without_files)
    told(report, as_json=as_json)

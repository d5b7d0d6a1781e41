"""`runner import`: a bundle, or what another tracking store holds, taken into ours."""

from contextlib import closing
from pathlib import Path

import click

from runner.bundles.bringing import bring
from runner.bundles.reading import opened_bundle
from runner.cli import Context, tracking_uri
from runner.cli.moving import experiments, files, moved, told
from runner.cli.otherwise import Otherwise
from runner.cli.output import print_json, printable
from runner.cli.terminal import Terminal
from runner.progress import Progress
from runner.tracking.moving.opening import open_mlflow, open_own
from runner.tracking.moving.report import Outcome, Report


@click.group(cls=Otherwise, metavar="FILE", subcommand_metavar="FILE | mlflow SOURCE")
@tracking_uri
def command() -> None:
    """Bring runs, models and artifacts in: a run from a file, or everything from another tracking store."""


@command.command("FILE")
@click.argument("file", type=click.Path(path_type=Path))
@tracking_uri
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings, errors, and the run.")
@click.pass_obj
def file_(context: Context, /, *, file: Path, as_json: bool, quiet: bool) -> None:
    """Bring in the run of a bundle: `runner import FILE`.

    It keeps its id, and goes into the experiment of the name that it had. What is here already stays as it is, so the command
    can be repeated, and goes on where it was interrupted.
    """
    with (
        Progress(Terminal(quiet=quiet)).phase("import") as phase,
        opened_bundle(file, phase=phase) as bundle,
    ):
        found = bring(bundle, settings=context.settings, phase=phase)
    if as_json:
        print_json(
            {
                "run_id": found.run.id,
                "name": found.run.name,
                "experiment": found.experiment,
                "outcome": found.outcome.value,
                "files": found.files,
            }
        )
        return
    click.echo(f"{found.run.id} {printable(found.run.name)}")
    if found.outcome is Outcome.THERE and not found.files:
        click.echo("it was here already", err=True)


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

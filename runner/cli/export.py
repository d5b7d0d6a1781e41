"""`runner export`: a run into one file; what our store holds, for another one."""

from contextlib import closing
from pathlib import Path

import click

from runner.bundles.packing import INPUT_LIMIT, Wanted
from runner.cli import Context, tracking_uri
from runner.cli.exporting import as_json as told_as_json
from runner.cli.exporting import exported
from runner.cli.exporting import told as told_of_file
from runner.cli.moving import experiments, files, moved, told
from runner.cli.otherwise import Otherwise
from runner.cli.output import print_json
from runner.cli.runs import NUMBERS, RUN
from runner.cli.terminal import Terminal
from runner.progress import Progress
from runner.settings import read_size
from runner.tracking.moving.opening import open_export, open_own
from runner.tracking.moving.report import Report


@click.group(cls=Otherwise, metavar="RUN", subcommand_metavar="RUN FILE | mlflow TARGET")
@tracking_uri
def command() -> None:
    """Take runs, models and artifacts out: a run as a file, or everything for another tracking store."""


@command.command("RUN", context_settings=NUMBERS)
@RUN()
@click.argument("file", type=click.Path(path_type=Path))
@tracking_uri
@click.option(
    "--with-inputs", is_flag=True, help="Pack all data that the run read, of any size, wherever it is."
)
@click.option(
    "--input-limit",
    metavar="SIZE",
    default=f"{INPUT_LIMIT >> 20}MiB",
    show_default=True,
    help="Pack an input up to this size; a larger one is only named, with its digest.",
)
@click.option(
    "--with-wheels",
    is_flag=True,
    help="Pack every package of the lock: wheels, source archives, conda packages.",
)
@click.option("--with-environment", is_flag=True, help="Pack the finished environment.")
@click.option("--with-code", is_flag=True, help="Pack the tree that ran.")
@click.option("--force", is_flag=True, help="Replace FILE, if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings, errors, and the name of the file.")
@click.pass_obj
def run_(
    context: Context,
    /,
    *,
    run: str,
    file: Path,
    with_inputs: bool,
    input_limit: str,
    with_wheels: bool,
    with_environment: bool,
    with_code: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write a run to FILE: `runner export RUN FILE`.

    FILE (run.zip) holds all that was recorded, and is an RO-Crate, too. What it lacks to be run elsewhere is told.
    """
    wanted = Wanted(
        input_limit=None if with_inputs else read_size(input_limit),
        packages=with_wheels,
        environment=with_environment,
        code=with_code,
    )
    progress = Progress(Terminal(quiet=quiet))
    written = exported(run, file, wanted, settings=context.settings, progress=progress, replace=force)
    if as_json:
        print_json(told_as_json(written))
    else:
        told_of_file(written)


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

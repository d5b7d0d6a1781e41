"""`runner archive`: runs to keep for years, each in a file that needs nothing else."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from runner.bundles.packing import EVERYTHING
from runner.cli import Context, tracking_uri
from runner.cli.exporting import as_json as told_as_json
from runner.cli.exporting import exported, told
from runner.cli.output import print_json
from runner.cli.runs import NUMBERS, RUNS
from runner.cli.terminal import Terminal
from runner.errors import UsageError
from runner.progress import Progress
from runner.reproduction import finding
from runner.settings import Settings


@click.command(context_settings=NUMBERS)
@RUNS()
@click.argument("target", metavar="PLACE", type=click.Path(path_type=Path))
@tracking_uri
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings, errors, and the names of the files.")
@click.pass_obj
def command(
    context: Context, /, *, runs: tuple[str, ...], target: Path, force: bool, as_json: bool, quiet: bool
) -> None:
    """Write runs to files with all that they need: data, packages, environment, code.

    PLACE is a directory, which gets a file for each run; for a single run it may be the file (run.zip).
    """
    settings, progress = context.settings, Progress(Terminal(quiet=quiet))
    written = [
        exported(run, file, EVERYTHING, settings=settings, progress=progress, replace=force)
        for run, file in _places(runs, target, settings, progress)
    ]
    if as_json:
        print_json([told_as_json(one) for one in written])
        return
    for one in written:
        told(one)


def _places(
    runs: Sequence[str], target: Path, settings: Settings, progress: Progress
) -> Iterator[tuple[str, Path]]:
    """The file for each run."""
    if target.suffix == ".zip" and not target.is_dir():
        if len(runs) > 1:
            raise UsageError(f"{target} is one file, and there are {len(runs)} runs", hint="name a directory")
        yield runs[0], target
        return
    target.mkdir(parents=True, exist_ok=True)
    for reference in runs:
        with finding.found(reference, settings, progress) as recorded:
            run = recorded.run
        safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in run.name)
        yield reference, target / f"{safe[:64].lstrip('.') or 'run'}-{run.id[:8]}.zip"

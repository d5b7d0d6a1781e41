"""`runner reproduce`: is what was recorded true? The run once more, its results beside the recorded ones, a verdict."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from runner.cli import Context, tracking_uri
from runner.cli.output import print_json
from runner.cli.run import pairs, serve
from runner.cli.runs import NUMBERS, RUN
from runner.cli.terminal import Terminal
from runner.cli.verdicts import as_json, impossible, print_checklist, print_reproduced
from runner.errors import InputError, RunnerError
from runner.progress import Progress
from runner.records import Recorded, Unrepeatable
from runner.reproduction import finding
from runner.reproduction.bundled import at_hand
from runner.reproduction.changes import Changes
from runner.reproduction.checking import Checklist, checked
from runner.reproduction.model import Tolerance, Verdict
from runner.reproduction.reproducing import Asked, Reproduced, reproduce
from runner.settings import Settings


@click.command(context_settings=NUMBERS)
@RUN()
@tracking_uri
@click.option(
    "-P",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A secret parameter, for its value is not recorded; repeat for more.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=PATH",
    help="Where the data of a parameter is on this machine; repeat for more.",
)
@click.option(
    "--rtol",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="X",
    help="Numbers may differ by X times their size.",
)
@click.option(
    "--atol", type=click.FloatRange(min=0), default=0.0, metavar="X", help="Numbers may differ by X."
)
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Run N times, and learn from them how far results may be apart.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="PATTERN",
    help="Do not compare results of that name (*.png); repeat for more.",
)
@click.option("--experiment-name", metavar="NAME", help="Experiment to record in; created when missing.")
@click.option("--check-only", is_flag=True, help="Only look whether all that it takes is there.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON; the program's output goes to stderr.")
@click.option(
    "-q", "--quiet", is_flag=True, help="Only the program's output, warnings, errors and the verdict."
)
@click.pass_obj
def command(
    context: Context, /, *, run: str, check_only: bool, as_json_: bool, quiet: bool, **options: Any
) -> None:
    """Run a recorded run again as it was, and compare the results.

    RUN is a run's id, the beginning of it, its name, -1 for the newest; the address of its page on a server; or a bundle
    (run.zip). The exit code is 0 if the results are identical or equivalent, 1 if they differ, and 2 if something that it
    takes is missing.
    """
    asked = _asked(**options)
    terminal = Terminal(quiet=quiet, output=2 if as_json_ else 1)
    progress = Progress(terminal)
    try:
        with (
            finding.found(run, context.settings, progress) as recorded,
            at_hand(recorded, asked.changes, settings=context.settings, progress=progress) as changes,
        ):
            asked = replace(asked, changes=changes)
            checklist = checked(recorded, asked.changes, settings=context.settings, progress=progress)
            print_checklist(checklist, quiet=quiet)
            found = (
                _only_checked(checklist)
                if check_only or checklist.missing
                else _reproduced(
                    recorded, _found_here(asked, checklist), context.settings, progress, terminal
                )
            )
            if as_json_:
                print_json(as_json(recorded, checklist, found))
            else:
                print_reproduced(recorded, checklist, found)
    except Unrepeatable as error:
        if as_json_:
            print_json(impossible(run, error))
        raise
    sys.exit(0 if found.verdict is None else found.verdict.exit_status)


def _asked(
    *,
    parameters: Sequence[str],
    inputs: Sequence[str],
    rtol: float,
    atol: float,
    repeat: int,
    ignore: Sequence[str],
    experiment_name: str | None,
) -> Asked:
    return Asked(
        changes=Changes(parameters=pairs(parameters, option="-P"), inputs=_places(inputs)),
        tolerance=Tolerance(relative=rtol, absolute=atol),
        ignore=ignore,
        repeat=repeat,
        experiment_name=experiment_name,
    )


def _places(texts: Sequence[str]) -> dict[str, Path]:
    found = {
        name: Path(text).expanduser().absolute() for name, text in pairs(texts, option="--input").items()
    }
    for name, path in found.items():
        if not path.exists():
            raise InputError(f"--input {name}: there is no file or directory {path}", hint="check the path")
    return found


def _found_here(asked: Asked, checklist: Checklist) -> Asked:
    """What is asked, with the data where the checks have found it."""
    return replace(asked, changes=replace(asked.changes, inputs=checklist.inputs))


def _only_checked(checklist: Checklist) -> Reproduced:
    """Nothing was run."""
    if not checklist.missing:
        return Reproduced(verdict=None)
    return Reproduced(verdict=Verdict.IMPOSSIBLE)


def _reproduced(
    recorded: Recorded,
    asked: Asked,
    settings: Settings,
    progress: Progress,
    terminal: Terminal,
) -> Reproduced:
    try:
        return reproduce(
            recorded,
            asked,
            settings=settings,
            progress=progress,
            spectator=terminal,
            serve=partial(serve, settings),
            ended=terminal.ended,
        )
    except RunnerError as error:
        terminal.failed(error)
        raise

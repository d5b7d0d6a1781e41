"""`runner reproduce`: is what was recorded true? The run once more, its results beside the recorded ones, a verdict."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from runner.cli import Context, tracking_uri
from runner.cli.output import print_json
from runner.cli.repeating import atol, rtol, secrets
from runner.cli.run import pairs, serve
from runner.cli.runs import NUMBERS, RUN
from runner.cli.terminal import Terminal
from runner.cli.verdicts import as_json, impossible, print_checklist, print_reproduced
from runner.errors import InputError, Interrupted, RunnerError, UsageError, did_you_mean
from runner.launch.stopping import Stopped, Stopping, on_signals
from runner.progress import Progress
from runner.records import Recorded, Unrepeatable
from runner.reproduction import finding
from runner.reproduction.bundled import at_hand
from runner.reproduction.changes import Changes
from runner.reproduction.checking import checked
from runner.reproduction.model import Tolerance, Verdict
from runner.reproduction.reproducing import Asked, Reproduced, reproduce
from runner.settings import Settings


@click.command(context_settings=NUMBERS)
@RUN()
@tracking_uri
@secrets
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=PATH",
    help="Where the data of a parameter is on this machine; repeat for more.",
)
@rtol
@atol
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
@click.option("--announce", type=click.Path(path_type=Path), hidden=True)
@click.pass_obj
def command(
    context: Context,
    /,
    *,
    run: str,
    check_only: bool,
    as_json_: bool,
    quiet: bool,
    announce: Path | None,
    **options: Any,
) -> None:
    """Run a recorded run again as it was, and compare the results.

    RUN is a run's id, the beginning of it, its name, -1 for the newest; the address of its page on a server; or a bundle
    (run.zip). The exit code is 0 if the results are identical or equivalent, 1 if they differ, and 2 if something that it
    takes is missing.
    """
    asked = _asked(**options)
    terminal = Terminal(quiet=quiet, output=2 if as_json_ else 1, announce=announce)
    progress = Progress(terminal)
    with (
        _interruptible(terminal),
        _told(run, as_json_=as_json_),
        finding.found(run, context.settings, progress) as recorded,
        at_hand(
            recorded, _known(asked, run, recorded).changes, settings=context.settings, progress=progress
        ) as changes,
    ):
        checklist = checked(recorded, changes, settings=context.settings, progress=progress)
        print_checklist(checklist, quiet=quiet)
        if check_only or checklist.missing:
            found = Reproduced(verdict=Verdict.IMPOSSIBLE if checklist.missing else None)
        else:
            # the data is taken where the checks have found it
            there = replace(asked, changes=replace(changes, inputs=checklist.inputs))
            found = _reproduced(recorded, there, context.settings, progress, terminal)
        if as_json_:
            print_json(as_json(recorded, checklist, found))
        else:
            print_reproduced(_called(run, recorded), checklist, found)
    sys.exit(0 if found.verdict is None else found.verdict.exit_status)


@contextmanager
def _interruptible(terminal: Terminal) -> Iterator[None]:
    """A signal ends what is done before a program runs, and after it."""
    try:
        with on_signals(Stopping(terminal.stopping)):
            yield
    except Stopped as stopped:
        raise Interrupted(stopped.number) from None


@contextmanager
def _told(run: str, *, as_json_: bool) -> Iterator[None]:
    """Of a run of which not enough is recorded, machines are told as of any other."""
    try:
        yield
    except Unrepeatable as error:
        if as_json_:
            print_json(impossible(run, error))
        raise


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


def _called(run: str, recorded: Recorded) -> str:
    """The run in another command: -1 is a newer one by then, and an id of another store is unknown here."""
    elsewhere = run.startswith(finding.SERVER) or run.endswith(finding.BUNDLE)
    return shlex.quote(run) if elsewhere else recorded.run.id[:8]


def _known(asked: Asked, run: str, recorded: Recorded) -> Asked:
    """What is asked, if it fits the run: a reproduction changes nothing."""
    plan = recorded.plan
    for name in asked.changes.parameters:
        if name not in plan.secrets:
            raise UsageError(
                f"-P {name}: only secrets are given here, for all other parameters are as they were",
                hint=f"to change it: runner rerun {_called(run, recorded)} -P {name}=...",
            )
    for name in asked.changes.inputs:
        if name not in plan.inputs:
            raise UsageError(
                f"--input {name}: run {recorded.run.name} has no such input",
                hint=did_you_mean(name, plan.inputs) or f"it has {', '.join(plan.inputs) or 'none'}",
            )
    return asked


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

"""`runner bisect`: which change made the difference, found by experiments."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click

from runner.cli import Context, print_error, tracking_uri
from runner.cli.output import counted, print_json, printable
from runner.cli.repeating import atol, rtol, secrets
from runner.cli.run import pairs, serve
from runner.cli.runs import NUMBERS, RUN
from runner.cli.tables import print_table
from runner.cli.terminal import EFFECTS
from runner.errors import InputError, Interrupted, RunnerError, UsageError
from runner.launch import Effect
from runner.progress import Message, Progress
from runner.reproduction import finding
from runner.reproduction.bisecting import Asked, Experiment, Finding, Launching, Quality, bisect
from runner.reproduction.bundled import at_hand
from runner.reproduction.changes import Changes
from runner.reproduction.model import Tolerance
from runner.settings import Settings
from runner.tracking.model import Run

TROUBLE = 2  # at least: 1 says that no cause was found
COLOURS = {Quality.GOOD: "green", Quality.BAD: "red", Quality.UNTESTABLE: "yellow"}


@click.command(context_settings=NUMBERS)
@click.argument("a", **RUN.keywords)
@click.argument("b", **RUN.keywords)
@tracking_uri
@click.option("--metric", metavar="NAME", help="The result that counts; all of them otherwise.")
@click.option("--artifact", metavar="PATH", help="The file that counts; all results otherwise.")
@rtol
@atol
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Make each experiment N times; the majority decides.",
)
@click.option("--verify", is_flag=True, help="First see whether A and B come out as they were recorded.")
@secrets
@click.option(
    "--input-a", "inputs_a", multiple=True, metavar="NAME=PATH", help="Where data of A is; repeat for more."
)
@click.option(
    "--input-b", "inputs_b", multiple=True, metavar="NAME=PATH", help="Where data of B is; repeat for more."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Do not tell of each experiment.")
@click.pass_obj
def command(context: Context, /, *, a: str, b: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Find the change that turned the results of run A into those of run B.

    Runs A with parts of B: its packages, its code, its parameters, until it shows which package, commit or parameter it
    is, or which of them together. Stopped with Ctrl-C, the same command goes on where it was. The exit code is 0 if a cause
    was found, 1 if not, and 2 if something is wrong.
    """
    asked = _asked(**options)
    teller = Teller(quiet=quiet)
    try:
        found = _found(a, b, asked, context.settings, teller)
    except (Interrupted, KeyboardInterrupt) as stop:
        teller.stopped()
        sys.exit(stop.exit_code if isinstance(stop, Interrupted) else 130)
    except RunnerError as error:
        print_error(error)
        sys.exit(max(error.exit_code, TROUBLE))
    if as_json:
        print_json({"found": bool(found.causes), **asdict(found)})
    else:
        _print(found)
    sys.exit(found.exit_status)


class Teller:
    """Tells of each experiment on standard error; the programs themselves are silent."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.made = 0
        self.runs: list[str] = []

    def stopped(self) -> None:
        """How to go on; by ids, for -1 is another run now."""
        again = f"; to go on: runner bisect {' '.join(self.runs)}, and the same options" if self.runs else ""
        click.echo(f"stopped after {counted(self.made, 'experiment')}{again}", err=True)

    def begins(self, number: int, about: int, named: str) -> None:
        if not self.quiet:
            click.echo(f"experiment {number} of about {about}: A with {printable(named)}", err=True)

    def ended(self, experiment: Experiment) -> None:
        self.made += 1
        if not self.quiet:
            judgement = experiment.judgement
            told = click.style(judgement.quality.value, fg=COLOURS[judgement.quality])
            earlier = ", made before" if experiment.earlier else ""
            click.echo(f"  {told}: {printable(judgement.shown)}{earlier}", err=True)

    def progress(self) -> Progress:
        """Only warnings are worth a line."""
        return Progress(lambda event: self._warned(event) if isinstance(event, Message) else None)

    def _warned(self, message: Message) -> None:
        if message.level == "warning":
            click.echo(f"  warning: {printable(message.text)}", err=True)

    # of the programs ------------------------------------------------------------------------------------------
    def created(self, run: Run) -> None:
        """It is told when it has ended."""

    def echo(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        """`runner runs logs` has it."""

    def stopping(self, effect: Effect) -> None:
        with suppress(OSError):
            click.echo(EFFECTS[effect], err=True)


def _asked(
    *,
    parameters: Sequence[str],
    inputs_a: Sequence[str],
    inputs_b: Sequence[str],
    rtol: float,
    atol: float,
    **options: Any,
) -> Asked:
    if options["metric"] is not None and options["artifact"] is not None:
        raise UsageError("--metric and --artifact: one result decides", hint="leave out one of them")
    return Asked(
        tolerance=Tolerance(relative=rtol, absolute=atol),
        secrets=pairs(parameters, option="-P"),
        data=(_places(inputs_a, option="--input-a"), _places(inputs_b, option="--input-b")),
        **options,
    )


def _places(texts: Sequence[str], *, option: str) -> dict[str, Path]:
    found = {name: Path(text).expanduser().absolute() for name, text in pairs(texts, option=option).items()}
    for name, path in found.items():
        if not path.exists():
            raise InputError(f"{option} {name}: there is no file or directory {path}", hint="check the path")
    return found


def _found(a: str, b: str, asked: Asked, settings: Settings, teller: Teller) -> Finding:
    launching = Launching(
        settings=settings,
        progress=teller.progress,
        spectator=teller,
        serve=partial(serve, settings),
        watching=teller,
    )
    progress = teller.progress()
    with ExitStack() as stack:
        sides = [stack.enter_context(finding.found(run, settings, progress)) for run in (a, b)]
        teller.runs = [side.run.id[:8] for side in sides]
        data = [
            stack.enter_context(
                at_hand(side, Changes(inputs=places), settings=settings, progress=progress)
            ).inputs
            for side, places in zip(sides, asked.data, strict=True)
        ]
        return bisect(sides[0], sides[1], replace(asked, data=(data[0], data[1])), launching)


def _print(found: Finding) -> None:
    """The experiments, then what came of them."""
    if found.experiments:
        rows = [
            (made.judgement.quality.value, made.named, made.judgement.shown, ", ".join(made.runs))
            for made in found.experiments
        ]
        print_table(("", "A WITH", "RESULT", "RUN"), rows)
    if found.causes:
        click.echo(f"{click.style('cause', fg='red', bold=True)}: {printable(found.conclusion)}")
    else:
        click.echo(f"{click.style('no cause found', fg='yellow', bold=True)}: {printable(found.conclusion)}")
    for note in found.notes:
        click.echo(f"note: {printable(note)}", err=True)

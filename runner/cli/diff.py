"""`runner diff`: in what two runs were not executed alike, and in what their results differ."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

import click

from runner.cli import Context, print_error, tracking_uri
from runner.cli.differences import print_causes, print_code, print_differences, print_results, values_of
from runner.cli.output import print_json, printable
from runner.cli.run import pairs
from runner.cli.runs import NUMBERS, RUNS
from runner.cli.terminal import Terminal
from runner.errors import RunnerError, UsageError
from runner.progress import Progress
from runner.reproduction.causes import ranked
from runner.reproduction.comparing import compare
from runner.reproduction.differing import between, side_of
from runner.reproduction.differing.now import Asked, is_project, would_run
from runner.reproduction.finding import found
from runner.reproduction.model import Aspect, Compared, Difference, Outcome, Verdict
from runner.reproduction.verdict import verdict
from runner.settings import Settings

HERE = "."
TROUBLE = 2  # as diff has it: 1 says that there is a difference
UNTOLD = {Outcome.SAME, Outcome.IGNORED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What there is to tell; `compared` is None where the second has not run."""

    first: str
    second: str
    differences: Sequence[Difference]
    compared: Sequence[Compared] | None = None

    @property
    def results(self) -> list[Compared]:
        """Results that are not the same; params that are told as parameters aside."""
        told = {one.name for one in self.differences if one.aspect is Aspect.PARAMETER}
        return [
            one
            for one in self.compared or ()
            if one.outcome not in UNTOLD and not (one.kind == "param" and one.name in told)
        ]

    @property
    def verdict(self) -> Verdict | None:
        """What the results come to; None where there are none of the second."""
        return None if self.compared is None else verdict(self.compared)

    @property
    def causes(self) -> list[Difference]:
        """What may explain other results, where there are any, the likeliest first."""
        return ranked(self.differences) if self.verdict is Verdict.DIFFERENT else []

    @property
    def alike(self) -> bool:
        """Whether nothing differs but the machine."""
        return not self.results and all(one.aspect is Aspect.MACHINE for one in self.differences)


@click.command(context_settings=NUMBERS)
@RUNS(metavar="RUN [RUN|PROJECT]")
@click.option(
    "-P",
    "--param-list",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of PROJECT; repeat for more.",
)
@click.option("-v", "--version", metavar="REF", help="Branch, tag or commit of a PROJECT in Git.")
@click.option("--code", is_flag=True, help="Only the code: every changed file as a unified diff.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@tracking_uri
@click.pass_obj
def command(
    context: Context,
    /,
    *,
    runs: Sequence[str],
    parameters: Sequence[str],
    version: str | None,
    code: bool,
    as_json: bool,
) -> None:
    """Tell two runs apart: code, parameters, environment, inputs, machine, results.

    A RUN is an id, the beginning of one, a name, -1 for the newest, the URL of a run on a server, or a bundle. A PROJECT (a
    directory, a Git URL) is taken as it would run now; if only one RUN is given, that is the working directory.

    The exit code is 0 if they are alike, 1 if anything but the machine differs, 2 or more if nobody can know.
    """
    try:
        asked = Asked(parameters=pairs(parameters, option="-P"), version=version)
        told = _told(runs, asked, context.settings, quiet=as_json)
    except RunnerError as error:
        print_error(error)
        sys.exit(max(error.exit_code, TROUBLE))
    if as_json:
        print_json(_document(told))
    elif code:
        print_code(told.differences)
    else:
        _print(told)
    sys.exit(0 if told.alike else 1)


def _told(runs: Sequence[str], asked: Asked, settings: Settings, *, quiet: bool) -> Told:
    if len(runs) > 2:  # noqa: PLR2004 - a diff is of two
        raise UsageError(
            f"{len(runs)} runs are given, and two are told apart", hint="`runner runs compare` takes more"
        )
    one, other = (*runs, HERE)[:2]
    project = is_project(other)
    if asked != Asked() and not project:
        raise UsageError(
            f"{other} is a run, whose code and parameters are recorded",
            hint="leave -P and -v out, or give a project",
        )
    progress = Progress(Terminal(quiet=quiet))
    with ExitStack() as stack, progress.phase("differences") as phase:
        first = stack.enter_context(found(one, settings, progress))
        second = None if project else stack.enter_context(found(other, settings, progress))
        mine = side_of(first, settings=settings, phase=phase)
        theirs = (
            side_of(second, settings=settings, phase=phase)
            if second is not None
            else stack.enter_context(
                would_run(other, asked, like=first.plan, settings=settings, progress=progress)
            )
        )
        differences = between(mine, theirs, settings=settings)
        phase.detail = ""  # whatever was said of one tree
        compared = compare(first, second) if second is not None else None
        return Told(first=mine.name, second=theirs.name, differences=differences, compared=compared)


def _print(told: Told) -> None:
    print_differences(told.differences)
    print_results(told.results)
    print_causes(told.causes)
    if not told.differences and not told.results:
        both = f"{printable(told.first)} and {printable(told.second)}"
        click.echo(f"{both} are alike", err=True)


def _document(told: Told) -> dict[str, Any]:
    return {
        "first": told.first,
        "second": told.second,
        "alike": told.alike,
        "verdict": told.verdict,
        "differences": list(values_of(told.differences)),
        "results": None if told.compared is None else [asdict(one) for one in told.results],
        "causes": [f"{one.aspect} {one.name}" for one in told.causes],
    }

"""`runner rerun`: the same plan with changed parts."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from runner import launch
from runner.cli import Context, tracking_uri
from runner.cli.diff import Told
from runner.cli.differences import print_differences, print_results, values_of
from runner.cli.output import print_json, printable
from runner.cli.repeating import atol, rtol
from runner.cli.run import pairs, serve
from runner.cli.runs import NUMBERS, RUN
from runner.cli.terminal import Terminal
from runner.errors import RunnerError
from runner.progress import Progress
from runner.records import Recorded, reading
from runner.reproduction import finding, rerunning
from runner.reproduction.bundled import at_hand
from runner.reproduction.changes import Changes
from runner.reproduction.comparing import compare
from runner.reproduction.differing import between, differences, side_of
from runner.reproduction.model import Aspect, Difference, Tolerance
from runner.reproduction.rerunning import CHANGED, LATEST, SAME, Label, Wanted, relaunch, would_rerun
from runner.settings import Settings
from runner.tracking import open_store


@click.command(context_settings=NUMBERS)
@RUN()
@tracking_uri
@click.option(
    "-P",
    "--param-list",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value of a parameter; repeat for more.",
)
@click.option(
    "--code",
    default=SAME,
    show_default=True,
    metavar="REF|DIR",
    help="Other code: a branch, tag or commit of the run's repository, HEAD for its newest, or a directory (., ./x).",
)
@click.option(
    "--env",
    default=SAME,
    show_default=True,
    metavar=f"{LATEST}|RUN",
    help="Other packages: resolved anew, or those of another run.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=PATH",
    help="Other data for a parameter; repeat for more.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Another seed.")
@click.option(
    "--variable",
    "variables",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="An environment variable; without a value it is unset. Repeat for more.",
)
@click.option("--python", metavar="VERSION", help="Another Python; the packages are resolved anew for it.")
@click.option("-e", "--entry-point", metavar="NAME", help="Another entry point.")
@click.option("--experiment-name", metavar="NAME", help="Experiment to record in; created when missing.")
@click.option("--run-name", metavar="NAME", help="Name of the run; a speakable one is made up otherwise.")
@rtol
@atol
@click.option("--dry-run", is_flag=True, help="Print what would be executed otherwise, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; the program's output goes to stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Only the program's output, warnings and errors.")
@click.option("--announce", type=click.Path(path_type=Path), hidden=True)
@click.pass_obj
def command(
    context: Context,
    /,
    *,
    run: str,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    announce: Path | None,
    **options: Any,
) -> None:
    """Run a recorded run again with changed parts: code, packages, parameters, data.

    RUN is named as in `runner reproduce`. Everything that no option changes is as it was recorded, uncommitted changes
    and locked packages included. At the end the results are compared. The exit code is the program's.
    """
    terminal = Terminal(quiet=quiet, output=2 if as_json else 1, announce=announce)
    progress = Progress(terminal)
    tolerance = Tolerance(relative=options.pop("rtol"), absolute=options.pop("atol"))
    names = {name: options.pop(name) for name in ("experiment_name", "run_name")}
    wanted = _wanted(**options)
    with ExitStack() as stack:
        recorded = stack.enter_context(finding.found(run, context.settings, progress))
        asked = rerunning.changes(recorded, wanted, settings=context.settings, directory=Path.cwd())
        changes = stack.enter_context(at_hand(recorded, asked, settings=context.settings, progress=progress))
        rerun = _Rerun(
            recorded=recorded,
            changes=changes,
            python=wanted.python,
            settings=context.settings,
            progress=progress,
        )
        if dry_run:
            _print_planned(rerun.planned(), as_json=as_json)
            return
        changed = "\n".join(wanted.told(recorded))
        result = rerun.launched(Label(tags={CHANGED: changed} if changed else {}, **names), terminal)
        if as_json:
            print_json(_document(recorded, result, rerun.told(result, tolerance)))
        elif not quiet:
            _print(rerun.told(result, tolerance))
    sys.exit(result.code)


def _wanted(
    *, parameters: Sequence[str], inputs: Sequence[str], variables: Sequence[str], **options: Any
) -> Wanted:
    given = [text for text in variables if "=" in text]
    unset = [text for text in variables if "=" not in text]
    return Wanted(
        parameters=pairs(parameters, option="-P"),
        inputs=pairs(inputs, option="--input"),
        variables={**dict.fromkeys(unset), **pairs(given, option="--variable")},
        **options,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rerun:
    """What is run again, and by what means."""

    recorded: Recorded
    changes: Changes
    python: str | None
    settings: Settings
    progress: Progress

    def launched(self, label: Label, terminal: Terminal) -> launch.Result:
        try:
            result = relaunch(
                self.recorded,
                self.changes,
                python=self.python,
                label=label,
                settings=self.settings,
                progress=self.progress,
                spectator=terminal,
                serve=partial(serve, self.settings),
            )
        except RunnerError as error:
            terminal.failed(error)
            raise
        terminal.ended(result)
        return result

    def planned(self) -> list[Difference]:
        """What would be executed otherwise."""
        with (
            would_rerun(
                self.recorded,
                self.changes,
                python=self.python,
                settings=self.settings,
                progress=self.progress,
            ) as side,
            self.progress.phase("differences") as phase,
        ):
            then = side_of(self.recorded, settings=self.settings, phase=phase)
            return between(then, side, settings=self.settings)

    def told(self, result: launch.Result, tolerance: Tolerance) -> Told:
        """What was another, and what came of it."""
        with closing(open_store(self.settings)) as store:
            new = reading.read(store, result.run.id, settings=self.settings, progress=self.progress)
            return Told(
                first=self.recorded.run.name,
                second=new.run.name,
                differences=differences(self.recorded, new, settings=self.settings),
                compared=compare(self.recorded, new, tolerance),
            )


def _print_planned(found: Sequence[Difference], *, as_json: bool) -> None:
    if as_json:
        print_json({"differences": list(values_of(found))})
        return
    print_differences(found)
    if not found:
        click.echo("nothing would be another", err=True)


def _print(told: Told) -> None:
    print_differences([one for one in told.differences if one.aspect is not Aspect.MACHINE])
    print_results(told.results)
    if not told.results:
        click.echo(f"the results are those of {printable(told.first)}", err=True)


def _document(recorded: Recorded, result: launch.Result, told: Told) -> dict[str, Any]:
    return {
        "run_id": result.run.id,
        "name": result.run.name,
        "status": result.status.value,
        "exit_code": result.code,
        "original": {"run_id": recorded.run.id, "name": recorded.run.name, "place": recorded.place},
        "differences": list(values_of(told.differences)),
        "results": [asdict(one) for one in told.results],
    }

"""What `runner import` and `runner export` have in common."""

import click

from runner.cli.output import print_json, printable
from runner.cli.tables import print_table
from runner.progress import Progress
from runner.tracking.moving.holding import Holding
from runner.tracking.moving.moving import Move, Wanted
from runner.tracking.moving.report import KINDS, Outcome, Report
from runner.tracking.moving.target import Target

experiments = click.option(
    "--experiment",
    "names",
    metavar="NAME",
    multiple=True,
    help="Only this one, without the registry; repeatable.",
)
files = click.option(
    "--no-artifacts", "without_files", is_flag=True, help="Leave the artifacts where they are."
)


def moved(
    holding: Holding, target: Target, report: Report, *, names: tuple[str, ...], without_files: bool
) -> None:
    """Move it, and say on a terminal what is moving."""
    with Progress().phase("moving") as phase:
        Move(holding, target, report, Wanted(names, files=not without_files), phase).run()


def told(report: Report, *, as_json: bool) -> None:
    """What came of it; what was left out goes to stderr."""
    if as_json:
        print_json(
            {
                "counts": {kind: _counts(report, kind) for kind in KINDS},
                "bytes": report.size,
                "left_out": [{"what": item.what, "why": item.why} for item in report.left],
            }
        )
        return
    rows = [(kind, *map(str, _counts(report, kind).values())) for kind in KINDS]
    print_table(("", *(outcome.value.upper() for outcome in Outcome)), rows)
    if report.left:
        click.echo(f"left out: {len(report.left)}", err=True)
    for item in report.left:
        click.echo(f"  {printable(item.what)}: {printable(item.why)}", err=True)


def _counts(report: Report, kind: str) -> dict[str, int]:
    return {outcome.value: report.counts[kind, outcome] for outcome in Outcome}

"""`runner env verify`."""

import sys

import click

from runner.cli import Context
from runner.cli.env.texts import SHOWN
from runner.cli.output import print_json, printable
from runner.cli.terminal import Terminal
from runner.environments.kept import listing
from runner.environments.kept.verifying import Verification
from runner.environments.kept.verifying import repair as repaired
from runner.environments.kept.verifying import verify as verified
from runner.errors import EnvironmentFailed
from runner.progress import Progress


@click.command
@click.argument("keys", metavar="[KEY...]", nargs=-1)
@click.option(
    "--repair", is_flag=True, help="Remove what differs; the next run that needs it builds it anew."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def verify(context: Context, *, keys: tuple[str, ...], repair: bool, as_json: bool) -> None:
    """Find files that were changed, removed or added in environments after they were built.

    Without KEY all environments are checked. Bytecode is passed over. The exit code is 3 when something differs and is not
    repaired.
    """
    settings = context.settings
    entries = [listing.entry(settings, key) for key in keys] or listing.entries(settings)
    with Progress(Terminal()).phase("verification") as phase:
        found = [verified(entry, settings=settings, phase=phase) for entry in entries]
        gone: list[str] = []
        for item in found:
            if repair and not item.sound and item.entry.key not in gone:
                gone += repaired(item, settings=settings, phase=phase)
    if as_json:
        print_json([_as_json(item, removed=item.entry.key in gone) for item in found])
    else:
        for item in found:
            _print(item)
        for key in gone:
            click.echo(f"removed {key}: the next run that needs it builds it anew")
    sys.exit(0 if repair or all(item.sound for item in found) else EnvironmentFailed.exit_code)


def _print(found: Verification) -> None:
    key = found.entry.key[:SHOWN]
    linked = f", {', '.join(found.unverifiable)} not: from a directory" if found.unverifiable else ""
    click.echo(printable(f"{key}  {'as it was built' if found.sound else 'differs'}{linked}"))
    for word in ("changed", "missing", "added"):
        for path in getattr(found, word):
            click.echo(f"  {word:<8} {printable(path)}")
    if found.suspicious:
        click.echo(
            f"  changed in the package cache as well: {printable(', '.join(found.suspicious))}"
            + "".join(f"\n  shared with environment {other[:SHOWN]}" for other in found.sharing)
        )


def _as_json(found: Verification, *, removed: bool) -> dict[str, object]:
    names = ("changed", "missing", "added", "unverifiable", "sharing", "suspicious", "sound")
    return {"key": found.entry.key, **{name: getattr(found, name) for name in names}, "removed": removed}

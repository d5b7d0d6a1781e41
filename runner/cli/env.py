"""`runner env`: what is in the environment cache, and getting rid of it."""

import re
from datetime import UTC, datetime

import click

from runner import environments, sources
from runner.cli import Context
from runner.cli.output import print_json
from runner.cli.tables import print_table
from runner.environments import Entry
from runner.errors import UsageError

SHOWN = 12  # characters of a key; any unique beginning of four or more is understood
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


@click.group
def command() -> None:
    """List, show, remove cached environments."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(context: Context, *, as_json: bool) -> None:
    """List the environments in the cache, the last used one first."""
    found = environments.entries(context.settings)
    if as_json:
        print_json([summary(entry) for entry in found])
        return
    rows = [
        (
            entry.key[:SHOWN],
            entry.python,
            str(len(entry.packages)),
            size(entry.bytes),
            day(entry.created),
            day(entry.used),
        )
        for entry in found
    ]
    print_table(
        ("KEY", "PYTHON", "PACKAGES", "SIZE", "CREATED", "LAST USED"), rows, right=("PACKAGES", "SIZE")
    )


@command.command
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(context: Context, *, key: str, as_json: bool) -> None:
    """Show one environment: what is installed, by what, in how long. KEY may be its beginning."""
    entry = environments.entry(context.settings, key)
    if as_json:
        print_json({**entry.facts, **summary(entry)})
        return
    tools = entry.facts.get("tools", {})
    for name, text in {
        "key": entry.key,
        "path": str(entry.path),
        "python": f"{entry.python} ({entry.facts.get('interpreter')})",
        "lock": str(entry.facts.get("lock")),
        "size": size(entry.bytes),
        "built": f"{day(entry.created)} by {', '.join(f'{tool} {version}' for tool, version in tools.items())}",
        "used": day(entry.used),
    }.items():
        click.echo(f"{name:<8}{text}")
    click.echo("packages")
    for name, version in entry.packages:
        click.echo(f"  {name} {version}")


@command.command
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@click.pass_obj
def remove(context: Context, *, keys: tuple[str, ...]) -> None:
    """Remove environments; a project that needs one again builds it again. KEY may be its beginning."""
    found = [environments.entry(context.settings, key) for key in keys]
    for entry in dict.fromkeys(item.key for item in found):
        click.echo(f"removed {environments.remove(context.settings, entry).key}")


@command.command
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="DAYS",
    help="Remove what nobody used for so long.",
)
@click.option(
    "--max-size",
    metavar="SIZE",
    help="Then remove the least recently used ones until SIZE is kept: 500MB, 10GB.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.pass_obj
def gc(context: Context, *, older_than: float, max_size: str | None, dry_run: bool) -> None:
    """Free room: broken builds, leftovers, and environments, Git mirrors and downloads unused for long.

    What is in use stays. Everything here can be had again.
    """
    gone = environments.collect(
        context.settings,
        older_than=older_than,
        max_bytes=None if max_size is None else read_size(max_size),
        dry_run=dry_run,
    )
    for entry in gone.entries:
        click.echo(
            f"{entry.key[:SHOWN]}  Python {entry.python}, last used {day(entry.used)}, {size(entry.bytes)}"
        )
    sources_size = sources.prune(context.settings, older_than_days=older_than, dry_run=dry_run)
    verb = "would remove" if dry_run else "removed"
    click.echo(
        f"{verb} {len(gone.entries)} environments ({size(gone.bytes)}), {len(gone.leftovers)} leftovers,"
        f" {size(sources_size)} of Git mirrors and downloads"
    )


def summary(entry: Entry) -> dict[str, object]:
    """An environment as JSON values; times in seconds since the epoch."""
    return {
        "key": entry.key,
        "path": str(entry.path),
        "python": entry.python,
        "packages": dict(entry.packages),
        "bytes": entry.bytes,
        "created": entry.created,
        "used": entry.used,
    }


def size(count: int) -> str:
    """Bytes for people.

    >>> size(123456789)
    '123.5 MB'
    """
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def read_size(text: str) -> int:
    """Bytes from a text like "10GB".

    Raises:
        UsageError: no size.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip().lower())
    if not found:
        raise UsageError(f"{text!r} is no size", hint="write for example 500MB or 10GB")
    return int(float(found[1]) * UNITS[found[2]])


def day(seconds: float) -> str:
    """A moment as date and minute, in this machine's time zone."""
    return f"{datetime.fromtimestamp(seconds, tz=UTC).astimezone():%Y-%m-%d %H:%M}"

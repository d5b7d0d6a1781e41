"""`runner env list`, `show`, `remove`."""

import click
from msgspec.structs import asdict

from runner.cli import Context
from runner.cli.env.texts import SHOWN, day, short, size, steps, summary
from runner.cli.output import print_json, printable
from runner.cli.tables import print_table
from runner.environments.images.collecting import Ours, listed
from runner.environments.kept import listing
from runner.environments.kept.listing import Entry
from runner.errors import EnvironmentFailed
from runner.settings import Settings


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(context: Context, *, as_json: bool) -> None:
    """List the environments in the cache, and the container images that we made, the last used one first."""
    found, images = listing.entries(context.settings), _images(context.settings)
    if as_json:
        print_json([*map(summary, found), *({"kind": "image", **asdict(image)} for image in images)])
        return
    rows = [
        (
            entry.key[:SHOWN],
            entry.kind,
            entry.python,
            str(len(entry.packages)),
            size(entry.bytes),
            day(entry.created),
            day(entry.used),
        )
        for entry in found
    ]
    rows += [
        (image.name, "image", "", "", size(image.bytes), day(image.created), day(image.used))
        for image in images
    ]
    heads = ("KEY", "KIND", "PYTHON", "PACKAGES", "SIZE", "CREATED", "LAST USED")
    print_table(heads, rows, right=("PACKAGES", "SIZE"))


@click.command
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(context: Context, *, key: str, as_json: bool) -> None:
    """Show one environment: what is installed, by what, in how long. KEY may be its beginning."""
    entry = listing.entry(context.settings, key)
    if as_json:
        print_json({**entry.facts, **summary(entry)})
        return
    for name, text in _facts(entry).items():
        if text:
            click.echo(f"{name:<9}{printable(text)}")
    click.echo("inputs")
    for name, value in entry.facts.get("inputs", {}).items():
        click.echo(f"  {name} {printable(short(value))}")
    click.echo("packages")
    for name, version in entry.packages:
        click.echo(f"  {printable(name)} {printable(version)}")


@click.command
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def remove(context: Context, *, keys: tuple[str, ...], as_json: bool) -> None:
    """Remove environments; a project that needs one again builds it again. KEY may be its beginning."""
    found = [listing.entry(context.settings, key) for key in keys]
    gone = []
    for key in dict.fromkeys(item.key for item in found):
        gone.append(listing.remove(context.settings, key))
        if not as_json:
            click.echo(f"removed {key}")
    if as_json:
        print_json([*map(summary, gone)])


def _images(settings: Settings) -> list[Ours]:
    """None where no container engine answers: that is no reason to show nothing else."""
    try:
        return listed(settings)
    except EnvironmentFailed as error:
        click.echo(f"images are not listed: {printable(error.message)}", err=True)
        return []


def _facts(entry: Entry) -> dict[str, str]:
    tools = entry.facts.get("tools", {})
    return {
        "key": entry.key,
        "kind": entry.kind,
        "path": str(entry.path),
        "python": f"{entry.python} ({entry.facts.get('interpreter')})" if entry.python else "",
        "platform": str(entry.facts.get("platform", "")),
        "lock": str(entry.facts.get("lock")),
        "size": size(entry.bytes),
        "built": f"{day(entry.created)} by {', '.join(f'{tool} {version}' for tool, version in tools.items())}",
        "took": steps(entry.facts.get("seconds")),
        "imported": day(entry.facts["imported"]) if "imported" in entry.facts else "",
        "used": day(entry.used),
    }

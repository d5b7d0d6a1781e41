"""`runner schedule export`: a schedule for another clock."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import click

from runner.cli import Context
from runner.files import write_atomically
from runner.scheduling.exporting import FORMS
from runner.scheduling.exporting import export as exported
from runner.tracking import open_database_store


@click.command
@click.argument("name")
@click.option("--to", "form", type=click.Choice(FORMS), required=True, help="Whose clock fires it.")
@click.option("--image", metavar="NAME", help="For Kubernetes: a container image that has runner.")
@click.option(
    "-o",
    "--output",
    metavar="DIRECTORY",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write files there, instead of printing them.",
)
@click.pass_obj
def export(context: Context, /, *, name: str, form: str, image: str | None, output: Path | None) -> None:
    """Print what lets systemd, cron, Kubernetes or GitHub fire a schedule, where no `runner scheduler` is to run.

    It stays the schedule in the store: its history, overlap rule, missed times and retries are the same.
    """
    with closing(open_database_store(context.settings)) as store:
        schedule = store.schedules.get(name)
        files = exported(schedule, form, store=store.uri, settings=context.settings, image=image)
    if output is None:
        click.echo(_printed(files), nl=False)
        return
    for file, text in files.items():
        write_atomically(output / file, text)
        click.echo(output / file)


def _printed(files: Mapping[str, str]) -> str:
    """One after another; where there are several, each below its name."""
    if len(files) == 1:
        return next(iter(files.values()))
    return "\n".join(f"# {name}\n{text}" for name, text in files.items())

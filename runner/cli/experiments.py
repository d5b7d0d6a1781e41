"""`runner experiments`: named groups of runs."""

from contextlib import closing

import click

from runner.cli import Context, tracking_uri
from runner.cli.output import ago, print_json
from runner.cli.tables import print_table
from runner.tracking import open_store
from runner.tracking.model import Experiment, Lifecycle


@click.group
@tracking_uri
def command() -> None:
    """List, create, rename, delete experiments. NAME may also be an experiment's id."""


@command.command("list")
@click.option("--deleted", is_flag=True, help="The deleted ones instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(context: Context, /, *, deleted: bool, as_json: bool) -> None:
    """List experiments, newest first."""
    with closing(open_store(context.settings)) as store:
        found = store.experiments(lifecycle=Lifecycle.DELETED if deleted else Lifecycle.ACTIVE)
    if as_json:
        print_json([summary(experiment) for experiment in found])
        return
    rows = [(item.id, item.name, ago(item.created), item.artifact_location) for item in found]
    print_table(("ID", "NAME", "CREATED", "ARTIFACTS"), rows, right=("ID",))


@command.command
@click.argument("name")
@click.option("--artifact-location", metavar="URI", help="Where its runs keep their artifacts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def create(context: Context, /, *, name: str, artifact_location: str | None, as_json: bool) -> None:
    """Create an experiment and print its id."""
    with closing(open_store(context.settings)) as store:
        made = store.create_experiment(name, artifact_location=artifact_location)
    if as_json:
        print_json(summary(made))
    else:
        click.echo(made.id)


@command.command
@click.argument("name")
@click.argument("new_name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def rename(context: Context, /, *, name: str, new_name: str, as_json: bool) -> None:
    """Give an experiment another name; its id stays."""
    with closing(open_store(context.settings)) as store:
        renamed = store.rename_experiment(name, new_name)
    if as_json:
        print_json(summary(renamed))


@command.command
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def delete(context: Context, /, *, name: str, as_json: bool) -> None:
    """Mark an experiment and its runs deleted; `restore` brings them back."""
    with closing(open_store(context.settings)) as store:
        id_ = store.experiment(name).id
        store.delete_experiment(id_)
        gone = store.experiment(id_)
    if as_json:
        print_json(summary(gone))


@command.command
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def restore(context: Context, /, *, name: str, as_json: bool) -> None:
    """Bring a deleted experiment and its runs back."""
    with closing(open_store(context.settings)) as store:
        id_ = store.experiment(name).id
        store.restore_experiment(id_)
        back = store.experiment(id_)
    if as_json:
        print_json(summary(back))


def summary(experiment: Experiment) -> dict[str, object]:
    """An experiment as JSON values; times in milliseconds since the epoch."""
    return {
        "experiment_id": experiment.id,
        "name": experiment.name,
        "artifact_location": experiment.artifact_location,
        "lifecycle_stage": experiment.lifecycle.value,
        "creation_time": experiment.created,
        "last_update_time": experiment.updated,
        "tags": dict(experiment.tags),
    }

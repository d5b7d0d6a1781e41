"""`runner users`: who may sign in to `runner server --auth`, and what they may do there."""

import sys
from contextlib import closing

import click

from runner.cli import Context, tracking_uri
from runner.cli.output import ago, print_json
from runner.cli.tables import print_table
from runner.errors import UsageError
from runner.server.access.passwords import hashed
from runner.tracking import Store, open_database_store
from runner.tracking.access import Grant, Kind, Permission, User

PERMISSIONS = click.Choice([permission.value for permission in Permission])

password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it."
)
experiment_option = click.option("--experiment", metavar="NAME", help="The experiment, by name or id.")
model_option = click.option("--model", metavar="NAME", help="The registered model.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group
@tracking_uri
def command() -> None:
    """Add, list, remove users of the server, and grant them permissions on experiments and registered models."""


@command.command
@click.argument("name")
@click.option("--admin", is_flag=True, help="They may do everything.")
@password_stdin
@json_option
@click.pass_obj
def add(context: Context, /, *, name: str, admin: bool, password_stdin: bool, as_json: bool) -> None:
    """Add a user."""
    kept = hashed(_password(from_stdin=password_stdin))
    with closing(open_database_store(context.settings)) as store:
        made = store.users.add(name, password_hash=kept, admin=admin)
    if as_json:
        print_json(summary(made))


@command.command("list")
@json_option
@click.pass_obj
def list_(context: Context, /, *, as_json: bool) -> None:
    """List users by name."""
    with closing(open_database_store(context.settings)) as store:
        found = store.users.all()
    if as_json:
        print_json([summary(user) for user in found])
        return
    rows = [(user.name, "yes" if user.admin else "", ago(user.created)) for user in found]
    print_table(("NAME", "ADMIN", "ADDED"), rows)


@command.command
@click.argument("name")
@click.pass_obj
def remove(context: Context, /, *, name: str) -> None:
    """Remove a user with all tokens and permissions. What they recorded stays."""
    with closing(open_database_store(context.settings)) as store:
        store.users.remove(name)


@command.command
@click.argument("name")
@password_stdin
@click.pass_obj
def password(context: Context, /, *, name: str, password_stdin: bool) -> None:
    """Give a user another password."""
    with closing(open_database_store(context.settings)) as store:
        store.users.get(name)
        store.users.set_password(name, hashed(_password(from_stdin=password_stdin)))


@command.command
@click.argument("name")
@click.argument("permission", type=PERMISSIONS)
@experiment_option
@model_option
@click.pass_obj
def grant(
    context: Context, /, *, name: str, permission: str, experiment: str | None, model: str | None
) -> None:
    """Let a user do so much with an experiment or a registered model: NONE, READ, EDIT or MANAGE."""
    with closing(open_database_store(context.settings)) as store:
        store.users.grant(name, *_meant(store, experiment, model), Permission(permission))


@command.command
@click.argument("name")
@experiment_option
@model_option
@click.pass_obj
def revoke(context: Context, /, *, name: str, experiment: str | None, model: str | None) -> None:
    """Take back what was granted. The server's default counts again."""
    with closing(open_database_store(context.settings)) as store:
        store.users.revoke(name, *_meant(store, experiment, model))


@command.command
@click.argument("name")
@json_option
@click.pass_obj
def permissions(context: Context, /, *, name: str, as_json: bool) -> None:
    """List what was granted to a user."""
    with closing(open_database_store(context.settings)) as store:
        found = store.users.grants(name)
        names = {one.id: one.name for one in store.experiments(lifecycle=None)}
    told = [
        (grant, names.get(grant.key, "") if grant.kind is Kind.EXPERIMENT else grant.key) for grant in found
    ]
    if as_json:
        print_json([_granted(grant, shown) for grant, shown in told])
        return
    rows = [(grant.kind.value, shown, grant.permission.value) for grant, shown in told]
    print_table(("ON", "NAME", "PERMISSION"), rows)


def summary(user: User) -> dict[str, object]:
    """A user as JSON values; times in milliseconds since the epoch."""
    return {"name": user.name, "admin": user.admin, "creation_time": user.created}


def _granted(grant: Grant, name: str) -> dict[str, object]:
    if grant.kind is Kind.EXPERIMENT:
        return {"experiment_id": grant.key, "experiment": name, "permission": grant.permission.value}
    return {"model": name, "permission": grant.permission.value}


def _meant(store: Store, experiment: str | None, model: str | None) -> tuple[Kind, str]:
    """What a permission is about."""
    if (experiment is None) == (model is None):
        raise UsageError("say what it is about", hint="either --experiment NAME or --model NAME")
    if experiment is not None:
        return Kind.EXPERIMENT, store.experiment(experiment).id
    assert model is not None
    return Kind.MODEL, model


def _password(*, from_stdin: bool) -> str:
    """Never from the command line, which other users of the machine can see."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask for the password at",
            hint="--password-stdin reads it from standard input",
        )
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked

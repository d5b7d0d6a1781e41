"""`runner tokens`: what programs sign in with to `runner server --auth`."""

import re
from contextlib import closing

import click

from runner.cli import Context, tracking_uri
from runner.cli.output import ago, clock, print_json
from runner.cli.tables import print_table
from runner.server.access.passwords import PREFIX, new_token
from runner.tracking import open_database_store
from runner.tracking.access import Token
from runner.tracking.clock import now
from runner.tracking.names import speakable

UNITS = {"h": 3_600_000, "d": 86_400_000, "w": 604_800_000}  # milliseconds
NEVER = "never"

user_option = click.option("--user", metavar="NAME", help="Whose; by default you, by your login name.")


class Age(click.ParamType[int | None]):
    """`90d`, `12h`, `2w` as milliseconds; `never` as None."""

    name = "age"

    def convert(
        self, value: str | int | None, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        if not isinstance(value, str) or value == NEVER:
            return None
        found = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", value)
        if found is None:
            self.fail(f"{value!r} is no age: write 90d, 12h, 2w or never", param, ctx)
        return int(found[1]) * UNITS[found[2]]


@click.group
@tracking_uri
def command() -> None:
    """Create, list, revoke tokens by which users sign in."""


@command.command
@user_option
@click.option("--name", metavar="NAME", help="To tell it by; by default one is made up.")
@click.option(
    "--expires", metavar="AGE", type=Age(), default="90d", show_default=True, help="90d, 12h, 2w or never."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def create(
    context: Context, /, *, user: str | None, name: str | None, expires: int | None, as_json: bool
) -> None:
    """Create a token and print it, this once: it is not kept."""
    made = new_token()
    with closing(open_database_store(context.settings)) as store:
        kept = store.users.add_token(
            user or context.settings.user,
            name or speakable(),
            digest=made.digest,
            ending=made.ending,
            expires=None if expires is None else now() + expires,
        )
    if as_json:
        print_json({"token": made.text, **summary(kept)})
        return
    click.echo(made.text)
    click.echo(f"token {kept.name} of {kept.user}; it will not be shown again", err=True)


@command.command("list")
@click.option("--user", metavar="NAME", help="Only those of this user.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(context: Context, /, *, user: str | None, as_json: bool) -> None:
    """List tokens, newest first, by their last characters."""
    with closing(open_database_store(context.settings)) as store:
        found = store.users.tokens(user)
    if as_json:
        print_json([summary(token) for token in found])
        return
    rows = [
        (token.user, token.name, f"{PREFIX}...{token.ending}", ago(token.created), _end(token))
        for token in found
    ]
    print_table(("USER", "NAME", "TOKEN", "CREATED", "EXPIRES"), rows)


@command.command
@click.argument("name")
@user_option
@click.pass_obj
def revoke(context: Context, /, *, name: str, user: str | None) -> None:
    """Make a token worthless."""
    with closing(open_database_store(context.settings)) as store:
        store.users.revoke_token(user or context.settings.user, name)


def summary(token: Token) -> dict[str, object]:
    """A token as JSON values; times in milliseconds since the epoch."""
    return {
        "user": token.user,
        "name": token.name,
        "ending": token.ending,
        "creation_time": token.created,
        "expiration_time": token.expires,
    }


def _end(token: Token) -> str:
    if token.expires is None:
        return NEVER
    return "expired" if token.expires <= now() else clock(token.expires)

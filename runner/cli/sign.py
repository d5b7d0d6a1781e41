"""`runner sign`: who vouches for a run, or for the file that it is in."""

import sys
from pathlib import Path

import click

from runner.bundles.signing import keys
from runner.bundles.signing.keys import PrivateKey
from runner.bundles.signing.signing import sign_bundle, sign_run
from runner.cli import Context, tracking_uri
from runner.cli.runs import NUMBERS, RUN, opened
from runner.errors import UsageError
from runner.reproduction.finding import BUNDLE
from runner.settings import Settings


@click.command(context_settings=NUMBERS)
@RUN(required=False, default="")
@tracking_uri
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Private key to sign with, in PEM.",
)
@click.option(
    "--new-key", type=click.Path(path_type=Path), metavar="FILE", help="Make a key, which only you can read."
)
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase of the new key.")
@click.pass_obj
def command(
    context: Context, /, *, run: str, key_file: Path | None, new_key: Path | None, passphrase: bool
) -> None:
    """Sign a run's Statement, or a bundle, with a key of your own.

    RUN is a run of the store, whose signature is kept among its artifacts, or a bundle (run.zip), whose signature is written beside
    it. RUNNER_KEY_PASSPHRASE is the passphrase of the key; on a terminal it is asked for.
    """
    if new_key is not None:
        _make(new_key, passphrase, context.settings)
    if not run:
        if new_key is None:
            raise UsageError(
                "there is nothing to sign", hint="name a run or a bundle, or make a key with --new-key"
            )
        return
    place = key_file or new_key
    if place is None:
        raise UsageError("a key is missing", hint="give --key FILE, or make one: runner sign --new-key FILE")
    key = _read(place, context.settings)
    click.echo(_signed(run, key, context.settings))


def _make(path: Path, ask: bool, settings: Settings) -> None:
    phrase = settings.key_passphrase
    if ask and phrase is None:
        phrase = str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True))
    public = keys.make(path, phrase).public
    click.echo(f"key {public.id}", err=True)
    click.echo(public.pem, nl=False)


def _read(path: Path, settings: Settings) -> PrivateKey:
    try:
        return keys.read_private(path, settings.key_passphrase)
    except keys.NeedsPassphrase:
        if settings.key_passphrase is not None or not sys.stdin.isatty():
            raise
        return keys.read_private(path, str(click.prompt(f"Passphrase of {path}", hide_input=True, err=True)))


def _signed(run: str, key: PrivateKey, settings: Settings) -> str:
    """Where the signature is."""
    if run.endswith(BUNDLE):
        return str(sign_bundle(Path(run).expanduser(), key, settings))
    with opened(settings) as store:
        found = store.run(run)
        return f"{found.id}/{sign_run(store.artifacts(found.artifact_uri), key)}"

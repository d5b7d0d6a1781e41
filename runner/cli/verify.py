"""`runner verify`: is a bundle, or a stored run, as it was; and who has signed it?"""

import sys
from pathlib import Path

import click

from runner.bundles.signing.keys import PublicKey, read_public
from runner.bundles.verifying import Verified, verify_bundle, verify_run
from runner.cli import Context, print_error, tracking_uri
from runner.cli.output import counted, print_json, printable
from runner.cli.runs import NUMBERS, RUN, opened
from runner.cli.terminal import Terminal
from runner.errors import RunnerError
from runner.progress import Progress
from runner.reproduction.finding import BUNDLE
from runner.settings import Settings

CANNOT_TELL = 2


@click.command(context_settings=NUMBERS)
@RUN()
@tracking_uri
@click.option(
    "--key",
    "key_files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Public key that is trusted, in PEM; it must be signed by one of them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(context: Context, /, *, run: str, key_files: tuple[Path, ...], as_json: bool) -> None:
    """Look whether a bundle or a run is as it was, to the last byte.

    RUN is a run of the store, or a bundle (run.zip). The exit code is 0 if nothing is altered, 1 if something is, or no trusted key
    has signed it, and 2 if nobody can tell.
    """
    try:
        keys = [read_public(path) for path in key_files]
        found = _verified(run, keys, context.settings)
    except (RunnerError, OSError) as error:
        print_error(error if isinstance(error, RunnerError) else RunnerError(str(error)))
        sys.exit(CANNOT_TELL)
    if as_json:
        print_json(
            {
                "what": found.what,
                "verdict": ("good", "altered", "unknown")[found.exit_status],
                "checked": found.checked,
                "altered": found.altered,
                "unknown": found.unknown,
                "signed": found.signed,
                "signers": [key.id for key in found.signers],
            }
        )
    else:
        _told(found, trusted=bool(keys))
    sys.exit(found.exit_status)


def _verified(run: str, keys: list[PublicKey], settings: Settings) -> Verified:
    with Progress(Terminal(quiet=True)).phase("verify") as phase:
        if run.endswith(BUNDLE):
            return verify_bundle(Path(run).expanduser(), keys, phase)
        with opened(settings) as store:
            found = store.run(run)
            return verify_run(found, store.artifacts(found.artifact_uri), keys, phase)


def _told(found: Verified, *, trusted: bool) -> None:
    for text in found.altered:
        click.echo(f"altered: {printable(text)}")
    for text in found.unknown:
        click.echo(f"unknown: {printable(text)}")
    if not found.exit_status:
        click.echo(f"good: {printable(found.what)}, {counted(found.checked, 'file')}")
    for key in found.signers:
        click.echo(f"signed by {key.id}")
    if found.signed and not trusted:
        click.echo("signed; whose signature that is, --key FILE tells", err=True)

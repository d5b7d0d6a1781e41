"""`runner env export`, `runner env import`."""

import re
from pathlib import Path
from typing import Any

import click

from runner import environments
from runner.cli import Context
from runner.cli.env.projects import project_options, resolved
from runner.cli.env.texts import SHOWN, size, summary
from runner.cli.output import counted, print_json
from runner.cli.terminal import Terminal
from runner.environments.kept import listing
from runner.environments.kept.listing import Entry
from runner.environments.model import Lock
from runner.environments.moving.packed import Manifest
from runner.environments.moving.packing import pack
from runner.environments.moving.unpacking import unpack
from runner.errors import EnvironmentFailed, UsageError
from runner.progress import Progress
from runner.settings import Settings

_KEY = re.compile(r"[0-9a-f]{4,32}")


@click.command("export")
@click.argument("what", metavar="KEY|PROJECT")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@project_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def export(context: Context, /, *, what: str, file: Path, as_json: bool, **options: Any) -> None:
    """Write an environment to FILE, for a machine that cannot build it.

    KEY is one in the cache. With PROJECT (what `runner run` takes) it is the one that a run would have, built if need be.
    """
    settings, progress = context.settings, Progress(Terminal())
    entry, lock = _named(what, settings, progress, options)
    with progress.phase("export") as phase:
        manifest = pack(entry, lock, file.absolute(), settings=settings, phase=phase)
    if manifest.lock is None:
        progress.warn(
            "nobody knows the lock of this environment any more: over there only a project that ships its lock will find it",
            hint="export it by its PROJECT",
        )
    if as_json:
        print_json(_exported(file, entry, manifest))
        return
    count = counted(len(manifest.files), "file")
    click.echo(f"{file}: {manifest.kind} {entry.key[:SHOWN]}, {count}, {size(file.stat().st_size)}")


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def import_(context: Context, /, *, file: Path, as_json: bool) -> None:
    """Bring an exported environment into the cache; runs of its project use it, with RUNNER_OFFLINE=1 without any network.

    An environment is program code: import what you trust.
    """
    with Progress(Terminal()).phase("import") as phase:
        entry, new = unpack(file, settings=context.settings, phase=phase)
    if as_json:
        print_json({**summary(entry), "imported": new})
        return
    how = "imported" if new else "was there already"
    click.echo(f"{entry.key}: {how}, {counted(len(entry.packages), 'package')}")


def _exported(file: Path, entry: Entry, manifest: Manifest) -> dict[str, object]:
    return {
        "file": str(file.absolute()),
        "bytes": file.stat().st_size,
        "files": len(manifest.files),
        "lock": manifest.lock is not None,
        "environment": summary(entry),
    }


def _named(
    what: str, settings: Settings, progress: Progress, options: dict[str, Any]
) -> tuple[Entry, Lock | None]:
    if _KEY.fullmatch(what) and not Path(what).exists():
        return listing.entry(settings, what), None
    with resolved(what, settings=settings, progress=progress, **options) as (planned, lock):
        if lock is None:
            raise UsageError(
                "the project runs in the caller's own environment: there is nothing to export",
                hint="name an environment with --env-manager",
            )
        if lock.kind == "image":
            raise EnvironmentFailed(
                "the project runs in a container", hint="move its image with `docker save` and `docker load`"
            )
        with progress.phase("environment") as phase:
            made = environments.prepare(
                planned.spec, lock, directory=planned.checkout.path, settings=settings, phase=phase
            )
    return listing.entry(settings, str(made.key)), lock

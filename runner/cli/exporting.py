"""What `runner export` and `runner archive` have in common: a run into a file, and what is said of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from runner.bundles.packing import Wanted
from runner.bundles.writing import Written, write
from runner.cli.output import printable
from runner.progress import Progress
from runner.reproduction import finding
from runner.settings import Settings


def exported(
    reference: str, file: Path, wanted: Wanted, *, settings: Settings, progress: Progress, replace: bool
) -> Written:
    """Write the run that a person names to a file."""
    with finding.found(reference, settings, progress) as recorded, progress.phase("export") as phase:
        written = write(recorded, file, wanted=wanted, settings=settings, phase=phase, replace=replace)
        phase.summary, phase.detail = recorded.run.name, f"{written.size:,} bytes"
    return written


def told(written: Written) -> None:
    """Where it is; what it lacks goes to stderr."""
    click.echo(str(written.path))
    for text in written.missing:
        click.echo(click.style("warning: ", fg="yellow", bold=True) + printable(text), err=True)


def as_json(written: Written) -> Mapping[str, Any]:
    """The same for machines."""
    return {
        "file": str(written.path),
        "bytes": written.size,
        "files": written.files,
        "seal": written.seal,
        "missing": list(written.missing),
    }

"""`runner run` of a bundle: its run once more, with what the command line changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from click.core import ParameterSource
from msgspec.structs import replace

from runner.bundles.reading import is_bundle
from runner.errors import UsageError
from runner.launch import Request
from runner.progress import Progress
from runner.reproduction import finding
from runner.reproduction.again import as_then, requested
from runner.reproduction.bundled import at_hand
from runner.reproduction.changes import Changes
from runner.reproduction.rerunning import RERUNS
from runner.settings import Settings

# Everything else that one may ask of a run is decided by the plan in the bundle.
TAKEN = frozenset("uri parameters from_environment seed entry_point experiment_name experiment_id run_name tags keep dry_run as_json quiet announce backend".split())  # fmt: skip


@contextmanager
def asked_for(request: Request, settings: Settings, progress: Progress) -> Iterator[tuple[Request, Settings]]:
    """The request itself; or where it names a bundle, that of the run in it, with the settings as they were then.

    Raises:
        UsageError: an option contradicts the plan in the bundle.
    """
    path = (request.directory / Path(request.uri).expanduser()).absolute()
    if not is_bundle(path):
        yield request, settings
        return
    given = _given()
    if wrong := sorted(given - TAKEN):
        raise UsageError(
            f"--{wrong[0].replace('_', '-')} is not for a bundle: {path.name} says itself how its run was executed",
            hint="`runner rerun` changes more than parameters",
        )
    changes = Changes(
        parameters=request.parameters,
        entry_point=request.entry_point if "entry_point" in given else None,
        seed=request.seed,
    )
    with (
        finding.found(str(path), settings, progress) as recorded,
        at_hand(recorded, changes, settings=settings, progress=progress) as changed,
        requested(recorded, changed) as found,
    ):
        yield (
            replace(
                found,
                experiment_name=request.experiment_name,
                experiment_id=request.experiment_id,
                run_name=request.run_name,
                tags={RERUNS: recorded.run.id, **request.tags},
                keep=request.keep,
            ),
            as_then(recorded, changed, settings),
        )


def _given() -> set[str]:
    """Names of what stands on the command line."""
    context = click.get_current_context()
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is ParameterSource.COMMANDLINE}

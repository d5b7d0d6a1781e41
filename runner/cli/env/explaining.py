"""`runner env explain`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import click

from runner import tracking
from runner.cli import Context
from runner.cli.env.projects import project_options, resolved
from runner.cli.env.texts import SHOWN, short, steps
from runner.cli.lock import summary
from runner.cli.locked import described
from runner.cli.output import print_json, printable
from runner.cli.terminal import Terminal
from runner.environments.kept import explaining, listing
from runner.environments.kept.explaining import Comparison, Difference, Explanation
from runner.environments.model import LOCK_FILES, Lock
from runner.errors import TrackingError, UsageError
from runner.progress import Progress
from runner.settings import Settings

SHOWN_PACKAGES = 20
STATES = {
    "ready": "in the cache: a run reuses it",
    "missing": "not in the cache: a run builds it",
    "torn": "its build was ended: a run builds it anew",
    "broken": "its interpreter is gone: a run builds it anew",
    "unknown": "in the container engine, or a run pulls or builds it",
    "being built": "another process is building it: a run waits for that",
}


@click.command
@click.argument("uri", metavar="[PROJECT]", default=".")
@project_options
@click.option(
    "--run", metavar="RUN", help="Compare with the environment of this run instead of the nearest one."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def explain(context: Context, /, *, uri: str, run: str | None, as_json: bool, **options: Any) -> None:
    """Say which environment a run of PROJECT would have, whether it is there, and why or why not.

    PROJECT is what `runner run` takes. What decides is shown beside the nearest environment in the cache. Resolves the
    environment as a dry run does, and builds nothing.
    """
    settings, progress = context.settings, Progress(Terminal(quiet=True))
    with (
        resolved(uri, settings=settings, progress=progress, **options) as (planned, lock),
        progress.phase("environment") as phase,
    ):
        directory = planned.checkout.path
        found = explaining.explain(planned.spec, lock, directory=directory, settings=settings, phase=phase)
    if run is not None:
        found = replace(found, nearest=_of_run(found, run, settings))
    if as_json:
        print_json(_as_json(found, lock, progress))
        return
    for line in _lines(found, lock, progress, run):
        click.echo(printable(line))


def _of_run(found: Explanation, reference: str, settings: Settings) -> Comparison:
    """The environment beside that of a run: what its record says, and more where it is still in the cache."""
    store = tracking.open_store(settings)
    try:
        run = store.run(reference)
        artifacts = store.artifacts(run.artifact_uri)
        try:
            plan = json.loads(artifacts.read("runner/plan.json"))["environment"]["lock"]
            text = artifacts.read(LOCK_FILES[plan["kind"]]).decode()
        except (TrackingError, KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f"run {run.name} has recorded no lock", hint="compare with another run"
            ) from error
    finally:
        store.close()
    key = run.tags.get("runner.environment")
    with suppress(UsageError):
        if key:
            return explaining.compare_entry(found, listing.entry(settings, key))
    return explaining.compare(
        found,
        key=key,
        inputs={"kind": plan["kind"]} | ({"python": plan["python"]} if "python" in found.inputs else {}),
        packages=explaining.locked_packages(plan["kind"], text),
        seconds={},
    )


def _lines(found: Explanation, lock: Lock | None, progress: Progress, run: str | None) -> Iterator[str]:
    if lock is None:
        yield "environment  the caller's own: nothing is built"
        return
    yield f"environment  {found.kind}{', ' + found.key if found.key else ''}"
    yield f"state        {STATES[found.state]}"
    yield f"lock         {_origin(lock)}, {described(lock)}"
    yield f"now          {steps(progress.seconds)}"
    if found.seconds:
        yield f"build took   {steps(found.seconds)}"
    if not found.nearest:
        yield from _inputs(found, [])
        return
    other = found.nearest
    whose = f"run {run}" if run else "the nearest in the cache"
    yield f"compared     with {whose}{', ' + other.key[:SHOWN] if other.key else ''}"
    yield from _inputs(found, other.inputs)
    yield from _packages(other.packages)
    if other.seconds:
        yield f"its build    took {steps(other.seconds)}"


def _origin(lock: Lock) -> str:
    named = {"resolved": "resolved now", "cached": "resolved before"}
    return named.get(lock.origin, f"from {lock.origin}")


def _inputs(found: Explanation, differences: Sequence[Difference]) -> Iterator[str]:
    if found.inputs:
        yield "inputs"
    changed = {item.name: item for item in differences}
    for name in [*found.inputs, *(set(changed) - set(found.inputs))]:
        item = changed.get(name)
        before = f"{short(item.there)} -> " if item else ""
        yield f"{'*' if item else ' '} {name:<15}{before}{short(found.inputs.get(name))}"


def _packages(differences: Sequence[Difference]) -> Iterator[str]:
    if differences:
        yield "packages"
    for item in differences[:SHOWN_PACKAGES]:
        yield f"* {item.name:<15} {short(item.there)} -> {short(item.here)}"
    if len(differences) > SHOWN_PACKAGES:
        yield f"  and {len(differences) - SHOWN_PACKAGES} more"


def _as_json(found: Explanation, lock: Lock | None, progress: Progress) -> Mapping[str, object]:
    return {
        **asdict(found),
        "lock": summary(lock) if lock else None,
        "now": progress.seconds,
    }

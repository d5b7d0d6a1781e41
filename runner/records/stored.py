"""A run that we have recorded: its documents, read back and held against their digests.

runner/plan.json ─► Plan ─► runner/pylock.toml, conda-lock.yml, ... ─► Lock
runner/record.json
"""

import json
from collections.abc import Collection
from typing import Any

from runner.environments.model import LOCK_FILES, Lock
from runner.errors import NotFound, RunnerError, TrackingError
from runner.files import sha256
from runner.launch.plan import Plan, PlannedLock, PlannedSource
from runner.records.model import Recorded, Unrepeatable
from runner.records.models import models_of
from runner.tracking import ArtifactStore, OpenStore
from runner.tracking.model import Run

PLAN, RECORD, CODE = "runner/plan.json", "runner/record.json", "runner/source/"
PARENT, MANY = "mlflow.parentRunId", 1000
OURS = {"runner.dirty", "runner.error", "runner.exit_code"}  # tags that no other program sets


def plan_of(store: OpenStore, run: Run) -> bytes | None:
    """The plan as it is kept; None where there is none, as with runs that others have recorded.

    Raises:
        Unrepeatable: it was ours, and is gone.
    """
    try:
        return store.artifacts(run.artifact_uri).read(PLAN)
    except NotFound:
        if "runner.plan" in run.tags:
            raise Unrepeatable(
                f"the plan of run {run.name} is gone: there is no {PLAN} among its artifacts",
                hint=f"it was kept at {run.artifact_uri}; bring it back from there, or from an export",
            ) from None
        if OURS & run.tags.keys():
            why = run.tags.get("runner.error", "it was ended before")
            raise Unrepeatable(
                f"run {run.name} came to no plan: {why}", hint="run its project again: runner run"
            ) from None
        return None


def recorded(store: OpenStore, run: Run, document: bytes) -> Recorded:
    """All that is known of the run with that plan.

    Raises:
        Unrepeatable: a document was altered, or a newer version of runner has written it.
    """
    artifacts = store.artifacts(run.artifact_uri)
    plan = read_plan(document, run)
    return Recorded(
        run=run,
        plan=plan,
        record=_record(artifacts, run),
        lock=read_lock(artifacts, plan.environment.lock, run),
        artifacts=artifacts,
        history=lambda key: store.metric_history(run.id, key),
        models=lambda: models_of(store, run),
        children=lambda: children_of(store, run),
        place=shown(store),
        experiment=experiment_of(store, run),
        tag=lambda tags: store.log(run.id, tags=tags),
    )


def read_plan(document: bytes, run: Run) -> Plan:
    """The plan in a document, if its digest is the one that the run has.

    Raises:
        Unrepeatable: it was altered, is none, or is one of a newer version.
    """
    values = _json(document, PLAN, run)
    digest = f"sha256:{sha256(json.dumps(values, sort_keys=True, separators=(',', ':')))}"
    if run.tags.get("runner.plan", digest) != digest:
        raise _altered(PLAN, run, digest, run.tags["runner.plan"])
    try:
        return Plan.from_json(values)
    except RunnerError as error:
        raise Unrepeatable(f"run {run.name}: {error.message}", hint=error.hint) from error


def read_lock(artifacts: ArtifactStore, planned: PlannedLock | None, run: Run) -> Lock | None:
    """The lock that a plan names; None where it names none, or the file is gone.

    Raises:
        Unrepeatable: the file was altered, or is of a kind that a newer version has.
    """
    if planned is None:
        return None
    if planned.kind not in LOCK_FILES:
        raise Unrepeatable(
            f"run {run.name} has a lock of kind {planned.kind!r}, which this version does not know",
            hint="take a newer runner",
        )
    try:
        text = artifacts.read(LOCK_FILES[planned.kind]).decode()
    except NotFound:
        return None
    except UnicodeDecodeError:
        text = ""
    lock = Lock(
        kind=planned.kind,
        text=text,
        python=planned.python,
        origin="recorded",
        packages=planned.packages,
        pinned=planned.pinned,
        as_of=planned.as_of,
    )
    if lock.digest != planned.digest:
        raise _altered(LOCK_FILES[planned.kind], run, lock.digest, planned.digest)
    return lock


def lost_code(planned: PlannedSource, kept: Collection[str]) -> list[str]:
    """Digests of patch and git bundles that a plan names, and that are not among those of what was kept."""
    named = (planned.patch, *planned.bundles.values())
    return [digest for digest in named if digest and digest not in kept]


def _record(artifacts: ArtifactStore, run: Run) -> dict[str, Any]:
    """What happened; a run that was lost has not come to write it."""
    try:
        return _json(artifacts.read(RECORD), RECORD, run)
    except NotFound:
        return {}


def _json(document: bytes, path: str, run: Run) -> dict[str, Any]:
    try:
        values = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise Unrepeatable(
            f"{path} of run {run.name} is no JSON: {error}", hint=f"it was altered: {run.artifact_uri}"
        ) from None
    if not isinstance(values, dict):
        raise Unrepeatable(f"{path} of run {run.name} is no JSON object", hint="it was altered")
    return values


def _altered(path: str, run: Run, digest: str, told: str) -> Unrepeatable:
    return Unrepeatable(
        f"{path} of run {run.name} was altered: it is {digest}, and was recorded as {told}",
        hint=f"bring the file back that was at {run.artifact_uri}; nothing is executed from an altered one",
    )


def experiment_of(store: OpenStore, run: Run) -> str | None:
    """Name of the run's experiment, if it can be had."""
    try:
        return store.experiment(run.experiment_id).name
    except TrackingError:
        return None


def children_of(store: OpenStore, run: Run) -> int:
    """How many runs name this one as the run around them; as many as one answer holds.

    Raises:
        TrackingError: the store does not answer.
    """
    return len(store.search_runs(filter=f"tags.`{PARENT}` = '{run.id}'", limit=MANY).items)


def shown(store: OpenStore) -> str:
    """Where a store is, without what may be a password."""
    scheme, separator, rest = store.uri.partition("://")
    return f"{scheme}{separator}{rest.partition('?')[0].rpartition('@')[2]}"

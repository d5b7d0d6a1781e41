"""`--reuse`: a finished run that did the same is taken instead of running again.

plan with its lock and the digests of its inputs ─► identity ─► the newest finished run with the tag `runner.identity`
"""

import json
import platform
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from runner.environments.model import Lock, Observed
from runner.environments.observing import observe
from runner.errors import RunnerError
from runner.files import sha256
from runner.launch import inside
from runner.launch.inputs import Inputs, gathered
from runner.launch.plan import PlannedSource
from runner.launch.planning import Planned, Request
from runner.launch.resolving import with_lock
from runner.progress import Progress
from runner.settings import Settings
from runner.tracking import Store
from runner.tracking.model import Run, RunStatus

TAG = "runner.identity"
TAKEN = "runner.reused."  # and the name of the run that was taken: a tag of the run around it


class Ready(Struct, frozen=True, kw_only=True):
    """A plan that was resolved before there is a run: with its lock, and with what its inputs are."""

    planned: Planned
    lock: Lock | None
    inputs: Inputs


def wanted(request: Request, settings: Settings) -> bool:
    """Whether a run is to be looked for. A repetition never is: it asks whether the result is the same."""
    asked = request.reuse if settings.reuse is None else settings.reuse
    return asked and request.repeated is None


def look(planned: Planned, *, store: Store, settings: Settings, progress: Progress) -> Run | Ready:
    """The run to take; or what was resolved to look for it.

    Raises:
        RunnerError: the environment cannot be resolved, or an input is not there. There is no run then.
    """
    with progress.phase("resolving") as phase:
        resolved, lock = with_lock(planned, settings=settings, progress=progress, phase=phase)
        phase.summary = "what an earlier run would have had"
    inputs = gathered(resolved, settings=settings, progress=progress)
    observed = observe(settings.environ, planned.checkout.path) if lock is None else None
    known = given(resolved, inputs)
    ready = Ready(planned=resolved, lock=lock, inputs=inputs)
    if reason := objection(known, inputs, observed):
        progress.notice(f"no run can be reused: {reason}")
        return ready
    found = _finished(store, _digest(known, observed, settings))
    if found is None:
        return ready
    _tell_parent(store, found, settings)
    return found


def identity(
    planned: Planned, inputs: Inputs, observed: Observed | None, *, settings: Settings
) -> str | None:
    """Digest of all that decides the result of a run, as far as we know it; None where we do not know enough."""
    if objection(planned, inputs, observed) is not None:
        return None
    return _digest(planned, observed, settings)


def objection(planned: Planned, inputs: Inputs, observed: Observed | None) -> str | None:
    """Why two runs of this plan could not be told to be the same; None where they can."""
    plan = planned.plan
    if plan.secrets:
        return f"it has secrets, which are not recorded: {', '.join(plan.secrets)}"
    if reason := _of_code(plan.source):
        return reason
    if plan.environment.lock is None and observed is None:
        return "the packages of the caller's environment are not known"
    if plan.environment.lock is not None and not plan.environment.lock.pinned:
        return "its lock names something without a hash"
    if inputs.unsure:
        return f"the content of an input is not known: {', '.join(inputs.unsure)}"
    return None


def _of_code(source: PlannedSource) -> str | None:
    if source.left_out:
        return f"part of its code is not kept: {source.left_out[0]}"
    if not (source.commit or source.digest or source.patch):
        return "its code has neither a commit nor a digest"
    if source.dirty and not source.patch:
        return "it has uncommitted changes, which are not kept"
    return None


def _digest(planned: Planned, observed: Observed | None, settings: Settings) -> str:
    plan, source, environment = planned.plan, planned.plan.source, planned.plan.environment
    deciding: Mapping[str, Any] = {
        "code": [source.commit, source.patch, source.digest, source.below, source.subdirectory],
        "submodules": dict(source.submodules),
        "entry point": [plan.entry_point, plan.command],
        "parameters": [dict(plan.parameters), dict(plan.extra_parameters)],
        "inputs": dict(plan.input_digests),
        "environment": [environment.kind, environment.image, environment.docker_args],
        "packages": environment.lock.digest if environment.lock else observed and observed.text,
        "machine": [platform.system(), platform.machine()],
        "seed": plan.seed,
        "variables": inside.deciding(planned, settings),
        "results": [plan.metrics, plan.outputs],
    }
    return f"sha256:{sha256(json.dumps(deciding, sort_keys=True))}"


def given(planned: Planned, inputs: Inputs) -> Planned:
    """The plan with the digests of its inputs."""
    return replace(planned, plan=replace(planned.plan, input_digests=inputs.digests))


def _finished(store: Store, wanted: str) -> Run | None:
    status = RunStatus.FINISHED.value
    found = store.search_runs(filter=f"tags.`{TAG}` = '{wanted}' AND attributes.status = '{status}'", limit=1)
    return found.items[0] if found.items else None


def _tell_parent(store: Store, taken: Run, settings: Settings) -> None:
    """The run around this one says which it took, for it gets no child."""
    if settings.parent_run_id is not None:
        with suppress(RunnerError):
            store.log(settings.parent_run_id, tags={f"{TAKEN}{taken.name}": taken.id})

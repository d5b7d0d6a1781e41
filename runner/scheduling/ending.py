"""The end of a firing: recorded, tried again, told to whoever wants to know. Also of one whose process cannot do so any more."""

from collections.abc import Callable
from dataclasses import dataclass

from runner.scheduling import commands, hooks, retrying
from runner.settings import Settings
from runner.tracking import this_process_lease
from runner.tracking.model import Run, RunStatus
from runner.tracking.schedules import Event, Failure, Firing, FiringState, Schedule
from runner.tracking.sql.store import SqlStore

SETTLING = 5_000  # ms in which the guard of a run ends what a dead process has left
PATIENCE = 3  # tries that died with their process, after which there is no further one


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a try ended."""

    state: FiringState
    reason: str = ""
    failure: Failure | None = None
    fingerprint: str = ""


def failed(why: Failure, reason: str) -> Outcome:
    """It failed, for that reason."""
    return Outcome(state=FiringState.FAILED, failure=why, reason=f"{why.value}: {reason}")


def ended(
    store: SqlStore,
    schedule: Schedule,
    firing: Firing,
    outcome: Outcome,
    *,
    settings: Settings,
    say: Callable[[str], None],
) -> Firing | None:
    """The firing with its end recorded, or to be tried again; None if somebody else has it by now."""
    schedules = store.schedules
    now = schedules.now()
    due = retrying.again(schedule.definition.retry, firing, outcome.failure, now) if outcome.failure else None
    state = outcome.state if due is None else FiringState.WAITING
    if not schedules.end(
        firing.id,
        firing.claims,
        state,
        now=now,
        reason=outcome.reason,
        due=due,
        fingerprint=outcome.fingerprint,
    ):
        return None
    kept = schedules.firing(firing.id)
    _tell(store, schedule, kept, settings=settings, say=say)
    return kept


def take_up(
    store: SqlStore, firing: Firing, *, settings: Settings, now: int, say: Callable[[str], None]
) -> None:
    """A firing whose process is gone: its run goes on, or has ended, or it is to be tried once more."""
    store.expire_leases(this_process_lease(settings).until - int(settings.lease_seconds * 1000))
    run = _run_of(store, firing)
    if run is not None and not run.status.ended:
        return
    schedule = store.schedules.numbered(firing.schedule)
    if run is not None and run.status is RunStatus.FINISHED:
        outcome = Outcome(state=FiringState.SUCCEEDED)
    elif firing.claims >= PATIENCE + schedule.definition.retry.most:
        outcome = Outcome(state=FiringState.FAILED, reason="its process died again and again")
    else:
        say(f"{schedule.name}: firing {firing.id} is tried again: its process died")
        store.schedules.end(
            firing.id,
            firing.claims,
            FiringState.WAITING,
            now=now,
            due=now + SETTLING,
            reason="its process died",
        )
        return
    ended(store, schedule, firing, outcome, settings=settings, say=say)


def _tell(
    store: SqlStore, schedule: Schedule, firing: Firing, *, settings: Settings, say: Callable[[str], None]
) -> None:
    events = {FiringState.SUCCEEDED: Event.SUCCESS, FiringState.FAILED: Event.FAILURE}
    told = schedule.definition.hooks
    if firing.state not in events or not told:
        return
    happened = [events[firing.state]]
    if firing.state is FiringState.SUCCEEDED and Event.RECOVERY in told:
        last = store.schedules.last_ended(schedule.id, before=firing.id)
        if last is not None and last.state is FiringState.FAILED:
            happened.append(Event.RECOVERY)
    for event in happened:
        fact = hooks.fact(event, schedule, firing)
        hooks.tell(fact, told.get(event, ()), environ=settings.environ, say=say)


def _run_of(store: SqlStore, firing: Firing) -> Run | None:
    found = store.search_runs(filter=f"tags.`{commands.TAG}` = '{commands.mark(firing)}'", limit=1)
    return found.items[0] if found.items else None

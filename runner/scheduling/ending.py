"""The end of a firing: recorded, tried again, told to whoever wants to know. Also of one whose process cannot do so any more."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from runner.scheduling import commands, hooks, retrying
from runner.settings import Settings
from runner.tracking import this_process_lease
from runner.tracking.model import Run, RunStatus
from runner.tracking.schedules import Event, Failure, Firing, FiringState, Schedule
from runner.tracking.sql.store import SqlStore

SETTLING = 5_000  # ms in which the guard of a run ends what a dead process has left
PATIENCE = 3  # tries that died with their process, after which there is no further one


class Tell(Protocol):
    """Tells somebody, as `hooks.tell` does."""

    def __call__(
        self,
        fact: hooks.Fact,
        targets: tuple[str, ...],
        *,
        environ: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None: ...


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
    tell: Tell = hooks.tell,
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
    for fact in _facts(store, schedule, kept):
        tell(fact, schedule.definition.hooks.get(fact.event, ()), environ=settings.environ, say=say)
    return kept


def take_up(
    store: SqlStore,
    firing: Firing,
    *,
    settings: Settings,
    now: int,
    say: Callable[[str], None],
    tell: Tell = hooks.tell,
) -> None:
    """A firing whose process is gone: its run goes on, or has ended, or it is to be tried once more."""
    store.expire_leases(this_process_lease(settings).until - int(settings.lease_seconds * 1000))
    run = _run_of(store, firing)
    if run is not None and not run.status.ended:
        return
    if run is not None:
        store.schedules.link(firing.id, firing.claims, run.id)
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
    ended(store, schedule, firing, outcome, settings=settings, say=say, tell=tell)


def abandoned(
    store: SqlStore,
    now: int,
    *,
    settings: Settings,
    say: Callable[[str], None],
    tell: Tell = hooks.tell,
    only: int | None = None,
) -> None:
    """Take up all that schedulers or processes that died have left (of `only` that schedule)."""
    for firing in store.schedules.overdue(now, only=only):
        if firing.state is FiringState.RUNNING:
            take_up(store, firing, settings=settings, now=now, say=say, tell=tell)
        elif store.schedules.give_back(firing.id, firing.claims):
            say(f"firing {firing.id} is taken up again: whoever had claimed it did not start it")


def _facts(store: SqlStore, schedule: Schedule, firing: Firing) -> Iterator[hooks.Fact]:
    """What there is to be told."""
    events = {FiringState.SUCCEEDED: Event.SUCCESS, FiringState.FAILED: Event.FAILURE}
    told = schedule.definition.hooks
    if firing.state not in events or not told:
        return
    yield hooks.fact(events[firing.state], schedule, firing)
    if firing.state is FiringState.SUCCEEDED and Event.RECOVERY in told:
        last = store.schedules.last_ended(schedule.id, before=firing.id)
        if last is not None and last.state is FiringState.FAILED:
            yield hooks.fact(Event.RECOVERY, schedule, firing)


def told(name: str, firing: Firing) -> str:
    """How it ended, in one line for people."""
    state = "is to be tried again" if firing.state is FiringState.WAITING else firing.state.value
    reason = f": {firing.reason}" if firing.reason else ""
    run = f" (run {firing.run_id[:12]})" if firing.run_id else ""
    return f"{name}: firing of {hooks.moment(firing.scheduled_for)} {state}{reason}{run}"


def _run_of(store: SqlStore, firing: Firing) -> Run | None:
    found = store.search_runs(filter=f"tags.`{commands.TAG}` = '{commands.mark(firing)}'", limit=1)
    return found.items[0] if found.items else None

"""A firing, run: `runner run` as a child, watched until it ends, and its end recorded.

Whoever runs a firing has it by a lease, which is renewed here; who has lost it (another has it by now) stops the run and
writes nothing. So at most one run of a firing lives, whatever is killed or cut off.
"""

import json
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Literal, TypeAlias

from runner.errors import NotFound, RunnerError
from runner.launch.stopping import Stopped, Stopping, on_signals
from runner.process import describe_code
from runner.process.child import Child, Sink
from runner.scheduling import commands, conditions, hooks, retrying
from runner.scheduling.defining import values
from runner.settings import Settings
from runner.tracking import this_process_lease
from runner.tracking.model import Lease, Run, RunStatus
from runner.tracking.schedules import Event, Failure, Firing, FiringState, Schedule
from runner.tracking.sql.store import SqlStore

SLICE = 0.5  # seconds between two looks
BEAT = 3.0  # seconds between two renewals, at most: whoever is to stop is told then
HELD = 120.0  # seconds of a lease, at least: a database may be away for a while
SETTLING = 5_000  # ms in which the guard of a run ends what a dead process has left
PATIENCE = 3  # tries that died with their process, after which there is no further one
KEPT = 4096  # characters of standard error

Halt: TypeAlias = Literal["", "replaced", "lost", "timeout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a try ended."""

    state: FiringState
    reason: str = ""
    failure: Failure | None = None
    fingerprint: str = ""


@dataclass(slots=True)
class Execution:
    """One try of a firing. `sink` gets the output of `runner run`; `say` is told what goes wrong beside it."""

    schedule: Schedule
    firing: Firing
    store: SqlStore
    settings: Settings
    say: Callable[[str], None]
    sink: Sink = lambda _stream, _data: None
    stopping: Stopping = field(default_factory=Stopping)

    def run(self) -> Firing | None:
        """Run it and record how it ended; None if somebody else has it by now."""
        with on_signals(self.stopping), tempfile.TemporaryDirectory(prefix="runner-firing-") as place:
            with _Watch(self, Path(place) / "announced.jsonl") as watch:
                try:
                    outcome = self._outcome(watch)
                except Stopped as stopped:
                    outcome = Outcome(state=FiringState.STOPPED, reason=str(stopped))
                except RunnerError as error:
                    outcome = _failed(retrying.of_error(error), str(error))
            if watch.halt == "lost":
                self.say(f"{self.schedule.name}: somebody else has firing {self.firing.id} by now")
                return None
            return self._end(outcome)

    def _outcome(self, watch: "_Watch") -> Outcome:
        definition, found = self.schedule.definition, ""
        if definition.only_if is not None:
            now = conditions.fingerprint(
                definition, values=values(definition, self.settings.environ), settings=self.settings
            )
            if not conditions.changed(definition.only_if, now, self._before()):
                reason = f"unchanged since its last success ({definition.only_if.value})"
                return Outcome(state=FiringState.SKIPPED, reason=reason)
            found = str(now)
        return replace(self._launched(watch), fingerprint=found)

    def _before(self) -> conditions.Fingerprint | None:
        last = self.store.schedules.last_ended(
            self.schedule.id, before=self.firing.id, state=FiringState.SUCCEEDED
        )
        return conditions.Fingerprint.read(last.fingerprint) if last else None

    def _launched(self, watch: "_Watch") -> Outcome:
        if self.firing.stopping or watch.halt:
            return Outcome(state=FiringState.STOPPED, reason="a later one came")
        tail = _Tail(self.sink)
        variables = commands.variables(self.settings, store=self.store.uri)
        directory = Path(self.schedule.definition.directory)
        with (
            Child.start(
                commands.run(self.schedule, self.firing, watch.announced),
                cwd=directory if directory.is_dir() else self.settings.home,
                env=variables | commands.facts(self.schedule, self.firing),
                run_id=commands.chain(self.firing),
                sink=tail,
            ) as child,
            self.stopping.passed_to(child.stop),
        ):
            watch.over(child)
            code = child.wait()
        return self._judged(code, child.stopped_by, watch, tail)

    def _judged(self, code: int, stopped_by: int | None, watch: "_Watch", tail: "_Tail") -> Outcome:
        run = watch.run()
        if watch.halt == "timeout":
            limit = self.schedule.definition.timeout
            return _failed(Failure.TIMEOUT, f"it took longer than {limit} s")
        if watch.halt == "replaced":
            return Outcome(state=FiringState.STOPPED, reason="a later one came")
        if stopped_by is not None:
            return Outcome(state=FiringState.STOPPED, reason=f"stopped by {signal.Signals(stopped_by).name}")
        if code == 0:
            return Outcome(state=FiringState.SUCCEEDED)
        if run is not None and run.status is RunStatus.KILLED:
            return Outcome(state=FiringState.STOPPED, reason="the run was stopped")
        return _failed(retrying.failure(code, run), _told(code, run, tail))

    def _end(self, outcome: Outcome) -> Firing | None:
        return ended(self.store, self.schedule, self.firing, outcome, settings=self.settings, say=self.say)


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


def lease(settings: Settings, now: int) -> Lease:
    """Of this process on a firing; `now` by the clock of the database."""
    until = now + int(max(4 * settings.lease_seconds, HELD) * 1000)
    return replace(this_process_lease(settings), until=until)


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


def _failed(why: Failure, reason: str) -> Outcome:
    return Outcome(state=FiringState.FAILED, failure=why, reason=f"{why.value}: {reason}")


def _told(code: int, run: Run | None, tail: "_Tail") -> str:
    """What is known of a failure, in one line."""
    tags: Mapping[str, str] = run.tags if run is not None else {}
    said = tags.get("runner.trouble") or tags.get("runner.error") or ("" if run else tail.error)
    return (said or describe_code(code)).partition("\n")[0]


@dataclass(slots=True)
class _Tail:
    """Passes output on, and keeps the end of what `runner` itself says."""

    sink: Sink
    _kept: deque[bytes] = field(default_factory=lambda: deque(maxlen=64))

    def __call__(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        if stream == "stderr":
            self._kept.append(data[-KEPT:])
        self.sink(stream, data)

    @property
    def error(self) -> str:
        lines = b"".join(self._kept).decode(errors="replace").splitlines()
        return next(
            (line.removeprefix("error: ") for line in reversed(lines) if line.startswith("error: ")), ""
        )


class _Watch:
    """A thread beside the run: renews the lease, learns which run it is, and stops it where it must not go on."""

    def __init__(self, execution: Execution, announced: Path) -> None:
        self.announced = announced
        self.halt: Halt = ""
        self._execution = execution
        self._child: Child | None = None
        self._began = self._renewed = monotonic()
        self._run_id = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="firing", daemon=True)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def over(self, child: Child) -> None:
        """Watch over this program."""
        self._began = monotonic()
        self._child = child
        if self.halt:
            child.stop(signal.SIGTERM)

    def run(self) -> Run | None:
        """The run, if there is one."""
        self._learn()
        with suppress(NotFound):
            return self._execution.store.run(self._run_id) if self._run_id else None
        return None

    def _watch(self) -> None:
        beat = min(BEAT, self._execution.settings.lease_seconds / 3)
        while not self._over.wait(SLICE):
            self._learn()
            if monotonic() - self._renewed >= beat:
                self._renew()
            limit = self._execution.schedule.definition.timeout
            if self._child is not None and limit is not None and monotonic() - self._began > limit:
                self._stop("timeout")

    def _renew(self) -> None:
        execution = self._execution
        schedules, firing = execution.store.schedules, execution.firing
        try:
            held = schedules.renew(firing.id, firing.claims, lease(execution.settings, schedules.now()))
        except RunnerError:
            if monotonic() - self._renewed > HELD:
                self._stop("lost")  # somebody else may have it now
            return
        self._renewed = monotonic()
        if held != "held":
            self._stop("replaced" if held == "stop" else "lost")

    def _stop(self, why: Halt) -> None:
        if self.halt:
            return
        self.halt = why
        if self._child is not None:
            self._child.stop(signal.SIGTERM)

    def _learn(self) -> None:
        """The id of the run, as soon as there is one."""
        if self._run_id or not self.announced.exists():
            return
        first = self.announced.read_text(encoding="utf-8").partition("\n")
        if first[1]:
            self._run_id = str(json.loads(first[0]).get("run_id", ""))
        if self._run_id:
            with suppress(RunnerError):
                firing = self._execution.firing
                self._execution.store.schedules.link(firing.id, firing.claims, self._run_id)

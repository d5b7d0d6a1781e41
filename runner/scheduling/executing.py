"""A firing, run: `runner run` as a child, watched until it ends, and its end recorded.

Whoever runs a firing has it by a lease, which `watching.py` renews; who has lost it (another has it by now) stops the run and
writes nothing. So at most one run of a firing lives, whatever is killed or cut off.
"""

import signal
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from runner.errors import RunnerError
from runner.launch.stopping import Stopped, Stopping, on_signals
from runner.process import describe_code
from runner.process.child import Child, Sink
from runner.scheduling import commands, conditions, retrying
from runner.scheduling.defining import values
from runner.scheduling.ending import Outcome, ended, failed
from runner.scheduling.watching import Watch
from runner.settings import Settings
from runner.tracking.model import Run, RunStatus
from runner.tracking.schedules import Failure, Firing, FiringState, Schedule
from runner.tracking.sql.store import SqlStore

KEPT = 4096  # characters of standard error


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
            with self._watch(Path(place)) as watch:
                try:
                    outcome = self._outcome(watch)
                except Stopped as stopped:
                    outcome = Outcome(state=FiringState.STOPPED, reason=str(stopped))
                except RunnerError as error:
                    outcome = failed(retrying.of_error(error), str(error))
            if watch.halt == "lost":
                self.say(f"{self.schedule.name}: somebody else has firing {self.firing.id} by now")
                return None
            return self._end(outcome)

    def _watch(self, place: Path) -> Watch:
        timeout = self.schedule.definition.timeout
        announced = place / "announced.jsonl"
        return Watch(self.firing, self.store, self.settings, timeout=timeout, announced=announced)

    def _outcome(self, watch: Watch) -> Outcome:
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

    def _launched(self, watch: Watch) -> Outcome:
        if self.firing.stopping or watch.halt:
            return Outcome(state=FiringState.STOPPED, reason="a later one came")
        tail = _Tail(self.sink)
        variables = commands.variables(self.settings, store=self.store.uri)
        chain = commands.new_chain()
        directory = Path(self.schedule.definition.directory)
        with (
            Child.start(
                commands.run(self.schedule, self.firing, watch.announced),
                cwd=directory if directory.is_dir() else self.settings.home,
                env=variables | commands.facts(self.schedule, self.firing, chain=chain),
                run_id=chain,
                sink=tail,
            ) as child,
            self.stopping.passed_to(child.stop),
        ):
            watch.over(child)
            code = child.wait()
        return self._judged(code, child.stopped_by, watch, tail)

    def _judged(self, code: int, stopped_by: int | None, watch: Watch, tail: "_Tail") -> Outcome:
        run = watch.run()
        if watch.halt == "timeout":
            limit = self.schedule.definition.timeout
            return failed(Failure.TIMEOUT, f"it took longer than {limit} s")
        if watch.halt == "replaced":
            return Outcome(state=FiringState.STOPPED, reason="a later one came")
        if stopped_by is not None:
            return Outcome(state=FiringState.STOPPED, reason=f"stopped by {signal.Signals(stopped_by).name}")
        if code == 0:
            return Outcome(state=FiringState.SUCCEEDED)
        if run is not None and run.status is RunStatus.KILLED:
            return Outcome(state=FiringState.STOPPED, reason="the run was stopped")
        return failed(retrying.failure(code, run), _told(code, run, tail))

    def _end(self, outcome: Outcome) -> Firing | None:
        return ended(self.store, self.schedule, self.firing, outcome, settings=self.settings, say=self.say)


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

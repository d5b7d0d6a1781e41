"""Beside a run: its lease on the firing is renewed, its id learnt, and it is stopped where it must not go on."""

import json
import signal
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Literal, TypeAlias

from msgspec.structs import replace

from runner.errors import NotFound, RunnerError
from runner.process.child import Child
from runner.settings import Settings
from runner.tracking import this_process_lease
from runner.tracking.model import Lease, Run
from runner.tracking.schedules import Firing
from runner.tracking.sql.store import SqlStore

SLICE = 0.5  # seconds between two looks
BEAT = 3.0  # seconds between two renewals, at most: whoever is to stop is told then
HELD = 120.0  # seconds of a lease, at least: a database may be away for a while

Halt: TypeAlias = Literal["", "replaced", "lost", "timeout"]


def lease(settings: Settings, now: int) -> Lease:
    """Of this process on a firing; `now` by the clock of the database."""
    until = now + int(max(4 * settings.lease_seconds, HELD) * 1000)
    return replace(this_process_lease(settings), until=until)


class Watch:
    """A thread. `halt` says why it has stopped the run; `announced` is where the run tells its id."""

    def __init__(
        self, firing: Firing, store: SqlStore, settings: Settings, *, timeout: int | None, announced: Path
    ) -> None:
        self.announced = announced
        self.halt: Halt = ""
        self._firing, self._store, self._settings, self._timeout = firing, store, settings, timeout
        self._child: Child | None = None
        self._began = self._renewed = monotonic()
        self._run_id, self._linked = "", False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="firing", daemon=True)

    def __enter__(self) -> "Watch":
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
            return self._store.run(self._run_id) if self._run_id else None
        return None

    def _watch(self) -> None:
        beat = min(BEAT, self._settings.lease_seconds / 3)
        while not self._over.wait(SLICE):
            self._learn()
            if monotonic() - self._renewed >= beat:
                self._renew()
            if self._child is not None and monotonic() - self._began > (self._timeout or float("inf")):
                self._stop("timeout")

    def _renew(self) -> None:
        schedules, firing = self._store.schedules, self._firing
        try:
            held = schedules.renew(firing.id, firing.claims, lease(self._settings, schedules.now()))
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
        """The id of the run, as soon as there is one; the firing is told it as soon as the database is there."""
        if self._linked or not self.announced.exists():
            return
        first, ended, _ = self.announced.read_text(encoding="utf-8").partition("\n")
        if ended:
            self._run_id = str(json.loads(first).get("run_id", ""))
        if self._run_id:
            with suppress(RunnerError):
                firing = self._firing
                self._store.schedules.link(firing.id, firing.claims, self._run_id)
                self._linked = True

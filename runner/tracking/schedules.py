"""Schedules and their firings: values, and what keeps them. What they mean is `runner.scheduling`'s business."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol, TypeAlias

from runner.errors import TrackingError
from runner.tracking.model import Lease

SCHEMA = 1  # of a definition


class Missed(StrEnum):
    """What becomes of times at which no scheduler was there."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"


class Overlap(StrEnum):
    """What becomes of a firing while one before it goes on."""

    FORBID = "forbid"
    ALLOW = "allow"
    QUEUE = "queue"
    REPLACE = "replace"


class OnlyIf(StrEnum):
    """What must be another than at the last success, for a firing to run."""

    CODE = "code"
    DATA = "data"
    ANY_CHANGED = "any-changed"


class Failure(StrEnum):
    """Why a firing failed."""

    ENVIRONMENT = "environment"
    NETWORK = "network"
    PROGRAM = "program"
    OUT_OF_MEMORY = "out-of-memory"
    TIMEOUT = "timeout"
    PROJECT = "project"  # or how it is called: to try again would not help


class Event(StrEnum):
    """What somebody may want to be told."""

    SUCCESS = "success"
    FAILURE = "failure"
    RECOVERY = "recovery"
    MISSED = "missed"


class Cause(StrEnum):
    """Why there is a firing."""

    CLOCK = "clock"
    CATCH_UP = "catch-up"
    MANUAL = "manual"
    BACKFILL = "backfill"


class FiringState(StrEnum):
    """See the drawing in `runner.scheduling`."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """`most` times more, if it failed for one of the reasons `after`; lengths of time in seconds, doubling from `delay`."""

    most: int = 0
    after: tuple[str, ...] = (Failure.ENVIRONMENT.value, Failure.NETWORK.value)
    delay: int = 60
    longest: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a schedule does, and when. Lengths of time in seconds.

    Attributes:
        expression, zone: see `scheduling.times`.
        uri, version, entry_point, parameters: as for `runner run`; `options` are further options of it, as words.
        from_environment: parameter -> environment variable of the scheduler that has its value.
        directory: where relative paths start.
        missed, most: what is done about missed times, and about how many of them at most.
        grace: a firing that starts no later than this is on time.
        jitter: firings start up to so much later.
        timeout: after which a firing is stopped.
        hooks: event -> who is told.
    """

    expression: str
    uri: str
    zone: str = "UTC"
    version: str | None = None
    entry_point: str = "main"
    parameters: Mapping[str, str] = field(default_factory=dict)
    from_environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    directory: str = "/"
    missed: Missed = Missed.ONCE
    most: int = 10
    grace: int = 60
    overlap: Overlap = Overlap.FORBID
    jitter: int = 0
    retry: Retry = Retry()
    timeout: int | None = None
    only_if: OnlyIf | None = None
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Definition":
        """The definition that `to_json` wrote.

        Raises:
            TrackingError: written by a newer version, or none at all.
        """
        if document.get("schema") != SCHEMA:
            raise TrackingError(
                f"a schedule of schema {document.get('schema')!r} cannot be read", hint="upgrade runner"
            )
        values = {name: value for name, value in document.items() if name != "schema"}
        try:
            retry = dict(values.pop("retry"))
            only_if = values.pop("only_if")
            return cls(
                missed=Missed(values.pop("missed")),
                overlap=Overlap(values.pop("overlap")),
                only_if=OnlyIf(only_if) if only_if else None,
                retry=Retry(after=tuple(retry.pop("after")), **retry),
                options=tuple(values.pop("options")),
                hooks={event: tuple(told) for event, told in values.pop("hooks").items()},
                **values,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TrackingError(f"this is no schedule: {error}") from error


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next time of a schedule, and when its firing may start: later, if there is a jitter."""

    time: int
    due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule as kept."""

    id: int
    name: str
    definition: Definition
    paused: bool
    created: int
    updated: int
    upcoming: Upcoming


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One time of a schedule, and what became of it.

    Attributes:
        due: from when on it may start.
        attempt: counts the tries, `claims` how often somebody has taken it: who has an earlier number has lost it.
        reason: why it is what it is, if there is something to say.
        fingerprint: code and data as it found them, where a condition asks for them.
        stopping: its process is to stop.
    """

    id: int
    schedule: int
    scheduled_for: int
    state: FiringState
    cause: Cause
    due: int
    attempt: int = 1
    claims: int = 0
    run_id: str = ""
    reason: str = ""
    fingerprint: str = ""
    stopping: bool = False
    started: int | None = None
    ended: int | None = None
    lease: Lease | None = None

    @property
    def active(self) -> bool:
        """Whether it goes on: it runs, is about to, or is to be tried again."""
        going = self.state in {FiringState.CLAIMED, FiringState.RUNNING}
        return going or (self.state is FiringState.WAITING and self.attempt > 1)


@dataclass(frozen=True, slots=True)
class NewFiring:
    """A firing that is to be."""

    scheduled_for: int
    due: int
    cause: Cause
    state: FiringState = FiringState.WAITING
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a schedule whose time has come. `replacing`: firings that wait or run make room."""

    firings: tuple[NewFiring, ...] = ()
    upcoming: Upcoming
    replacing: bool = False


@dataclass(frozen=True, slots=True)
class Fired:
    """A schedule, and what was decided about it."""

    schedule: Schedule
    decision: Decision


Decide: TypeAlias = Callable[[Schedule, Sequence[Firing], int], Decision]
"""From a schedule, its firings that have not ended and the time now."""

Held: TypeAlias = Literal["held", "stop", "lost"]
"""What a process is told about its firing: it still has it, is to stop, or somebody else has it now."""


class Schedules(Protocol):
    """Schedules and firings as they are kept. Errors as in `Store`. Any number of schedulers may work on them at once."""

    def now(self) -> int:
        """The time by the clock of the database, which all schedulers share."""
        ...

    # schedules --------------------------------------------------------------------------------------------
    def add(self, name: str, definition: Definition, *, upcoming: Upcoming) -> Schedule: ...

    def get(self, name: str) -> Schedule: ...

    def numbered(self, number: int) -> Schedule: ...

    def all(self) -> Sequence[Schedule]:
        """All of them that this version can read, by name."""
        ...

    def change(
        self,
        name: str,
        definition: Definition | None = None,
        *,
        paused: bool | None = None,
        upcoming: Upcoming | None = None,
    ) -> Schedule:
        """Change what is given and nothing else: others may tick it, or change it, meanwhile."""
        ...

    def remove(self, name: str) -> None:
        """The schedule with its history, unless a firing of it goes on; its runs stay."""
        ...

    def last_firings(self, schedules: Sequence[int]) -> Mapping[int, Firing]:
        """Of each of the schedules the latest one that was to run."""
        ...

    def history(self, name: str, *, limit: int) -> Sequence[Firing]:
        """Firings of a schedule, those of the latest times first."""
        ...

    def between(self, start: int, end: int, *, schedules: Sequence[int]) -> Sequence[Firing]:
        """Firings of these schedules for times from `start` until before `end`, by their times."""
        ...

    def tallied(
        self, start: int, end: int, *, schedules: Sequence[int]
    ) -> Mapping[int, Mapping[FiringState, int]]:
        """How many such firings there are: of each schedule, in each state."""
        ...

    def lasted(self, schedules: Sequence[int], *, latest: int) -> Mapping[int, Sequence[int]]:
        """How long those of the `latest` times of each schedule took that succeeded, in milliseconds."""
        ...

    def untaken(self, now: int) -> int | None:
        """Since when a firing that may start has waited while none runs; None if none waits so."""
        ...

    # ticking ----------------------------------------------------------------------------------------------
    def fire(self, now: int, decide: Decide, *, limit: int, only: int | None = None) -> Sequence[Fired]:
        """Carry out what is decided about up to `limit` schedules that are due (or about `only` that one), all at once."""
        ...

    def insert(self, schedule: int, firings: Sequence[NewFiring], *, replacing: bool) -> Sequence[Firing]:
        """Firings out of turn, as they are then: a time that has one already keeps it."""
        ...

    def going(self, schedule: int) -> Sequence[Firing]:
        """Firings of a schedule that have not ended."""
        ...

    def revive(self, schedule: int, times: Sequence[int], *, due: int) -> None:
        """Of these times those that did not succeed wait again, as a backfill."""
        ...

    def rewind(self, schedule: int, upcoming: Upcoming) -> None:
        """Let it fire then, if it would fire later: a clock was set back."""
        ...

    # firings ----------------------------------------------------------------------------------------------
    def firing(self, number: int) -> Firing: ...

    def at(self, schedule: int, time: int) -> Firing | None:
        """The firing of a schedule for a time, if there is one."""
        ...

    def claim(
        self, now: int, lease: Lease, *, limit: int, only: int | None = None
    ) -> Sequence[tuple[Schedule, Firing]]:
        """Take up to `limit` firings that may start (of `only` that schedule). Nobody else gets them while the lease lasts."""
        ...

    def start(self, firing: int, claims: int, lease: Lease, now: int) -> tuple[Schedule, Firing] | None:
        """Run one that was claimed; None if somebody else has it by now."""
        ...

    def renew(self, firing: int, claims: int, lease: Lease) -> Held: ...

    def link(self, firing: int, claims: int, run_id: str) -> None:
        """This run is that firing."""
        ...

    def end(
        self,
        firing: int,
        claims: int,
        state: FiringState,
        *,
        now: int,
        reason: str = "",
        due: int | None = None,
        fingerprint: str = "",
    ) -> bool:
        """How it went; WAITING with `due` tries again then. False if somebody else has it by now."""
        ...

    def give_back(self, firing: int, claims: int, *, due: int | None = None) -> bool:
        """One that was claimed and not started waits again, for anybody. False if it did start."""
        ...

    def overdue(self, now: int, *, only: int | None = None) -> Sequence[Firing]:
        """Claimed or running ones whose lease is over (of `only` that schedule)."""
        ...

    def prune(self, schedule: int, *, keep: int, before: int, limit: int) -> int:
        """Forget up to `limit` firings that have ended and are of no run that is still there; how many it were.

        The latest `keep` times of the schedule stay, and those that are not `before` that moment, and the last success and failure.
        """
        ...

    def last_ended(self, schedule: int, *, before: int, state: FiringState | None = None) -> Firing | None:
        """The latest firing of a schedule that succeeded or failed (or ended in that state), other than `before`."""
        ...

"""Schedules in the database: kept, changed, ticked. Their firings are in firings.py beside this."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from runner.errors import Conflict, NotFound, TrackingError, did_you_mean
from runner.tracking import checks
from runner.tracking.clock import now as now_here
from runner.tracking.database import Connection, Database, Spelled, for_update, free_for_update
from runner.tracking.model import Lease
from runner.tracking.schedules import (
    Decide,
    Decision,
    Definition,
    Fired,
    Firing,
    FiringState,
    Held,
    NewFiring,
    Schedule,
    Upcoming,
)
from runner.tracking.sql import firings, keys
from runner.tracking.sql.repeating import repeating

COLUMNS = "id, name, definition, paused, created, updated, next_for, next_due"
LONGEST = 250
LEFT = 10_000  # ms for which a schedule, or a firing, is left to a newer version
CLOCK = Spelled(
    "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
)


@repeating
class SqlSchedules:
    """See `schedules.Schedules`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> int:
        with self._database.reading() as db:
            return int(db.execute(CLOCK)[0][0])

    # schedules --------------------------------------------------------------------------------------------
    def add(self, name: str, definition: Definition, *, upcoming: Upcoming) -> Schedule:
        _check_name(name)
        with self._database.transaction() as db:
            if _read(db, "name = :name", {"name": name}):
                raise Conflict(
                    f"there is a schedule {name!r} already", hint=f"runner schedule edit {name} changes it"
                )
            db.execute(
                "INSERT INTO runner_schedules"
                " (name, definition, overlap, paused, created, updated, next_for, next_due)"
                " VALUES (:name, :definition, :overlap, :paused, :now, :now, :next_for, :next_due)",
                {"name": name, "now": now_here(), **_row(definition, paused=False, upcoming=upcoming)},
            )
            return _named(db, name)

    def get(self, name: str) -> Schedule:
        with self._database.reading() as db:
            return _named(db, name)

    def numbered(self, number: int) -> Schedule:
        with self._database.reading() as db:
            return _numbered(db, number)

    def all(self) -> Sequence[Schedule]:
        with self._database.reading() as db:
            return _readable(db.execute(f"SELECT {COLUMNS} FROM runner_schedules ORDER BY name"))

    def change(
        self,
        name: str,
        definition: Definition | None = None,
        *,
        paused: bool | None = None,
        upcoming: Upcoming | None = None,
    ) -> Schedule:
        changes = {"updated": now_here(), **_row(definition, paused=paused, upcoming=upcoming)}
        columns = ", ".join(f"{column} = :{column}" for column in changes)
        with self._database.transaction() as db:
            found = _named(db, name)
            db.execute(f"UPDATE runner_schedules SET {columns} WHERE id = :id", {"id": found.id, **changes})
            return _named(db, name)

    def remove(self, name: str) -> None:
        with self._database.transaction() as db:
            found = _named(db, name, locked=True)
            if any(each.active for each in firings.going(db, [found.id])[found.id]):
                raise Conflict(
                    f"a firing of schedule {name!r} goes on",
                    hint=f"runner schedule pause {name}, and remove it when that has ended",
                )
            db.execute("DELETE FROM runner_schedules WHERE id = :id", {"id": found.id})

    def last_firings(self, schedules: Sequence[int]) -> Mapping[int, Firing]:
        with self._database.reading() as db:
            return firings.last(db, schedules)

    def history(self, name: str, *, limit: int) -> Sequence[Firing]:
        with self._database.reading() as db:
            where = "schedule = :schedule ORDER BY scheduled_for DESC LIMIT :limit"
            return firings.read(db, where, {"schedule": _named(db, name).id, "limit": limit})

    def between(self, start: int, end: int, *, schedules: Sequence[int]) -> Sequence[Firing]:
        with self._database.reading() as db:
            return firings.between(db, start, end, schedules)

    def tallied(
        self, start: int, end: int, *, schedules: Sequence[int]
    ) -> Mapping[int, Mapping[FiringState, int]]:
        with self._database.reading() as db:
            return firings.tallied(db, start, end, schedules)

    def lasted(self, schedules: Sequence[int], *, latest: int) -> Mapping[int, Sequence[int]]:
        with self._database.reading() as db:
            return firings.lasted(db, schedules, latest)

    def untaken(self, now: int) -> int | None:
        with self._database.reading() as db:
            return firings.untaken(db, now)

    # ticking ----------------------------------------------------------------------------------------------
    def fire(self, now: int, decide: Decide, *, limit: int, only: int | None = None) -> Sequence[Fired]:
        if not self._any_due(now):
            return []
        due = "paused = :paused AND next_due <= :now" + ("" if only is None else " AND id = :only")
        statement = f"SELECT {COLUMNS} FROM runner_schedules WHERE {due} ORDER BY next_due LIMIT :limit"
        with self._database.transaction() as db:
            values = {"paused": False, "now": now, "limit": limit, "only": only}
            rows = db.execute(free_for_update(statement), {k: v for k, v in values.items() if v is not None})
            found = _readable(rows)
            _leave(db, {row[0] for row in rows} - {schedule.id for schedule in found}, now)
            going = firings.going(db, [schedule.id for schedule in found])
            fired = [Fired(schedule, decide(schedule, going[schedule.id], now)) for schedule in found]
            _carry_out(db, fired)
            return fired

    def _any_due(self, now: int) -> bool:
        """The common case is that nothing is: no lock to take."""
        where = "paused = :paused AND next_due <= :now LIMIT 1"
        with self._database.reading() as db:
            return bool(
                db.execute(f"SELECT 1 FROM runner_schedules WHERE {where}", {"paused": False, "now": now})
            )

    def insert(self, schedule: int, new: Sequence[NewFiring], *, replacing: bool = False) -> Sequence[Firing]:
        with self._database.transaction() as db:
            if replacing:
                firings.replace(db, schedule, new)
            firings.insert(db, [(schedule, each) for each in new])
            return firings.at_times(db, schedule, [each.scheduled_for for each in new])

    def going(self, schedule: int) -> Sequence[Firing]:
        with self._database.reading() as db:
            return firings.going(db, [schedule])[schedule]

    def revive(self, schedule: int, times: Sequence[int], *, due: int) -> None:
        with self._database.transaction() as db:
            firings.revive(db, schedule, times, due=due)

    def rewind(self, schedule: int, upcoming: Upcoming) -> None:
        with self._database.transaction() as db:
            db.execute(
                "UPDATE runner_schedules SET next_for = :time, next_due = :due"
                " WHERE id = :id AND next_for > :time",
                {"id": schedule, "time": upcoming.time, "due": upcoming.due},
            )

    # firings ----------------------------------------------------------------------------------------------
    def firing(self, number: int) -> Firing:
        with self._database.reading() as db:
            for found in firings.read(db, "id = :id", {"id": number}):
                return found
        raise NotFound(f"there is no firing {number}")

    def at(self, schedule: int, time: int) -> Firing | None:
        with self._database.reading() as db:
            return next(iter(firings.at_times(db, schedule, [time])), None)

    def claim(
        self, now: int, lease: Lease, *, limit: int, only: int | None = None
    ) -> Sequence[tuple[Schedule, Firing]]:
        with self._database.reading() as db:  # the common case: nothing to do, no lock to take
            if not firings.any_ready(db, now):
                return []
        with self._database.transaction() as db:
            claimed = firings.claim(db, now, lease, limit=limit, only=only)
            return _with_schedules(db, claimed, now)

    def start(self, firing: int, claims: int, lease: Lease, now: int) -> tuple[Schedule, Firing] | None:
        with self._database.transaction() as db:
            found = firings.held(db, firing, claims, FiringState.CLAIMED)
            if found is None:
                return None
            started = firings.start(db, found, lease, now)
            return _numbered(db, started.schedule), started

    def renew(self, firing: int, claims: int, lease: Lease) -> Held:
        with self._database.transaction() as db:
            found = firings.held(db, firing, claims, FiringState.RUNNING)
            if found is None:
                return "lost"
            firings.hold(db, firing, lease)
            return "stop" if found.stopping else "held"

    def link(self, firing: int, claims: int, run_id: str) -> None:
        with self._database.transaction() as db:
            db.execute(
                "UPDATE runner_firings SET run_uuid = :run WHERE id = :id AND claims = :claims",
                {"run": run_id, "id": firing, "claims": claims},
            )

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
        with self._database.transaction() as db:
            found = firings.held(db, firing, claims, FiringState.RUNNING)
            if found is not None:
                firings.end(db, found, state, now=now, reason=reason, due=due, fingerprint=fingerprint)
            return found is not None

    def give_back(self, firing: int, claims: int, *, due: int | None = None) -> bool:
        with self._database.transaction() as db:
            found = firings.held(db, firing, claims, FiringState.CLAIMED)
            if found is not None:
                firings.give_back(db, found, due)
            return found is not None

    def overdue(self, now: int, *, only: int | None = None) -> Sequence[Firing]:
        with self._database.reading() as db:
            found = firings.overdue(db, now)
        return [firing for firing in found if only in {None, firing.schedule}]

    def prune(self, schedule: int, *, keep: int, before: int, limit: int) -> int:
        with self._database.reading() as db:
            found = firings.prunable(db, schedule, keep=keep, before=before, limit=limit)
        if found:
            with self._database.transaction() as db:
                firings.delete(db, found)
        return len(found)

    def last_ended(self, schedule: int, *, before: int, state: FiringState | None = None) -> Firing | None:
        with self._database.reading() as db:
            return firings.last_ended(db, schedule, before=before, state=state)


def _carry_out(db: Connection, fired: Sequence[Fired]) -> None:
    for each in fired:
        if each.decision.replacing:
            firings.replace(db, each.schedule.id, each.decision.firings)
    firings.insert(db, [(each.schedule.id, new) for each in fired for new in each.decision.firings])
    if fired:
        db.execute_many(
            "UPDATE runner_schedules SET next_for = :time, next_due = :due WHERE id = :id",
            [_next(each.schedule.id, each.decision) for each in fired],
        )


def _next(schedule: int, decision: Decision) -> dict[str, int]:
    return {"id": schedule, "time": decision.upcoming.time, "due": decision.upcoming.due}


def _leave(db: Connection, unreadable: Iterable[int], now: int) -> None:
    """For a scheduler that can read them; the others are not to wait behind them."""
    for number in unreadable:
        db.execute(
            "UPDATE runner_schedules SET next_due = :due WHERE id = :id", {"id": number, "due": now + LEFT}
        )


def _with_schedules(db: Connection, claimed: Sequence[Firing], now: int) -> Sequence[tuple[Schedule, Firing]]:
    """Firings that go back are those of schedules that only a newer version can read."""
    numbers = sorted({firing.schedule for firing in claimed})
    known = {
        schedule.id: schedule
        for marks in keys.bound(numbers)
        for schedule in _readable(
            db.execute(f"SELECT {COLUMNS} FROM runner_schedules WHERE id IN ({keys.listed(marks)})", marks)
        )
    }
    for firing in claimed:
        if firing.schedule not in known:
            firings.give_back(db, firing, now + LEFT)
    return [(known[firing.schedule], firing) for firing in claimed if firing.schedule in known]


def _row(definition: Definition | None, *, paused: bool | None, upcoming: Upcoming | None) -> dict[str, Any]:
    """Columns of what is given."""
    row: dict[str, Any] = {}
    if definition is not None:
        row["definition"] = json.dumps(definition.to_json(), ensure_ascii=False)
        row["overlap"] = definition.overlap.value
    if paused is not None:
        row["paused"] = paused
    if upcoming is not None:
        row |= {"next_for": upcoming.time, "next_due": upcoming.due}
    return row


def _named(db: Connection, name: str, *, locked: bool = False) -> Schedule:
    for schedule in _read(db, "name = :name", {"name": checks.text(name)}, locked=locked):
        return schedule
    known = [other for (other,) in db.execute("SELECT name FROM runner_schedules")]
    raise NotFound(
        f"there is no schedule {name!r}",
        hint=did_you_mean(name, known) or "`runner schedule list` shows all",
    )


def _numbered(db: Connection, number: int) -> Schedule:
    for schedule in _read(db, "id = :id", {"id": number}):
        return schedule
    raise NotFound(f"there is no schedule with number {number}")


def _read(db: Connection, where: str, values: Mapping[str, Any], *, locked: bool = False) -> list[Schedule]:
    statement = f"SELECT {COLUMNS} FROM runner_schedules WHERE {where}"
    return [_schedule(*row) for row in db.execute(for_update(statement) if locked else statement, values)]


def _readable(rows: Iterable[Sequence[Any]]) -> list[Schedule]:
    """Without those that a newer version has written."""
    found = []
    for row in rows:
        with suppress(TrackingError):
            found.append(_schedule(*row))
    return found


def _schedule(  # noqa: PLR0917 - a row
    number: int, name: str, definition: str, paused: bool, created: int, updated: int, time: int, due: int
) -> Schedule:
    return Schedule(
        id=number,
        name=name,
        definition=Definition.from_json(json.loads(definition)),
        paused=bool(paused),
        created=created,
        updated=updated,
        upcoming=Upcoming(time, due),
    )


def _check_name(name: str) -> None:
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    if not (plain.isascii() and plain.isalnum() and name[0].isalnum() and len(name) <= LONGEST):
        raise TrackingError(
            f"{name!r} is no name for a schedule",
            hint=f"up to {LONGEST} letters, digits and - _ . and the first a letter or digit",
        )

"""Firings of schedules in the database: who may take one, who has it, how it ended."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from runner.tracking.database import Connection, for_update, free_for_update, upsert
from runner.tracking.leases import over
from runner.tracking.model import Lease
from runner.tracking.schedules import Cause, Firing, FiringState, NewFiring
from runner.tracking.sql import keys

COLUMNS = (
    "id, schedule, scheduled_for, state, cause, due, attempt, claims, run_uuid, reason, fingerprint, stopping, started, ended,"
    " host, pid, process_started, until"
)
NEW = ("schedule", "scheduled_for", "state", "cause", "due", "attempt", "claims", "run_uuid", "reason", "fingerprint", "stopping", "ended")  # fmt: skip
INSERT = upsert("runner_firings", NEW, key=("schedule", "scheduled_for"))
LEASE = "host = :host, pid = :pid, process_started = :process_started, until = :until"
NO_LEASE = "host = NULL, pid = NULL, process_started = NULL, until = NULL"
BUSY = "state IN ('claimed', 'running')"
SPAN = "scheduled_for >= :start AND scheduled_for < :end"
# Whoever is asked for by a person runs, even of a schedule that is paused. Only `allow` starts one beside another.
READY = (
    "SELECT f.id, f.schedule, s.overlap FROM runner_firings f JOIN runner_schedules s ON s.id = f.schedule"
    " WHERE f.state = 'waiting' AND f.due <= :now{only}"
    " AND (s.paused = :no OR f.cause IN ('manual', 'backfill'))"
    " AND (s.overlap = 'allow' OR NOT EXISTS"
    f" (SELECT 1 FROM runner_firings o WHERE o.schedule = f.schedule AND o.{BUSY}))"
    " ORDER BY f.due, f.scheduled_for LIMIT :limit"
)
ENDED = "'succeeded', 'failed', 'stopped', 'skipped', 'missed'"
REASON = 2000  # characters


def insert(db: Connection, new: Sequence[tuple[int, NewFiring]]) -> None:
    """Of these schedules; a time that has a firing keeps it."""
    if new:
        db.execute_many(INSERT, [_new(schedule, each) for schedule, each in new])


def read(db: Connection, where: str, values: Mapping[str, Any]) -> list[Firing]:
    return [_firing(row) for row in db.execute(f"SELECT {COLUMNS} FROM runner_firings WHERE {where}", values)]


def at_times(db: Connection, schedule: int, times: Sequence[int]) -> list[Firing]:
    """Those of a schedule for these times, in order."""
    return [
        firing
        for marks in keys.bound(times)
        for firing in read(
            db,
            f"schedule = :schedule AND scheduled_for IN ({keys.listed(marks)}) ORDER BY scheduled_for",
            {"schedule": schedule, **marks},
        )
    ]


def going(db: Connection, schedules: Sequence[int]) -> dict[int, list[Firing]]:
    """Of each schedule those that have not ended."""
    found: dict[int, list[Firing]] = {schedule: [] for schedule in schedules}
    for marks in keys.bound(schedules):
        where = f"schedule IN ({keys.listed(marks)}) AND (state = 'waiting' OR {BUSY}) ORDER BY scheduled_for"
        for firing in read(db, where, marks):
            found[firing.schedule].append(firing)
    return found


def replace(db: Connection, schedule: int, new: Sequence[NewFiring]) -> None:
    """Those that run are to stop, and those that wait do not start; unless none of `new` is: its time had come before."""
    coming = [each.scheduled_for for each in new if each.state is FiringState.WAITING]
    if len(at_times(db, schedule, coming)) == len(coming):
        return
    values = {"schedule": schedule, "yes": True}
    db.execute(f"UPDATE runner_firings SET stopping = :yes WHERE schedule = :schedule AND {BUSY}", values)
    db.execute(
        "UPDATE runner_firings SET state = 'skipped', reason = 'a later one came' WHERE schedule = :schedule AND state = 'waiting'",
        {"schedule": schedule},
    )


def revive(db: Connection, schedule: int, times: Sequence[int], *, due: int) -> None:
    """See `Schedules.revive`."""
    for marks in keys.bound(times):
        db.execute(
            "UPDATE runner_firings SET state = 'waiting', cause = 'backfill', reason = '', ended = NULL, attempt = 1,"
            " stopping = :no, due = :due WHERE schedule = :schedule"
            f" AND state IN ('missed', 'skipped', 'failed', 'stopped') AND scheduled_for IN ({keys.listed(marks)})",
            {"schedule": schedule, "due": due, "no": False, **marks},
        )


def any_ready(db: Connection, now: int) -> bool:
    """Whether there is something to claim; takes no lock."""
    return bool(db.execute(READY.format(only=""), {"now": now, "no": False, "limit": 1}))


def claim(db: Connection, now: int, lease: Lease, *, limit: int, only: int | None) -> Sequence[Firing]:
    """See `Schedules.claim`. The rows of their schedules are locked, too: what is looked at then stays so."""
    values = {"now": now, "no": False, "limit": limit} | ({} if only is None else {"only": only})
    ready = READY.format(only="" if only is None else " AND f.schedule = :only")
    rows = db.execute(free_for_update(ready), values)
    busy = {
        schedule
        for schedule, firings in going(db, sorted({schedule for _, schedule, _ in rows})).items()
        if any(each.state is not FiringState.WAITING for each in firings)
    }
    taken: list[int] = []
    for number, schedule, overlap in rows:
        if overlap == "allow" or schedule not in busy:
            busy.add(schedule)
            taken.append(number)
    if taken:
        statement = (
            f"UPDATE runner_firings SET state = 'claimed', claims = claims + 1, {LEASE} WHERE id = :id"
        )
        db.execute_many(statement, [{"id": number, **_lease(lease)} for number in taken])
    return [
        firing
        for marks in keys.bound(taken)
        for firing in read(db, f"id IN ({keys.listed(marks)}) ORDER BY due, scheduled_for", marks)
    ]


def held(db: Connection, number: int, claims: int, state: FiringState) -> Firing | None:
    """The firing in that state, unless somebody has taken it since; nobody else changes it until the transaction ends."""
    where = "id = :id AND claims = :claims AND state = :state"
    statement = for_update(f"SELECT {COLUMNS} FROM runner_firings WHERE {where}")
    rows = db.execute(statement, {"id": number, "claims": claims, "state": state.value})
    return _firing(rows[0]) if rows else None


def start(db: Connection, firing: Firing, lease: Lease, now: int) -> Firing:
    """It runs."""
    db.execute(
        f"UPDATE runner_firings SET state = 'running', started = :now, run_uuid = '', {LEASE} WHERE id = :id",
        {"id": firing.id, "now": now, **_lease(lease)},
    )
    return dataclasses.replace(firing, state=FiringState.RUNNING, started=now, run_id="", lease=lease)


def hold(db: Connection, number: int, lease: Lease) -> None:
    """Go on having it."""
    db.execute(f"UPDATE runner_firings SET {LEASE} WHERE id = :id", {"id": number, **_lease(lease)})


def end(
    db: Connection,
    firing: Firing,
    state: FiringState,
    *,
    now: int,
    reason: str,
    due: int | None,
    fingerprint: str,
) -> None:
    """See `Schedules.end`. One that is to be replaced is not tried again."""
    again = state is FiringState.WAITING
    if again and firing.stopping:
        state, again = FiringState.STOPPED, False
    db.execute(
        "UPDATE runner_firings SET state = :state, reason = :reason, due = :due, attempt = attempt + :more,"
        f" fingerprint = :fingerprint, ended = :ended, {NO_LEASE} WHERE id = :id",
        {
            "id": firing.id,
            "state": state.value,
            "reason": reason[:REASON],
            "due": due if again and due is not None else firing.due,
            "more": int(again),
            "fingerprint": fingerprint,
            "ended": None if again else now,
        },
    )


def give_back(db: Connection, firing: Firing, due: int | None) -> None:
    """See `Schedules.give_back`. One that was to stop has."""
    state = FiringState.SKIPPED if firing.stopping else FiringState.WAITING
    reason = "a later one came" if firing.stopping else firing.reason
    db.execute(
        f"UPDATE runner_firings SET state = :state, reason = :reason, due = :due, {NO_LEASE} WHERE id = :id",
        {"id": firing.id, "state": state.value, "reason": reason, "due": firing.due if due is None else due},
    )


def overdue(db: Connection, now: int) -> list[Firing]:
    """See `Schedules.overdue`."""
    return [
        each for each in read(db, f"{BUSY} ORDER BY id", {}) if each.lease and _over(each, each.lease, now)
    ]


def between(db: Connection, start: int, end: int, schedules: Sequence[int]) -> list[Firing]:
    """See `Schedules.between`."""
    found = [
        firing
        for marks in keys.bound(schedules)
        for firing in read(
            db, f"schedule IN ({keys.listed(marks)}) AND {SPAN}", {**marks, "start": start, "end": end}
        )
    ]
    return sorted(found, key=lambda firing: firing.scheduled_for)


def tallied(
    db: Connection, start: int, end: int, schedules: Sequence[int]
) -> dict[int, dict[FiringState, int]]:
    """See `Schedules.tallied`."""
    state = "COALESCE(state, '')"  # the bare column would have its index taken, instead of that of the times
    found: dict[int, dict[FiringState, int]] = {}
    for marks in keys.bound(schedules):
        rows = db.execute(
            f"SELECT schedule, {state}, COUNT(*) FROM runner_firings WHERE schedule IN ({keys.listed(marks)}) AND {SPAN}"
            f" GROUP BY schedule, {state}",
            {**marks, "start": start, "end": end},
        )
        for schedule, name, count in rows:
            found.setdefault(schedule, {})[FiringState(name)] = count
    return found


def lasted(db: Connection, schedules: Sequence[int], latest: int) -> dict[int, list[int]]:
    """See `Schedules.lasted`."""
    since = (
        "SELECT g.scheduled_for FROM runner_firings g WHERE g.schedule = s.id"
        " ORDER BY g.scheduled_for DESC LIMIT 1 OFFSET :latest"
    )
    found: dict[int, list[int]] = {}
    for marks in keys.bound(schedules):
        rows = db.execute(
            "SELECT f.schedule, f.ended - f.started, f.state FROM runner_schedules s JOIN runner_firings f ON f.schedule = s.id"
            f" AND f.scheduled_for > COALESCE(({since}), -1) WHERE s.id IN ({keys.listed(marks)})",
            {**marks, "latest": latest},
        )
        for schedule, length, state in rows:
            if state == "succeeded" and length is not None:
                found.setdefault(schedule, []).append(length)
    return found


def untaken(db: Connection, now: int) -> int | None:
    """See `Schedules.untaken`."""
    if db.execute(f"SELECT 1 FROM runner_firings WHERE {BUSY} LIMIT 1"):
        return None
    ready = db.execute(READY.format(only=""), {"now": now, "no": False, "limit": 1})
    return next((firing.due for row in ready for firing in read(db, "id = :id", {"id": row[0]})), None)


def last(db: Connection, schedules: Sequence[int]) -> dict[int, Firing]:
    """See `Schedules.last_firings`."""
    latest = (
        "SELECT MAX(scheduled_for) FROM runner_firings WHERE schedule = s.id"
        " AND state NOT IN ('missed', 'skipped', 'waiting')"
    )
    columns = ", ".join(f"f.{name}" for name in COLUMNS.split(", "))
    return {
        firing.schedule: firing
        for marks in keys.bound(schedules)
        for firing in map(
            _firing,
            db.execute(
                f"SELECT {columns} FROM runner_schedules s JOIN runner_firings f ON f.schedule = s.id"
                f" AND f.scheduled_for = ({latest}) WHERE s.id IN ({keys.listed(marks)})",
                marks,
            ),
        )
    }


def last_ended(db: Connection, schedule: int, *, before: int, state: FiringState | None) -> Firing | None:
    """See `Schedules.last_ended`."""
    states = "state IN ('succeeded', 'failed')" if state is None else "state = :state"
    values = {"schedule": schedule, "id": before} | ({"state": state.value} if state else {})
    where = f"schedule = :schedule AND id <> :id AND {states} ORDER BY ended DESC, id DESC LIMIT 1"
    found = read(db, where, values)
    return found[0] if found else None


def prunable(db: Connection, schedule: int, *, keep: int, before: int, limit: int) -> list[int]:
    """See `Schedules.prune`."""
    kept = "SELECT scheduled_for FROM runner_firings WHERE schedule = :schedule ORDER BY scheduled_for DESC LIMIT 1 OFFSET :keep"
    latest = db.execute(kept, {"schedule": schedule, "keep": keep})
    if not latest:
        return []
    rows = db.execute(
        "SELECT f.id FROM runner_firings f WHERE f.schedule = :schedule AND f.scheduled_for <= :until"
        f" AND f.state IN ({ENDED}) AND NOT EXISTS (SELECT 1 FROM runner_runs r WHERE r.uuid = f.run_uuid)"
        " ORDER BY f.scheduled_for LIMIT :limit",
        {"schedule": schedule, "until": min(latest[0][0], before), "limit": limit},
    )
    lasting = (
        last_ended(db, schedule, before=0, state=state)
        for state in (FiringState.SUCCEEDED, FiringState.FAILED)
    )
    stay = {firing.id for firing in lasting if firing is not None}
    return [number for (number,) in rows if number not in stay]


def delete(db: Connection, numbers: Sequence[int]) -> None:
    """Forget those of them that have ended: some may wait again."""
    for marks in keys.bound(numbers):
        db.execute(
            f"DELETE FROM runner_firings WHERE state IN ({ENDED}) AND id IN ({keys.listed(marks)})", marks
        )


def _new(schedule: int, new: NewFiring) -> dict[str, Any]:
    over_already = new.state in {FiringState.SKIPPED, FiringState.MISSED}
    return {
        "schedule": schedule,
        "scheduled_for": new.scheduled_for,
        "state": new.state.value,
        "cause": new.cause.value,
        "due": new.due,
        "attempt": 1,
        "claims": 0,
        "run_uuid": "",
        "reason": new.reason[:REASON],
        "fingerprint": "",
        "stopping": False,
        "ended": new.due if over_already else None,
    }


def _over(firing: Firing, lease: Lease, now: int) -> bool:
    """A claim is short, and ends with its time even if its scheduler lives: the answer may not have reached it."""
    return over(lease, now) or (firing.state is FiringState.CLAIMED and lease.until < now)


def _lease(lease: Lease) -> dict[str, Any]:
    return {
        "host": lease.host,
        "pid": lease.pid,
        "process_started": lease.process_started,
        "until": lease.until,
    }


def _firing(row: Sequence[Any]) -> Firing:
    *values, host, pid, process_started, until = row
    number, schedule, time, state, cause, due, attempt, claims, run, reason, fingerprint, stopping, started, ended = values  # fmt: skip
    return Firing(
        id=number,
        schedule=schedule,
        scheduled_for=time,
        state=FiringState(state),
        cause=Cause(cause),
        due=due,
        attempt=attempt,
        claims=claims,
        run_id=run,
        reason=reason,
        fingerprint=fingerprint,
        stopping=bool(stopping),
        started=started,
        ended=ended,
        lease=None if host is None else Lease(host, pid, process_started, until),
    )

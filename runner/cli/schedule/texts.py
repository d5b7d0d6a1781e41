"""Schedules and firings as people and machines read them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from runner.scheduling.hooks import moment
from runner.tracking.schedules import Firing, Schedule


def shown(time: int, zone: str) -> str:
    """A moment as the clocks of a zone show it: 2026-11-21 02:30 +01:00."""
    local = datetime.fromtimestamp(time / 1000, ZoneInfo(zone))
    seconds = ":%S" if time % 60_000 else ""
    offset = local.strftime("%z")
    return local.strftime(f"%Y-%m-%d %H:%M{seconds} ") + f"{offset[:3]}:{offset[3:5]}"


def utc(time: int) -> str:
    """The same in UTC: 2026-11-21 01:30Z."""
    seconds = ":%S" if time % 60_000 else ""
    return datetime.fromtimestamp(time / 1000, UTC).strftime(f"%Y-%m-%d %H:%M{seconds}Z")


def summary(schedule: Schedule) -> dict[str, Any]:
    """A schedule as JSON values; times in milliseconds since the epoch."""
    definition = {key: value for key, value in schedule.definition.to_json().items() if key != "schema"}
    return {
        "name": schedule.name,
        "paused": schedule.paused,
        "creation_time": schedule.created,
        "last_update_time": schedule.updated,
        "next": None if schedule.paused else {"time": schedule.upcoming.time, "due": schedule.upcoming.due},
        **definition,
    }


def told(firing: Firing) -> dict[str, Any]:
    """A firing as JSON values."""
    return {
        "id": firing.id,
        "scheduled_for": moment(firing.scheduled_for),
        "state": firing.state.value,
        "cause": firing.cause.value,
        "attempt": firing.attempt,
        "run_id": firing.run_id or None,
        "reason": firing.reason or None,
        "start_time": firing.started,
        "end_time": firing.ended,
    }

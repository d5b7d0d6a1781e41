"""Schedules and what became of their times, to be read. With sign-in they are the administrators': they name places of this machine."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.server.app import Tracking
from runner.server.errors import NotPermitted
from runner.server.mlflow import wire
from runner.server.native.operation import Operation, json, query
from runner.server.native.shapes import Shape
from runner.tracking import schedules as kept
from runner.tracking.sql.store import SqlStore


class FiringAnswer(Shape):
    """One time of a schedule, and what became of it; times in milliseconds."""

    scheduled_for: int
    state: str
    cause: str
    attempt: int
    run_id: str = ""
    reason: str = ""
    started: int | None = None
    ended: int | None = None


class ScheduleAnswer(Shape):
    """A schedule; `next` is when it fires again, in milliseconds. Values of parameters are not told."""

    name: str
    expression: str
    zone: str
    uri: str
    entry_point: str
    parameters: list[str]
    state: str
    missed: str
    overlap: str
    version: str | None = None
    next: int | None = None
    last: FiringAnswer | None = None


class SchedulesAnswer(Struct, kw_only=True):
    """All schedules, by name; `now` by the clock that they go by."""

    schedules: list[ScheduleAnswer]
    now: int


class ReadFirings(wire.Request):
    """At most so many, those of the latest times first."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class FiringsAnswer(Struct, kw_only=True):
    """What became of the times of a schedule."""

    firings: list[FiringAnswer]


async def read_schedules(request: Request) -> Response:
    return json(await run_in_threadpool(lambda: _all(_schedules(request))))


async def read_firings(request: Request) -> Response:
    name: str = request.path_params["name"]
    asked = query(request, ReadFirings)
    return json(await run_in_threadpool(lambda: _firings(_schedules(request), name, asked)))


def _schedules(request: Request) -> kept.Schedules:
    tracking: Tracking = request.app.state.tracking
    user: str = request.state.caller.user
    if user and not tracking.store.users.get(user).admin:
        raise NotPermitted("Schedules are shown to administrators")
    assert isinstance(tracking.store, SqlStore)  # what a server serves
    return tracking.store.schedules


def _all(schedules: kept.Schedules) -> SchedulesAnswer:
    found = schedules.all()
    last = schedules.last_firings([each.id for each in found])
    return SchedulesAnswer(schedules=[_schedule(each, last) for each in found], now=schedules.now())


def _firings(schedules: kept.Schedules, name: str, asked: ReadFirings) -> FiringsAnswer:
    return FiringsAnswer(firings=[_firing(each) for each in schedules.history(name, limit=asked.limit)])


def _schedule(schedule: kept.Schedule, last: Mapping[int, kept.Firing]) -> ScheduleAnswer:
    definition, firing = schedule.definition, last.get(schedule.id)
    return ScheduleAnswer(
        name=schedule.name,
        expression=definition.expression,
        zone=definition.zone,
        uri=definition.uri,
        version=definition.version,
        entry_point=definition.entry_point,
        parameters=sorted({*definition.parameters, *definition.from_environment}),
        state="paused" if schedule.paused else "active",
        missed=definition.missed.value,
        overlap=definition.overlap.value,
        next=None if schedule.paused else schedule.upcoming.time,
        last=_firing(firing) if firing else None,
    )


def _firing(firing: kept.Firing) -> FiringAnswer:
    return FiringAnswer(
        scheduled_for=firing.scheduled_for,
        state=firing.state.value,
        cause=firing.cause.value,
        attempt=firing.attempt,
        run_id=firing.run_id,
        reason=firing.reason,
        started=firing.started,
        ended=firing.ended,
    )


OPERATIONS = (
    Operation("GET", "/schedules", "readSchedules", "Schedules, when they fire next, what became of the last time", read_schedules, SchedulesAnswer),
    Operation("GET", "/schedules/{name}/firings", "readFirings", "What became of the times of a schedule", read_firings, FiringsAnswer, ReadFirings),
)  # fmt: skip

"""What people ask of a schedule from its page: to rest, to leave out a time, to run now or for times that have passed.

A schedule was made by somebody with an account here, and a scheduler starts its runs. Letting it rest makes no program run; running it out
of turn does, so that is for servers that may start runs (`--allow-run`). Everybody is told the command that does it.
"""

import shlex
from http import HTTPStatus
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runner.server.errors import shaped
from runner.server.mlflow import wire
from runner.server.native.executions import REFUSED
from runner.server.native.operation import Operation, json, sent
from runner.server.native.schedules.reading import firing, scheduling, told
from runner.server.native.schedules.shapes import FiringAnswer, Moment, ScheduleAnswer

Written = Annotated[str, Meta(max_length=40, pattern=r"^[0-9T:.+-]+Z?$")]


class Nothing(wire.Request):
    """There is nothing to say."""


class Skip(wire.Request):
    """Which time to leave out: the next one, as it was seen. If another is next by now, nothing is done."""

    time: Moment


class FillBack(wire.Request):
    """The first and the last time, as 2026-11-01 or 2026-11-01T02:30, in the zone of the schedule; a day as a whole.

    `dry_run`: only look how many there are.
    """

    first: Written
    last: Written
    dry_run: bool = False


class FilledBack(Struct, kw_only=True):
    """`count` firings wait for a scheduler, or would; `kept` have succeeded, or go on. `first`, `last`: times of those that wait."""

    count: int
    kept: int
    first: int | None
    last: int | None


async def pause(request: Request) -> Response:
    return await _rest(request, paused=True)


async def resume(request: Request) -> Response:
    return await _rest(request, paused=False)


async def _rest(request: Request, *, paused: bool) -> Response:
    await sent(request, Nothing)
    name = _name(request)
    return json(await run_in_threadpool(lambda: told(scheduling(request).rest(name, paused=paused), request)))


async def skip(request: Request) -> Response:
    asked, name = await sent(request, Skip), _name(request)
    user: str = request.state.caller.user
    return json(
        await run_in_threadpool(lambda: told(scheduling(request).skip(name, asked.time, by=user), request))
    )


async def run_now(request: Request) -> Response:
    await sent(request, Nothing)
    desk, name = scheduling(request), _name(request)
    if not _allowed(request):
        return _refused("runner", "schedule", "run-now", name)
    return json(await run_in_threadpool(lambda: firing(desk.fire_now(name))))


async def backfill(request: Request) -> Response:
    asked = await sent(request, FillBack)
    desk, name = scheduling(request), _name(request)
    if not asked.dry_run and not _allowed(request):
        return _refused("runner", "schedule", "backfill", name, f"--from={asked.first}", f"--to={asked.last}")
    found = await run_in_threadpool(
        lambda: desk.backfill(name, asked.first, asked.last, dry_run=asked.dry_run)
    )
    ends: dict[str, Any] = {"first": None, "last": None}
    if found.times:
        ends = {"first": found.times[0], "last": found.times[-1]}
    return json(FilledBack(count=len(found.times), kept=found.kept, **ends))


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    return name


def _allowed(request: Request) -> bool:
    return request.app.state.tracking.starting is not None


def _refused(*words: str) -> Response:
    command = shlex.join(words)
    body = {**shaped("PERMISSION_DENIED", REFUSED + command), "command": command}
    return JSONResponse(body, HTTPStatus.FORBIDDEN)


OPERATIONS = (
    Operation("POST", "/schedules/{name}/pause", "pauseSchedule", "Let a schedule rest", pause, ScheduleAnswer, Nothing),
    Operation("POST", "/schedules/{name}/resume", "resumeSchedule", "Let it fire again", resume, ScheduleAnswer, Nothing),
    Operation("POST", "/schedules/{name}/skip", "skipTime", "Leave out its next time", skip, ScheduleAnswer, Skip),
    Operation("POST", "/schedules/{name}/run", "runScheduleNow", "Fire it out of turn", run_now, FiringAnswer, Nothing),
    Operation("POST", "/schedules/{name}/backfill", "backfill", "Fire it for times that have passed", backfill, FilledBack, FillBack),
)  # fmt: skip

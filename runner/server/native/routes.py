"""The calls of our own API, below /api/runner/1/. openapi.py describes this table."""

from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

import runner
from runner.server.access.caller import TELLING, Authenticate
from runner.server.native import (
    addresses,
    boxed,
    completing,
    differences,
    executions,
    inputs,
    one_run,
    people,
    repeats,
    series,
    tables,
)
from runner.server.native.environments import by_lock as environments
from runner.server.native.environments import cached
from runner.server.native.environments.holding import Contents
from runner.server.native.events.place import place
from runner.server.native.events.reader import RunReader
from runner.server.native.events.stream import EventStream
from runner.server.native.events.topics import parsed
from runner.server.native.events.watcher import Watcher
from runner.server.native.models import calls as models
from runner.server.native.operation import JSON, Operation, json, query
from runner.server.native.output import calls as output
from runner.server.native.output.received import Received
from runner.server.native.schedules import calendar
from runner.server.native.schedules import changing as schedule_changes
from runner.server.native.schedules import reading as schedules
from runner.server.native.shapes import About, Listen
from runner.server.places import Places
from runner.server.scheduling import Scheduling
from runner.settings import Settings
from runner.tracking.store import Store, WatchedStore

PREFIX = "/api/runner/1"
VERSION = 1
CAPABILITIES = ["events", "logs", "tables"]
EVENTS = "text/event-stream"


class Native:
    """What our own calls are answered from: the store, the output of runs below `home`, the cache of this machine."""

    def __init__(
        self,
        store: WatchedStore,
        home: Path,
        differing: differences.Differing | None = None,
        settings: Settings | None = None,
        scheduling: Scheduling | None = None,
    ) -> None:
        self.home = home
        self.scheduling = scheduling
        self.answers = differences.Answers(differing)
        self.cache = cached.Cache(settings)
        self.contents = Contents()
        self.watcher = Watcher(store)
        self.received = Received(home / "received")
        self.boxes = boxed.Boxes()
        self.addresses = addresses.Addresses(home / "addresses")

    def routes(self) -> Sequence[BaseRoute]:
        """The calls for the application."""
        calls = [
            Route(
                each.path.replace("{path}", "{path:rest}"),
                each.answer,
                methods=[each.method],
                middleware=each.packed,
            )
            for each in OPERATIONS
        ]
        return [Mount(PREFIX, routes=calls), *boxed.routes()]


async def about(_: Request) -> Response:
    return json(
        About(name="runner", version=runner.__version__, api_version=VERSION, capabilities=list(CAPABILITIES))
    )


async def openapi(_: Request) -> Response:
    # Imported here, where the table that it describes is whole.
    from runner.server.native.openapi import document  # noqa: PLC0415

    return Response(document(), media_type=JSON)


async def events(request: Request) -> ASGIApp:
    if request.method == "HEAD":  # no body, and no end to wait for
        return Response(media_type=EVENTS)
    asked = query(request, Listen)
    native = _native(request)
    last = request.headers.get("last-event-id", "") or asked.last_event_id
    reader = RunReader(lambda: _view_now(request))
    places: Places = request.app.state.tracking.places
    return EventStream(
        native.watcher, reader, parsed(asked.topics), home=native.home, places=places, place=place(last)
    )


async def _view_now(request: Request) -> Store | None:
    """The same for the caller as known now: a token may have been taken away since the request."""
    authenticate: Authenticate = request.app.state.authenticate
    headers = {name: request.headers[name] for name in TELLING if name in request.headers}
    caller = await authenticate(headers, request.client.host if request.client else "")
    return None if caller is None else caller.view(request.app.state.tracking.store)


def _native(request: Request) -> Native:
    native: Native = request.app.state.tracking.native
    return native


OPERATIONS: Sequence[Operation] = (
    Operation("GET", "/", "about", "What this server is and can do", about, About),
    Operation("GET", "/events", "listen", "Follow runs, metrics and output", events, EVENTS, Listen),
    *output.OPERATIONS,
    *tables.OPERATIONS,
    *completing.OPERATIONS,
    *series.OPERATIONS,
    *one_run.OPERATIONS,
    *differences.OPERATIONS,
    *inputs.OPERATIONS,
    *repeats.OPERATIONS,
    Operation("GET", "/openapi.json", "openapi", "This description", openapi, JSON),
    *executions.OPERATIONS,
    *people.OPERATIONS,
    *calendar.OPERATIONS,
    *schedules.OPERATIONS,
    *schedule_changes.OPERATIONS,
    *environments.OPERATIONS,
    *cached.OPERATIONS,
    *models.OPERATIONS,
    *addresses.OPERATIONS,
)  # fmt: skip

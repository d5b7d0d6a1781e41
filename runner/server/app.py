"""The application: MLflow's REST API over a store.

/api/2.0/mlflow/...        and /ajax-api/2.0/mlflow/..., /api/2.0/preview/mlflow/..., other names of the same calls
/api/runner/1/...          our own API, where there is one (native/)
/health  /version
/  /runs  /static/...      the UI, where there is one (ui/)
everything else of MLflow  501: not supported
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Protocol

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route, compile_path
from starlette.types import Receive, Scope, Send

import runner
from runner.errors import RunnerError, Unavailable
from runner.server.access.caller import Authenticate, Caller
from runner.server.access.guard import Door, Guard
from runner.server.access.hosts import Hosts
from runner.server.artifacts.routes import routes
from runner.server.artifacts.served import ServedArtifacts
from runner.server.errors import Malformed, NotSupported, translated
from runner.server.mlflow import experiments, history, inputs, models, registry, runs, wire
from runner.server.mlflow.answers import Answer
from runner.server.mlflow.call import AnyCall, Served
from runner.server.places import Places
from runner.server.starting import Starting
from runner.server.writer import Writer
from runner.tracking.store import Store

PREFIXES = ("/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/", "/api/2.0/preview/mlflow/")
CALLS: tuple[AnyCall, ...] = (
    *experiments.CALLS,
    *runs.CALLS,
    *inputs.CALLS,
    *history.CALLS,
    *models.CALLS,
    *registry.CALLS,
)
UNSUPPORTED = ("/api/{rest:path}", "/ajax-api/{rest:path}", "/v1/traces", "/graphql", "/get-artifact")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
JSON = "application/json"
OWN = Hosts()

log = logging.getLogger(__name__)


class OwnCalls(Protocol):
    """Our own API (native/) or our pages (ui/): a Protocol, because the endpoint of a run has no use and no time for either."""

    def routes(self) -> Sequence[BaseRoute]: ...


class OwnPages(OwnCalls, Door, Protocol):
    """Our pages, and where people sign in to them."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """What the calls are answered from. `places` says how artifacts are told.

    `writer` None: changes are made one by one. `artifacts` None: clients go to them by themselves.
    `native` None: our own API is not there; `pages` None: nor is the UI. `starting` None: no run is started from here.
    """

    store: Store
    places: Places
    writer: Writer | None
    artifacts: ServedArtifacts | None = None
    native: OwnCalls | None = None
    pages: OwnPages | None = None
    starting: Starting | None = None


def create_app(tracking: Tracking, *, authenticate: Authenticate, hosts: Hosts = OWN) -> Starlette:
    """The application, for callers whom `authenticate` knows, under one of the names `hosts`."""
    app = Starlette(
        routes=[
            Calls(),
            *(routes() if tracking.artifacts else ()),
            *(tracking.native.routes() if tracking.native else ()),
            *(tracking.pages.routes() if tracking.pages else ()),
            Route("/health", _health),
            Route("/version", _version),
            *(Unsupported(path, _unsupported, methods=METHODS) for path in UNSUPPORTED),
        ],
        middleware=[Middleware(Guard, authenticate=authenticate, hosts=hosts, door=tracking.pages)],
        exception_handlers={
            RunnerError: _failed,
            HTTPException: _failed,
            ClientDisconnect: _gone,
            Exception: _failed,
        },
    )
    app.state.tracking = tracking
    app.state.authenticate = authenticate
    return app


class Calls(BaseRoute):
    """The calls of the API. Most are found by their path at once: a hundred patterns would take longer than an answer."""

    def __init__(self) -> None:
        self._plain = {
            (method, call.path): call for call in CALLS if "{" not in call.path for method in call.methods
        }
        self._patterns = [(call, compile_path(call.path)[0]) for call in CALLS if "{" in call.path]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and (path := _below(scope["path"])) is not None:
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            found = self._plain.get((method, path))
            if found is not None:
                return Match.FULL, {"call": found, "path_params": {}}
            for call, pattern in self._patterns:
                if method in call.methods and (fits := pattern.match(path)):
                    return Match.FULL, {"call": call, "path_params": fits.groupdict()}
            if allowed := self._methods(path):
                return Match.PARTIAL, {"call": None, "allowed": allowed}
        return Match.NONE, {}

    def _methods(self, path: str) -> Sequence[str]:
        """Those that the path takes."""
        plain = {method for method, known in self._plain if known == path}
        return sorted(plain.union(*(call.methods for call, pattern in self._patterns if pattern.match(path))))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["call"] is None:
            raise _wrong_method(scope["method"], scope["allowed"])
        request = Request(scope, receive)
        await (await _answered(scope["call"], request))(scope, receive, send)


class Unsupported(Route):
    """Yields to a route that knows the path and not the method: that one says which."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        return (Match.NONE if match is Match.NONE else Match.PARTIAL), found


def _wrong_method(method: str, allowed: Sequence[str]) -> HTTPException:
    methods = ", ".join(allowed)
    return HTTPException(
        HTTPStatus.METHOD_NOT_ALLOWED, f"{method} is not allowed here: {methods}", headers={"Allow": methods}
    )


def _below(path: str) -> str | None:
    """What follows the prefix of the API."""
    for prefix in PREFIXES:
        if path.startswith(prefix):
            return path.removeprefix(prefix)
    return None


async def _answered(call: AnyCall, request: Request) -> Response:
    if request.method in {"GET", "HEAD"}:
        query = request.query_params
        asked = wire.asked(call.shape, {name: query.getlist(name) for name in query})
    else:
        asked = wire.decoded(call.shape, await _json_body(request))
    asked = wire.placed(asked, request.path_params)
    tracking: Tracking = request.app.state.tracking
    caller: Caller = request.state.caller
    served = Served(tracking.store, tracking.places, caller.user, caller.run_id)

    def answer(store: Store) -> Answer | None:
        return call.answer(replace(served, store=store), asked)

    if not call.writes or tracking.writer is None:
        return await run_in_threadpool(_encoded, lambda: answer(caller.view(tracking.store)))
    if call.entry is not None:
        await tracking.writer.log(caller.view, call.entry(asked))
        return _encoded(lambda: None)
    made = await tracking.writer.change(caller.view, answer)
    return _encoded(lambda: made)


def _encoded(answer: Callable[[], Answer | None]) -> Response:
    """Stores are not asynchronous: this one, and the encoding of much, in a thread of the pool."""
    made = answer()
    return Response(b"{}" if made is None else msgspec.json.encode(made), media_type=JSON)


async def _json_body(request: Request) -> bytes:
    """The body, if it is JSON: a form, which any page can send, is not."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind != JSON and (body or kind):
        raise Malformed(f"Bad Request. Content-Type must be one of ['{JSON}'].")
    return body


def _health(_: Request) -> Response:
    return PlainTextResponse("OK")


def _version(_: Request) -> Response:
    return PlainTextResponse(runner.__version__)


def _unsupported(request: Request) -> Response:
    raise NotSupported(f"{request.method} {request.url.path} is not supported by this version of runner")


def _gone(_: Request, _error: Exception) -> Response:
    return Response(status_code=HTTPStatus.BAD_REQUEST)  # to nobody


def _failed(_: Request, error: Exception) -> Response:
    status, body = translated(error)  # what nobody foresaw goes on to uvicorn, which logs it
    if isinstance(error, Unavailable):
        log.error("%s", error)
    if isinstance(error, HTTPException):
        return JSONResponse(body, status, headers=error.headers)
    return JSONResponse(
        body, status, headers={"Retry-After": "1"} if isinstance(error, Unavailable) else None
    )

"""The application: MLflow's REST API over a store.

/api/2.0/mlflow/...        and /ajax-api/2.0/mlflow/..., /api/2.0/preview/mlflow/..., other names of the same calls
/health  /version
everything else of MLflow  501: not supported
"""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

import runner
from runner.errors import RunnerError, Unavailable
from runner.server.access.guard import Guard
from runner.server.access.scope import RunScope
from runner.server.access.scoped import ScopedStore
from runner.server.errors import Malformed, NotSupported, translated
from runner.server.mlflow import experiments, history, models, runs, wire
from runner.server.mlflow.call import AnyCall
from runner.tracking.store import Store

PREFIXES = ("/api/2.0/mlflow", "/ajax-api/2.0/mlflow", "/api/2.0/preview/mlflow")
CALLS: tuple[AnyCall, ...] = (*experiments.CALLS, *runs.CALLS, *history.CALLS, *models.CALLS)
UNSUPPORTED = ("/api/{rest:path}", "/ajax-api/{rest:path}", "/v1/traces", "/graphql", "/get-artifact")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
JSON = "application/json"

log = logging.getLogger(__name__)


def create_app(store: Store, *, scope: RunScope | None, token: str | None) -> Starlette:
    """The application; with a `scope` for the program of one run, with a `token` only for those who know it."""
    seen = ScopedStore(store, scope) if scope else store
    app = Starlette(
        routes=list(_routes()),
        middleware=[Middleware(Guard, token=token)],
        exception_handlers={RunnerError: _failed, HTTPException: _failed, Exception: _failed},
    )
    app.state.store = seen
    return app


def _routes() -> Iterator[BaseRoute]:
    yield Route("/health", _health)
    yield Route("/version", _version)
    for prefix in PREFIXES:
        for call in CALLS:
            yield Route(f"{prefix}/{call.path}", _endpoint(call), methods=list(call.methods))
    for path in UNSUPPORTED:
        yield Route(path, _unsupported, methods=METHODS)


def _endpoint(call: AnyCall) -> Any:
    async def endpoint(request: Request) -> Response:
        body = None if request.method in {"GET", "HEAD"} else await _json_body(request)
        return await run_in_threadpool(_answer, call, request, body)

    return endpoint


def _answer(call: AnyCall, request: Request, body: bytes | None) -> Response:
    """In a thread of the pool: stores are not asynchronous."""
    if body is None:
        query = request.query_params
        asked = wire.asked(call.shape, {name: query.getlist(name) for name in query})
    else:
        asked = wire.decoded(call.shape, body)
    answer = call.answer(request.app.state.store, wire.placed(asked, request.path_params))
    return Response(b"{}" if answer is None else msgspec.json.encode(answer), media_type=JSON)


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


def _failed(_: Request, error: Exception) -> Response:
    status, body = translated(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("unforeseen error", exc_info=error)
    if isinstance(error, HTTPException):
        return JSONResponse(body, status, headers=error.headers)
    return JSONResponse(
        body, status, headers={"Retry-After": "1"} if isinstance(error, Unavailable) else None
    )

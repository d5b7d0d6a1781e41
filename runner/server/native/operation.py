"""What a call of our own API is, and what its answer is made from."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from runner.server.mlflow import wire
from runner.tracking.store import Store

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """A call: what it takes (of its query or its body) and gives (a shape, or a media type)."""

    method: str
    path: str
    name: str
    summary: str
    answer: Callable[[Request], Awaitable[ASGIApp]]
    gives: type[msgspec.Struct] | str
    takes: type[wire.Request] | None = None


def view(request: Request) -> Store:
    """The store as the caller may see it."""
    store: Store = request.state.caller.view(request.app.state.tracking.store)
    return store


def query(request: Request, shape: type[wire.R]) -> wire.R:
    """What is asked for behind the `?`.

    Raises:
        Malformed: it is not what the call takes.
    """
    given = request.query_params
    return wire.asked(shape, {name: given.getlist(name) for name in given})


def json(answer: msgspec.Struct) -> Response:
    """A shape as an answer."""
    return Response(msgspec.json.encode(answer), media_type=JSON)

"""What a call of our own API is, and what its answer is made from."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from runner.server.errors import Malformed
from runner.server.mlflow import wire
from runner.tracking.store import Store

JSON = "application/json"
# a fifth of the size; more would take longer than it saves
PACKED = Middleware(GZipMiddleware, compresslevel=4)


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

    @property
    def packed(self) -> Sequence[Middleware]:
        """Answers in JSON are sent compressed to who takes them so. Streams and artifacts go as they are."""
        return () if isinstance(self.gives, str) and self.gives != JSON else (PACKED,)


def view(request: Request) -> Store:
    """The store as the caller may see it."""
    store: Store = request.state.caller.view(request.app.state.tracking.store)
    return store


def is_administrator(request: Request) -> bool:
    """Whether the caller is one; where nobody signs in, everybody is."""
    user: str = request.state.caller.user
    return not user or request.app.state.tracking.store.users.get(user).admin is True


def query(request: Request, shape: type[wire.R]) -> wire.R:
    """What is asked for behind the `?`.

    Raises:
        Malformed: it is not what the call takes.
    """
    given = request.query_params
    return wire.asked(shape, {name: given.getlist(name) for name in given})


async def sent(request: Request, shape: type[wire.R]) -> wire.R:
    """What is sent as JSON.

    Raises:
        Malformed: it is something else: a form, which any page can send; or not what the call takes.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Malformed(f"Bad Request. Content-Type must be one of ['{JSON}'].")
    return wire.decoded(shape, await request.body())


def json(answer: msgspec.Struct) -> Response:
    """A shape as an answer; it holds now, and nobody keeps it."""
    return Response(msgspec.json.encode(answer), media_type=JSON, headers={"Cache-Control": "no-store"})

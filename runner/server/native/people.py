"""Who asks, where they are signed in, and what this server is: the Settings page."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

import runner
from runner.errors import NotFound
from runner.server.access import sessions
from runner.server.access.caller import anybody
from runner.server.app import Tracking
from runner.server.native.operation import Operation, is_administrator, json
from runner.tracking.access import SIGNED_IN


class Session(Struct, kw_only=True):
    """A browser in which somebody is signed in; times in milliseconds. `current`: the one that asks."""

    name: str
    browser: str
    created: int
    expires: int | None
    current: bool


class Me(Struct, kw_only=True):
    """The caller; `user` is "" where nobody signs in, and everybody may do everything."""

    user: str
    admin: bool
    signs_in: bool
    sessions: list[Session]


class ServerFacts(Struct, kw_only=True):
    """This server; where it keeps things is told to administrators."""

    version: str
    may_run: bool
    proxied: bool
    store: str | None
    artifacts: str | None


async def me(request: Request) -> Response:
    return json(await run_in_threadpool(lambda: _me(request)))


async def end_session(request: Request) -> Response:
    name: str = request.path_params["name"]
    await run_in_threadpool(lambda: _end(request, name))
    return json(await run_in_threadpool(lambda: _me(request)))


async def server(request: Request) -> Response:
    return json(await run_in_threadpool(lambda: _server(request)))


def _me(request: Request) -> Me:
    user: str = request.state.caller.user
    if not user:
        return Me(user="", admin=True, signs_in=_signs_in(request), sessions=[])
    users = _tracking(request).store.users
    found = [
        Session(
            name=each.name,
            browser=each.browser,
            created=each.created,
            expires=each.expires,
            current=each.current,
        )
        for each in sessions.sessions(users, user, request.headers)
    ]
    return Me(user=user, admin=users.get(user).admin, signs_in=True, sessions=found)


def _end(request: Request, name: str) -> None:
    """End a session of the caller; other tokens are revoked by `runner tokens`."""
    user: str = request.state.caller.user
    if not user or not name.startswith(SIGNED_IN):
        raise NotFound(f"there is no session {name!r}")
    _tracking(request).store.users.revoke_token(user, name)


def _server(request: Request) -> ServerFacts:
    tracking = _tracking(request)
    shown = is_administrator(request)
    return ServerFacts(
        version=runner.__version__,
        may_run=tracking.starting is not None,
        proxied=tracking.places.proxied,
        store=_without_password(tracking.store.uri) if shown else None,
        artifacts=_without_password(tracking.places.root) if shown else None,
    )


def _signs_in(request: Request) -> bool:
    return request.app.state.authenticate is not anybody


def _without_password(uri: str) -> str:
    password = urlsplit(uri).password
    return uri.replace(f":{password}@", ":***@", 1) if password else uri


def _tracking(request: Request) -> Tracking:
    tracking: Tracking = request.app.state.tracking
    return tracking


OPERATIONS: Sequence[Operation] = (
    Operation("GET", "/me", "me", "Who asks, and where they are signed in", me, Me),
    Operation("DELETE", "/me/sessions/{name}", "endSession", "End a session of the caller", end_session, Me),
    Operation("GET", "/server", "server", "What this server is", server, ServerFacts),
)

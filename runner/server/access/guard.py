"""What every request must pass before anything looks at it: host, origin, token, size.

Host: a page on the internet can make its own name resolve to 127.0.0.1 and have a browser send us requests, but the browser then
says that name. Origin: a page can send forms anywhere, but says from where. The token keeps out other users of this machine.
"""

import base64
import binascii
import secrets
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runner.server.access.caller import Authenticate, Caller
from runner.server.errors import translated

LARGEST = 16 * 1024 * 1024  # bytes of a request's body
UPLOADS = ("/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/")  # PUT there has a limit of its own
HOSTS = ("127.0.0.1", "localhost", "[::1]")
OPEN = frozenset({"/health", "/version"})  # tell nothing about anybody
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """ASGI middleware; puts the caller into the state of the request."""

    def __init__(self, app: ASGIApp, *, authenticate: Authenticate, hosts: Sequence[str] = HOSTS) -> None:
        self._app = app
        self._authenticate = authenticate
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            self._check(scope)
        except HTTPException as refused:
            status, body = translated(refused)
            await JSONResponse(body, status, headers=refused.headers)(scope, receive, send)
            return
        await self._app(scope, receive if _is_upload(scope) else _limited(receive), send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        self._check_host(headers, scope["server"][1])
        _check_origin(headers, scope["method"])
        caller = self._authenticate(headers)
        if caller is None and scope["path"] not in OPEN:
            raise HTTPException(401, "You are not authenticated", headers={"WWW-Authenticate": "Bearer"})
        scope.setdefault("state", {})["caller"] = caller
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > LARGEST and not _is_upload(scope):
            raise _too_large()

    def _check_host(self, headers: Headers, port: int) -> None:
        if headers.getlist("host") not in ([f"{host}:{port}"] for host in self._hosts):
            raise HTTPException(403, "Invalid Host header: it does not name this server")


def _check_origin(headers: Headers, method: str) -> None:
    origins = headers.getlist("origin")
    if method not in READING and origins and origins != [f"http://{headers['host']}"]:
        raise HTTPException(403, "Cross-origin request refused")


def with_token(token: str, caller: Caller) -> Authenticate:
    """For an endpoint with one caller, who knows the token."""

    def authenticate(headers: Headers) -> Caller | None:
        known = secrets.compare_digest(_given(headers.get("authorization", "")).encode(), token.encode())
        return caller if known else None

    return authenticate


def _given(authorization: str) -> str:
    """The token: of a bearer, or as anybody's password, because clients that know a password send no token."""
    kind, _, value = authorization.partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return ""
    return value if kind.lower() == "bearer" else ""


def _is_upload(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "PUT" and path.startswith(UPLOADS)


def _limited(receive: Receive) -> Receive:
    """Stops reading a body that is too large, whatever length it says it has."""
    size = 0

    async def limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST:
            raise _too_large()
        return message

    return limited


def _too_large() -> HTTPException:
    return HTTPException(413, f"The request is larger than {LARGEST} bytes")

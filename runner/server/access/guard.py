"""What every request must pass before anything looks at it: number, host, origin, caller, size. One guard, in front of all routes.

Host: see hosts.py. Origin: a page can send forms anywhere, but its browser says from where. The caller: see authentication.py.
"""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runner.errors import RunnerError
from runner.server.access.caller import Authenticate, Caller
from runner.server.access.credentials import parsed
from runner.server.access.hosts import Hosts
from runner.server.errors import translated

LARGEST = 16 * 1024 * 1024  # bytes of a request's body
MOST = 1000  # requests at once
UPLOADS = (
    "/api/2.0/mlflow-artifacts/",
    "/ajax-api/2.0/mlflow-artifacts/",
)  # PUT there has a limit of its own
OPEN = frozenset({"/health", "/version"})  # tell nothing about anybody
EVIDENCE = frozenset({"origin", "sec-fetch-site"})  # with which a browser says whose page sends something
READING = frozenset({"GET", "HEAD", "OPTIONS"})
WATCHED = frozenset(
    {b"host", b"origin", b"sec-fetch-site", b"authorization", b"cookie", b"user-agent", b"content-length"}
)
CHALLENGE = {"WWW-Authenticate": 'Basic realm="runner", charset="UTF-8", Bearer realm="runner"'}
# Browsers would ask for a name and a password by themselves, over a page that does so already; each begins its name so.
QUIET_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="runner"'}
BROWSER = "Mozilla/"
POLICY = b"content-security-policy"
# For answers that say nothing else: artifacts and pages have policies of their own.
PROTECTING = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (POLICY, b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
)


class Door(Protocol):
    """Where people sign in, on a server that has pages."""

    def is_open(self, path: str) -> bool:
        """Whether strangers get an answer there: it tells nothing about anybody."""
        ...

    def instead(self, scope: Scope) -> ASGIApp | None:
        """What a stranger is shown in place of a page; None: it is no page."""
        ...


class Guard:
    """ASGI middleware; puts the caller into the state of the request. `door`: strangers who ask for a page are shown there."""

    def __init__(
        self, app: ASGIApp, *, authenticate: Authenticate, hosts: Hosts, door: Door | None = None
    ) -> None:
        self._app = app
        self._authenticate = authenticate
        self._hosts = hosts
        self._door = door
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self._count += 1
        try:
            await self._passed(scope, receive, _protecting(send))
        finally:
            self._count -= 1

    async def _passed(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._check(scope)
        except (HTTPException, RunnerError) as refused:
            if _is_stranger(refused) and self._door and (page := self._door.instead(scope)):
                await page(scope, receive, send)
                return
            status, body = translated(refused)
            headers = refused.headers if isinstance(refused, HTTPException) else {"Retry-After": "1"}
            await JSONResponse(body, status, headers=headers)(scope, receive, send)
            return
        await self._app(scope, receive if _is_upload(scope) else _limited(receive), send)

    async def _check(self, scope: Scope) -> None:
        if self._count > MOST:
            raise HTTPException(503, "Too many requests at once", headers={"Retry-After": "1"})
        headers = _watched(scope)
        origins = self._hosts.origins(headers.get("host", ""), scope["server"])
        if origins is None:
            raise HTTPException(
                403, "Invalid Host header: it does not name this server (see --allow-host of runner server)"
            )
        if scope["method"] not in READING:
            check_origin(headers, origins)
            if not EVIDENCE & headers.keys():  # a cookie comes by itself, and who sent it here we do not know
                headers.pop("cookie", None)
        if scope["path"] not in OPEN and not (self._door and self._door.is_open(scope["path"])):
            scope.setdefault("state", {})["caller"] = await self._caller(headers, scope)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > LARGEST and not _is_upload(scope):
            raise _too_large()

    async def _caller(self, headers: Mapping[str, str], scope: Scope) -> Caller:
        client = scope.get("client")
        caller = await self._authenticate(headers, client[0] if client else "")
        if caller is None:
            browser = headers.get("user-agent", "").startswith(BROWSER)
            challenge = QUIET_CHALLENGE if browser and self._door else CHALLENGE
            raise HTTPException(HTTPStatus.UNAUTHORIZED, "You are not authenticated", headers=challenge)
        return caller


def check_origin(headers: Mapping[str, str], origins: tuple[str, ...]) -> None:
    """Raises for what a page of somebody else sends. Programs say nothing about origins."""
    foreign = "origin" in headers and headers["origin"] not in origins
    if foreign or headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        raise HTTPException(403, "Cross-origin request refused")


def with_token(token: str, caller: Caller) -> Authenticate:
    """For an endpoint with one caller, who knows the token; as anybody's password, too: clients that know one send no token."""

    async def authenticate(headers: Mapping[str, str], _address: str) -> Caller | None:
        given = parsed(headers.get("authorization", ""))
        known = given is not None and secrets.compare_digest(given.secret.encode(), token.encode())
        return caller if known else None

    return authenticate


def _watched(scope: Scope) -> dict[str, str]:
    """The headers that we decide by; each at most once, lest somebody behind us reads the other one."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in WATCHED:
            if name.decode() in found:
                raise HTTPException(400, f"The header {name.decode()} is there twice")
            found[name.decode()] = value.decode("latin-1")
    return found


def _is_stranger(refused: Exception) -> bool:
    return isinstance(refused, HTTPException) and refused.status_code == HTTPStatus.UNAUTHORIZED


def _protecting(send: Send) -> Send:
    async def protecting(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message.setdefault("headers", [])
            there = {name for name, _ in headers}
            headers.extend(pair for pair in PROTECTING if pair[0] not in there)
        await send(message)

    return protecting


def _is_upload(scope: Scope) -> bool:
    return bool(scope["method"] == "PUT" and scope["path"].startswith(UPLOADS))


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

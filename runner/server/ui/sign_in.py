"""Signing in to the pages: a form that works without scripts too, and what strangers are shown instead of a page.

GET /sign-in?to=/runs      the form
POST /sign-in              name, and password or token, as `runner users` and `runner tokens` made them; then back to `to`
POST /sign-out             ends the session of this browser
"""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from runner.server.access import sessions
from runner.server.access.caller import TELLING, Authenticate, Caller
from runner.server.access.passwords import PREFIX
from runner.server.ui.policy import HEADERS
from runner.server.ui.shells import rendered
from runner.tracking.store import Store

PATH = "/sign-in"
OUT = "/sign-out"
LARGEST = 16 * 1024  # bytes of the form
WRONG = "The name and the password or token do not fit together."
ELSEWHERE = frozenset({"cross-site", "same-site"})  # Sec-Fetch-Site of somebody who follows a link to us


async def page(request: Request) -> Response:
    """The form, or where it would lead to if nobody has to sign in or somebody has."""
    to = safe(request.query_params.get("to", "/"))
    if await _caller(request) is not None:
        return _to(to)
    return _form(to)


async def enter(request: Request) -> Response:
    """Begin a session, or say what is wrong."""
    sent = await _sent(request)
    to, name, secret = safe(sent.get("to", "/")), sent.get("name", "").strip(), sent.get("secret", "")
    try:
        caller = await _known(request, name, secret)
    except HTTPException as refused:
        return _form(to, name=name, wrong=refused.detail, status=refused.status_code, headers=refused.headers)
    if caller is None:
        return _form(to, name=name, wrong=WRONG, status=HTTPStatus.UNAUTHORIZED)
    if not caller.user:  # nobody signs in here
        return _to(to)
    token = secret if secret.startswith(PREFIX) else await _begun(request, caller.user)
    return _to(to, cookie=sessions.set_cookie(request.headers, token, secure=_is_secure(request)))


async def leave(request: Request) -> Response:
    """End the session of this browser."""
    store: Store = request.app.state.tracking.store
    await run_in_threadpool(sessions.end, store.users, request.headers)
    return _to(PATH, cookie=sessions.set_cookie(request.headers, "", secure=_is_secure(request)))


def instead(scope: Scope) -> Response:
    """What a stranger is shown who asks for a page of ours.

    The browser keeps the cookie to itself when somebody follows a link from elsewhere: such a page asks for itself once more.
    """
    request = Request(scope)
    if request.headers.get("sec-fetch-site") in ELSEWHERE:
        return HTMLResponse(rendered("again.html"), headers=HEADERS)
    asked = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    return _to(f"{PATH}?{urlencode({'to': safe(asked)})}")


def safe(to: str) -> str:
    """A path of this server, or "/": nobody is sent elsewhere after signing in, whatever browsers make of odd characters."""
    ours = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isascii() and to.isprintable()
    return to if ours and "\\" not in to else "/"


def _to(path: str, *, cookie: str = "") -> Response:
    answer = RedirectResponse(quote(path, safe="/?&=%:,+~@!$'()*;#"), HTTPStatus.SEE_OTHER, headers=HEADERS)
    if cookie:
        answer.headers["Set-Cookie"] = cookie
    return answer


def _form(
    to: str,
    *,
    name: str = "",
    wrong: str = "",
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    html = rendered("sign-in.html", to=to, name=name, wrong=wrong)
    return HTMLResponse(html, status, headers={**HEADERS, **(headers or {})})


async def _caller(request: Request) -> Caller | None:
    """Who asks, if we know them."""
    authenticate: Authenticate = request.app.state.authenticate
    headers = {name: request.headers[name] for name in TELLING if name in request.headers}
    return await authenticate(headers, _address(request))


async def _known(request: Request, name: str, secret: str) -> Caller | None:
    """The caller by what the form says, as by a header."""
    authenticate: Authenticate = request.app.state.authenticate
    pair = base64.b64encode(f"{name}:{secret}".encode()).decode()
    authorization = f"Basic {pair}" if name else f"Bearer {secret}"
    return await authenticate({"authorization": authorization}, _address(request))


async def _begun(request: Request, user: str) -> str:
    users = request.app.state.tracking.store.users
    return await run_in_threadpool(sessions.begin, users, user, request.headers.get("user-agent", ""))


async def _sent(request: Request) -> dict[str, str]:
    """The fields of the form, each once."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the form is too large")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    return {key: values[0] for key, values in fields.items()}


def _is_secure(request: Request) -> bool:
    """Whether the browser came by HTTPS: here, or at a reverse proxy before us."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")


def _address(request: Request) -> str:
    return request.client.host if request.client else ""

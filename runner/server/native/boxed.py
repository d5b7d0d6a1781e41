"""An artifact for the eyes of a browser: it may be a page with scripts of its own, and it stays in a box.

The box is the policy that comes with it: no origin of ours, no cookie, no call of the API, no other host; of this server it may load
what lies among the artifacts of the same run, so that a report finds its images and scripts.

Without a cookie such a page is a stranger. So a person gets an address for the artifacts of one run, /boxed/<token>/..., which stands for
them and nothing else: it reads, it ends, and it is worth what the person who asked for it may read at that moment.
"""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from runner.server.access.caller import TELLING, Authenticate
from runner.server.artifacts import content, owners, paths
from runner.server.artifacts.served import check, served
from runner.server.mlflow.runs import exact
from runner.server.native.operation import json, view
from runner.server.native.shapes import Shape
from runner.tracking.model import Run

LIFE = 30 * 60.0  # seconds
MOST = 10_000  # addresses, the last ones
OVER = (
    "This address was for a while only, and for one person. Open the file again from the page of its run.\n"
)
POLICY = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none';"
    " script-src {own} 'unsafe-inline' 'unsafe-eval' blob: data:; style-src {own} 'unsafe-inline'; img-src {own} data: blob:;"
    " font-src {own} data:; media-src {own} data: blob:; worker-src blob:; connect-src data: blob:; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'self'"
)
# What a browser may show although it is run or guessed elsewhere: in the box it harms nobody.
IN_THE_BOX = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})


class Box(Shape):
    """Where the artifacts of a run are for pages without a session, for so many seconds; 0: for as long as one likes."""

    address: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Granted:
    """Whose address it is, as they said it to us, for which run, and until when."""

    said: Mapping[str, str]
    run_id: str
    until: float


class Boxes:
    """The addresses that were given. They are kept in memory only: a server that starts anew knows none."""

    def __init__(self) -> None:
        self._granted: OrderedDict[str, Granted] = OrderedDict()

    def grant(self, said: Mapping[str, str], run_id: str) -> str:
        """A new token."""
        token = secrets.token_urlsafe(32)
        self._granted[token] = Granted(said, run_id, monotonic() + LIFE)
        while len(self._granted) > MOST:
            self._granted.popitem(last=False)
        return token

    def find(self, token: str) -> Granted | None:
        """What a token stands for; None: for nothing, or no longer."""
        found = self._granted.get(token)
        if found is not None and monotonic() > found.until:
            del self._granted[token]
            return None
        return found


async def box(request: Request) -> Response:
    """POST /runs/{run_id}/box."""
    run = await run_in_threadpool(lambda: exact(view(request), request.path_params["run_id"]))
    if not request.state.caller.user:  # nobody signs in here
        return json(Box(address=_place(run), seconds=0))
    said = {name: request.headers[name] for name in TELLING if name in request.headers}
    token = _boxes(request).grant(said, run.id)
    return json(Box(address=f"/boxed/{token}/", seconds=round(LIFE)))


async def in_box(request: Request) -> Response:
    """GET, HEAD /boxed/{token}/{path}."""
    token = request.path_params["token"]
    granted = _boxes(request).find(token)
    authenticate: Authenticate = request.app.state.authenticate
    caller = granted and await authenticate(granted.said, request.client.host if request.client else "")
    if granted is None or caller is None:
        return PlainTextResponse(OVER, HTTPStatus.UNAUTHORIZED, {"Cache-Control": "no-store"})
    request.state.caller = caller
    run = await run_in_threadpool(lambda: exact(view(request), granted.run_id))
    return await _answered(request, run, f"/boxed/{token}/")


async def artifact(request: Request) -> Response:
    """GET, HEAD /runs/{run_id}/artifacts/{path}."""
    run = await run_in_threadpool(lambda: exact(view(request), request.path_params["run_id"]))
    return await _answered(request, run, _place(run))


def _place(run: Run) -> str:
    return f"/api/runner/1/runs/{quote(run.id, safe='')}/artifacts/"


async def _answered(request: Request, run: Run, own: str) -> Response:
    path = paths.checked(request.path_params["path"])
    place = f"{request.url.scheme}://{request.headers['host']}{own}"
    return await content.answered(
        request,
        served(request).files,
        await located(request, run, path),
        lambda whole: guarding(place, whole),
    )


async def located(request: Request, run: Run, path: str) -> str:
    """The path below the root of all artifacts, if the caller may read there."""
    whole = place_of(request, run, path)
    await check(request, whole)
    return whole


def place_of(request: Request, run: Run, path: str) -> str:
    """The path below the root of all artifacts.

    Raises:
        Malformed: the artifacts of the run are not with this server.
    """
    top = owners.below(request.app.state.tracking.places, run.artifact_uri)
    return paths.checked(f"{top}/{path}".removesuffix("/"))


def guarding(own: str, path: str) -> Mapping[str, str]:
    """Headers of the box; `own` is where it may load from."""
    kind = content.kind_of(path)
    headers = {**content.guarding(path), "Content-Security-Policy": POLICY.format(own=own)}
    if kind in IN_THE_BOX:
        headers["Content-Disposition"] = content.disposition("inline", path.rpartition("/")[2])
    # What a boxed page loads comes, for the browser, from a stranger: it has no origin. Nor is anybody told its address.
    return {**headers, "Cross-Origin-Resource-Policy": "cross-origin", "Referrer-Policy": "no-referrer"}


def routes() -> list[BaseRoute]:
    """Outside of the API: the guard lets everybody ask there."""
    return [Route("/boxed/{token}/{path:rest}", in_box, methods=["GET"])]


def _boxes(request: Request) -> Boxes:
    found: Boxes = request.app.state.tracking.native.boxes
    return found

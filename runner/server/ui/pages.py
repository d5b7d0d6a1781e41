"""Paths of the UI. A page is the same shell each time: its module finds in the URL what it is to show."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Scope

from runner.server.ui import files, sign_in
from runner.server.ui.policy import HEADERS
from runner.server.ui.shells import rendered

# path -> module below static/pages/, title
PAGES: Mapping[str, tuple[str, str]] = {
    "/": ("home", "Home"),
    "/runs": ("runs", "Runs"),
    "/r/{run}": ("run", "Run"),
    "/r/{run}/{tab}": ("run", "Run"),
    "/compare": ("compare", "Compare"),
    "/models": ("models", "Models"),
    "/models/{name:path}": ("model", "Model"),
    "/schedules": ("schedules", "Schedules"),
    "/envs": ("envs", "Environments"),
    "/settings": ("settings", "Settings"),
}


class Pages:
    """The pages for the application, and the door to them: see `guard.Door`."""

    def __init__(self) -> None:
        self._shells = [
            *(Route(path, _page, methods=["GET"], name=path) for path in PAGES),
            Route("/v/{address}", _kept, methods=["GET"]),
        ]

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route(f"{files.place()}/{{path:path}}", files.answer, methods=["GET"]),
            *self._shells,
            Route(sign_in.PATH, sign_in.page, methods=["GET"]),
            Route(sign_in.PATH, sign_in.enter, methods=["POST"]),
            Route(sign_in.OUT, sign_in.leave, methods=["POST"]),
        ]

    def is_open(self, path: str) -> bool:
        # What is boxed comes to those who have its token.
        return path in {sign_in.PATH, sign_in.OUT} or path.startswith((f"{files.place()}/", "/boxed/"))

    def instead(self, scope: Scope) -> ASGIApp | None:
        if any(shell.matches(scope)[0] is Match.FULL for shell in self._shells):
            return sign_in.instead(scope)
        return None


def _page(request: Request) -> Response:
    module, title = PAGES[request.scope["route"].name]
    html = rendered(
        "page.html",
        module=module,
        modules=files.modules(module),
        title=title,
        user=request.state.caller.user,
    )
    return HTMLResponse(html, headers=HEADERS)


def _kept(request: Request) -> Response:
    """To where a short address leads."""
    address = request.app.state.tracking.native.addresses.find(request.path_params["address"])
    return RedirectResponse(address, HTTPStatus.FOUND, headers=HEADERS)

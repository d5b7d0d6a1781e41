"""Paths of the UI. A page is the same shell each time: its module finds in the URL what it is to show."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route

import runner
from runner.server.ui.files import Files, place
from runner.server.ui.policy import HEADERS

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
    """The pages for the application."""

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Mount(place(), app=Files()),
            *(Route(path, _page, methods=["GET"], name=path) for path in PAGES),
        ]


def _page(request: Request) -> Response:
    module, title = PAGES[request.scope["route"].name]
    shell = _templates().get_template("page.html")
    html = shell.render(
        module=module, title=title, static=place(), version=runner.__version__, user=request.state.caller.user
    )
    return HTMLResponse(html, headers=HEADERS)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

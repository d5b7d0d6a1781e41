"""An artifact for the eyes of a browser: it may be a page with scripts of its own, and it stays in a box.

The box is the policy that comes with it: no origin of ours, no cookie, no call of the API, no other host; of this server it may load
what lies among the artifacts of the same run, so that a report finds its images and scripts.
"""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.server.artifacts import content, owners, paths
from runner.server.artifacts.served import check, served
from runner.server.mlflow.runs import exact
from runner.server.native.operation import view
from runner.tracking.model import Run

POLICY = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none';"
    " script-src {own} 'unsafe-inline' 'unsafe-eval' blob: data:; style-src {own} 'unsafe-inline'; img-src {own} data: blob:;"
    " font-src {own} data:; media-src {own} data: blob:; worker-src blob:; connect-src data: blob:; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'self'"
)
# What a browser may show although it is run or guessed elsewhere: in the box it harms nobody.
IN_THE_BOX = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})


async def artifact(request: Request) -> Response:
    """GET, HEAD /runs/{run_id}/artifacts/{path}."""
    run = await run_in_threadpool(lambda: exact(view(request), request.path_params["run_id"]))
    path = paths.checked(request.path_params["path"])
    return await content.answered(
        request,
        served(request).files,
        await located(request, run, path),
        lambda whole: guarding(request, run, whole),
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


def guarding(request: Request, run: Run, path: str) -> Mapping[str, str]:
    """Headers of the box."""
    own = f"{request.url.scheme}://{request.headers['host']}/api/runner/1/runs/{quote(run.id, safe='')}/artifacts/"
    kind = content.kind_of(path)
    headers = {**content.guarding(path), "Content-Security-Policy": POLICY.format(own=own)}
    if kind in IN_THE_BOX:
        headers["Content-Disposition"] = content.disposition("inline", path.rpartition("/")[2])
    # What a boxed page loads comes, for the browser, from a stranger: it has no origin.
    return {**headers, "Cross-Origin-Resource-Policy": "cross-origin"}

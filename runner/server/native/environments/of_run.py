"""In what a run was executed: the packages of its lock, which needs which, and what else its program found."""

from collections.abc import Iterable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.errors import NotFound, RunnerError
from runner.server.mlflow.runs import exact
from runner.server.native import documents
from runner.server.native.documents import OBSERVED, Documents
from runner.server.native.environments import locks
from runner.server.native.operation import json, view
from runner.server.native.overview_shapes import RunEnvironment


async def environment(request: Request) -> Response:
    """GET /runs/{run_id}/environment."""
    return await run_in_threadpool(lambda: json(_environment(request)))


def _environment(request: Request) -> RunEnvironment:
    tracking = request.app.state.tracking
    run = exact(view(request), request.path_params["run_id"])
    found = documents.of(run, tracking.places, tracking.native.home)
    lock = locks.kept(found)
    answer = RunEnvironment(kind=str(lock.planned.get("kind", "")), lock=lock.path, observed=_observed(found))
    if lock.path:
        try:
            answer.packages = locks.packages(lock, tracking.native.cache)
            answer.links = locks.has_links(answer.packages)
        except (RunnerError, *locks.TROUBLES) as error:
            answer.problem = str(error)
    return answer


def _observed(found: Documents) -> list[str]:
    try:
        lines: Iterable[str] = found.read(OBSERVED).decode(errors="replace").splitlines()
    except NotFound:
        return []
    return [line for line in lines if line.strip()][: locks.MOST]

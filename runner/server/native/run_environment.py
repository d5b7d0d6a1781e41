"""In what a run was executed: the packages of its lock, and which needs which."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.environments.model import LOCK_FILES, Lock
from runner.errors import NotFound, RunnerError
from runner.server.mlflow.runs import exact
from runner.server.native import documents
from runner.server.native.documents import OBSERVED, PLAN, RECORD, Documents
from runner.server.native.operation import json, view
from runner.server.native.overview_shapes import LockedPackage, RunEnvironment

MOST = 20_000  # packages


async def environment(request: Request) -> Response:
    """GET /runs/{run_id}/environment."""
    return await run_in_threadpool(lambda: json(_environment(request)))


def _environment(request: Request) -> RunEnvironment:
    tracking = request.app.state.tracking
    run = exact(view(request), request.path_params["run_id"])
    found = documents.of(run, tracking.places, tracking.native.home)
    planned = _table(found.json(PLAN), "environment")
    answer = RunEnvironment(kind=str(planned.get("kind", "")), observed=_observed(found))
    lock = _table(planned, "lock")
    path = LOCK_FILES.get(str(lock.get("kind")))
    if path is None:
        return answer
    answer.lock = path
    try:
        text = found.read(path).decode(errors="replace")
        answer.packages = _packages(str(lock["kind"]), text, _table(found.json(RECORD), "machine"))
        answer.links = any(each.required_by for each in answer.packages)
    except (RunnerError, ValueError, RecursionError) as error:
        answer.problem = str(error)
    return answer


def _packages(kind: str, text: str, machine: Mapping[str, Any]) -> list[LockedPackage]:
    # Imported here: parsers of all kinds of locks, which the server begins without.
    from runner.environments import listed  # noqa: PLC0415

    found = listed.packages(Lock(kind=kind, text=text, python=""), listed.platform_of(machine))
    needing: dict[str, list[str]] = {}
    for package in found.values():
        for name in package.requires:
            needing.setdefault(name, []).append(package.name)
    return [
        LockedPackage(
            name=name,
            version=package.version,
            build=package.build,
            hashes=sorted(package.hashes)[:4],
            required_by=sorted(needing.get(name, ())),
            asked=bool(needing) and name not in needing,
        )
        for name, package in sorted(found.items())[:MOST]
    ]


def _observed(found: Documents) -> list[str]:
    try:
        lines: Iterable[str] = found.read(OBSERVED).decode(errors="replace").splitlines()
    except NotFound:
        return []
    return [line for line in lines if line.strip()][:MOST]


def _table(values: Mapping[str, Any] | None, key: str) -> Mapping[str, Any]:
    found = (values or {}).get(key)
    return found if isinstance(found, Mapping) else {}

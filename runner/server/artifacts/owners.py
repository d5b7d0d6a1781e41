"""Artifacts of a run, a logged model or a model version, by the name of their owner."""

import re
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runner.server.artifacts import content, paths, proxy
from runner.server.artifacts.served import check, served, view
from runner.server.errors import Malformed
from runner.server.mlflow.runs import exact
from runner.server.places import PROXIED, Places
from runner.tracking.artifacts import Artifacts
from runner.tracking.registry import ModelVersion
from runner.tracking.store import Store

NUMBER = re.compile(r"[0-9]{1,9}")
OF_RUN = re.compile(r"runs:/([^/]+)/(.+)")


async def run_directory(request: Request) -> Response:
    """GET artifacts/list: what a directory of a run holds; paths are from the run's root."""
    run_id = _given(request, "run_id", "run_uuid")
    uri = await _located(request, lambda store: exact(store, run_id).artifact_uri)
    return await _directory(request, uri, request.query_params.get("path", ""))


async def run_file(request: Request) -> Response:
    """GET /get-artifact."""
    run_id = _given(request, "run_id", "run_uuid")
    uri = await _located(request, lambda store: exact(store, run_id).artifact_uri)
    return await _file(request, uri, _given(request, "path"))


async def version_file(request: Request) -> Response:
    """GET /model-versions/get-artifact."""
    name, version = _given(request, "name"), _given(request, "version")
    if not NUMBER.fullmatch(version):
        raise Malformed(f"Invalid value {version!r} for parameter 'version': it is no number")
    uri = await _located(request, lambda store: _source(store, name, int(version)))
    return await _file(request, uri, _given(request, "path"))


async def model_directory(request: Request) -> Response:
    """GET logged-models/<id>/artifacts/directories."""
    model_id: str = request.path_params["model_id"]
    uri = await _located(request, lambda store: store.models.get(model_id).artifact_uri)
    return await _directory(request, uri, request.query_params.get("artifact_directory_path", ""))


async def model_file(request: Request) -> Response:
    """GET logged-models/<id>/artifacts/files."""
    model_id: str = request.path_params["model_id"]
    uri = await _located(request, lambda store: store.models.get(model_id).artifact_uri)
    return await _file(request, uri, _given(request, "artifact_file_path"))


async def _located(request: Request, owner: Callable[[Store], str]) -> str:
    return await run_in_threadpool(lambda: owner(view(request)))


async def _directory(request: Request, uri: str, path: str) -> Response:
    inside = path.strip("/")
    whole = paths.checked(f"{below(_places(request), uri)}/{inside}".removesuffix("/"))
    await check(request, whole)
    entries = await served(request).files.list(whole)
    told = proxy.listed(entries, below=f"{inside}/" if inside else "")
    return JSONResponse({"root_uri": _places(request).told(uri), **told})


async def _file(request: Request, uri: str, path: str) -> Response:
    whole = f"{below(_places(request), uri)}/{paths.checked(path)}"
    await check(request, paths.checked(whole))
    return await content.answered(request, served(request).files, whole)


def below(places: Places, uri: str) -> str:
    """The path below the root. We fetch from nowhere else, least of all with our own credentials."""
    for prefix in (PROXIED, f"{places.root}/"):
        if uri.startswith(prefix):
            return uri.removeprefix(prefix).rstrip("/")
    raise Malformed(
        f"these artifacts are at {uri}, not with this server", hint="clients go there by themselves"
    )


def opened(places: Places, uri: str) -> Artifacts:
    """The artifacts at a place that is kept with a run.

    Raises:
        Malformed: they are in an object store, but not below our root: callers name such places, and we have credentials.
    """
    if not uri.startswith("file://"):
        below(places, uri)
    return Artifacts(uri)


def _source(store: Store, name: str, version: int) -> str:
    return files_of(store, store.registry.version(name, version))


def files_of(store: Store, found: ModelVersion) -> str:
    """Where the files of a version are."""
    uri = found.location or found.source
    if of_run := OF_RUN.fullmatch(uri):
        return f"{exact(store, of_run[1]).artifact_uri}/{of_run[2]}"
    return uri


def _places(request: Request) -> Places:
    places: Places = request.app.state.tracking.places
    return places


def _given(request: Request, *names: str) -> str:
    for name in names:
        if value := request.query_params.get(name):
            return value
    raise Malformed(f"Missing value for required parameter {names[0]!r}.")

"""What a directory among the artifacts of a run holds, and views of its files."""

from hashlib import file_digest
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.errors import TrackingError
from runner.server.artifacts import paths
from runner.server.artifacts.files import Entry
from runner.server.artifacts.served import served
from runner.server.errors import Malformed
from runner.server.mlflow import wire
from runner.server.mlflow.runs import exact
from runner.server.native import boxed, documents
from runner.server.native.documents import RECORD
from runner.server.native.files import opened, size_of
from runner.server.native.looking import look
from runner.server.native.looking.shapes import ViewFile
from runner.server.native.operation import json, query, view
from runner.server.native.overview_shapes import ArtifactEntry, ArtifactList
from runner.tracking.artifacts import Artifacts
from runner.tracking.model import Run

MOST = 10_000
LARGEST = 4 * 1024**3  # bytes of a file whose digest is made when somebody asks


class ListArtifacts(wire.Request):
    """Which directory; the top, unless given."""

    path: Annotated[str, Meta(max_length=2000)] = ""


class ArtifactDigest(Struct, kw_only=True):
    """What is in a file, in one word: `sha256:` and 64 hexadecimal digits."""

    path: str
    size: int
    digest: str


async def artifacts(request: Request) -> Response:
    """GET /runs/{run_id}/artifacts."""
    asked = query(request, ListArtifacts)
    run = await run_in_threadpool(lambda: _run(request))
    place = paths.checked(asked.path) if asked.path else ""
    whole = await boxed.located(request, run, place)
    found = await served(request).files.list(whole)
    digests = await run_in_threadpool(lambda: _digests(request, run))
    entries = [_entry(each, place, digests) for each in found[:MOST]]
    return json(ArtifactList(path=place, entries=entries, more=len(found) > MOST))


async def looked_at(request: Request) -> Response:
    """GET /runs/{run_id}/view/{path}."""
    asked = query(request, ViewFile)
    run = await run_in_threadpool(lambda: _run(request))
    path = paths.checked(request.path_params["path"])
    await boxed.located(request, run, path)
    return await run_in_threadpool(lambda: _looked_at(run, path, asked))


async def digest(request: Request) -> Response:
    """GET /runs/{run_id}/digest/{path}."""
    run = await run_in_threadpool(lambda: _run(request))
    path = paths.checked(request.path_params["path"])
    await boxed.located(request, run, path)
    return await run_in_threadpool(lambda: json(_digest(run, path)))


def _digest(run: Run, path: str) -> ArtifactDigest:
    with opened(Artifacts(run.artifact_uri), path) as file:
        size = size_of(file)
        if size > LARGEST:
            raise Malformed(f"{path!r} has more than {LARGEST} bytes: its digest is to be made where it lies")
        return ArtifactDigest(
            path=path, size=size, digest=f"sha256:{file_digest(file, 'sha256').hexdigest()}"
        )


def _looked_at(run: Run, path: str, asked: ViewFile) -> Response:
    with opened(Artifacts(run.artifact_uri), path) as file:
        try:
            return json(look(file, path, asked))
        except UnicodeEncodeError as error:  # JSON may tell of halves of characters
            raise TrackingError(f"{path!r} holds what is no text") from error


def _run(request: Request) -> Run:
    return exact(view(request), request.path_params["run_id"])


def _entry(found: Entry, place: str, digests: dict[str, str]) -> ArtifactEntry:
    path = f"{place}/{found.name}" if place else found.name
    return ArtifactEntry(
        name=found.name,
        path=path,
        directory=found.size is None,
        size=found.size,
        digest=digests.get(path, ""),
    )


def _digests(request: Request, run: Run) -> dict[str, str]:
    """Those in the record of the run, which is a stranger's."""
    tracking = request.app.state.tracking
    record = documents.of(run, tracking.places, tracking.native.home).json(RECORD) or {}
    kept: Any = record.get("artifacts")
    return {
        each["path"]: each["digest"]
        for each in (kept if isinstance(kept, list) else ())
        if isinstance(each, dict)
        and isinstance(each.get("path"), str)
        and isinstance(each.get("digest"), str)
    }

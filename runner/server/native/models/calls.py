"""The calls about registered models: what pages about them show, and aliases that are moved with a reason."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.server.access.caller import Caller
from runner.server.app import Tracking
from runner.server.native.models import files, listing, looking, moves
from runner.server.native.models.shapes import (
    ListModels,
    LookAtModel,
    LookAtVersion,
    ModelLook,
    ModelRows,
    Move,
    MoveAlias,
)
from runner.server.native.models.version_shapes import VersionLook
from runner.server.native.operation import Operation, json, query, sent, view
from runner.tracking.store import Store


async def list_models(request: Request) -> Response:
    """GET /models."""
    asked = query(request, ListModels)
    return await run_in_threadpool(lambda: json(listing.rows(view(request), asked)))


async def look_at_model(request: Request) -> Response:
    """GET /models/look."""
    asked = query(request, LookAtModel)
    return await run_in_threadpool(lambda: json(listing.look(view(request), asked.name)))


async def look_at_version(request: Request) -> Response:
    """GET /models/versions/look."""
    asked = query(request, LookAtVersion)
    known = await run_in_threadpool(lambda: looking.known(view(request), asked.name, asked.version))
    packed = await files.packed(request, known)
    return await run_in_threadpool(lambda: json(_told(request, known, packed)))


async def move_alias(request: Request) -> Response:
    """POST /models/aliases."""
    asked = await sent(request, MoveAlias)
    tracking: Tracking = request.app.state.tracking
    caller: Caller = request.state.caller

    def move(store: Store) -> Move:
        return moves.move(store, asked, who=caller.user)

    if tracking.writer is None:
        return json(await run_in_threadpool(lambda: move(view(request))))
    return json(await tracking.writer.change(caller.view, move))


def _told(request: Request, known: looking.Known, packed: files.Packed | None) -> VersionLook:
    tracking = request.app.state.tracking
    answer = looking.told(view(request), known, tracking.places, tracking.native.home)
    if packed is not None:
        files.add(answer, packed, request, known)
    return answer


OPERATIONS: Sequence[Operation] = (
    Operation("GET", "/models", "listModels", "Registered models, a page of them", list_models, ModelRows, ListModels),
    Operation("GET", "/models/look", "readModel", "A registered model with its versions", look_at_model, ModelLook, LookAtModel),
    Operation(
        "GET", "/models/versions/look", "readVersion", "A version: where it comes from, what its files say",
        look_at_version, VersionLook, LookAtVersion,
    ),
    Operation("POST", "/models/aliases", "moveAlias", "Move an alias, and say why", move_alias, Move, MoveAlias),
)  # fmt: skip

"""What the routes answer from, and who may."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from runner.server.access.caller import Caller
from runner.server.artifacts.files import Files
from runner.tracking.store import Store


@dataclass(frozen=True, slots=True)
class ServedArtifacts:
    """`largest` is the size of the largest upload; `direct`: clients may also get artifacts by signed URLs."""

    files: Files
    largest: int
    direct: bool = False


def view(request: Request) -> Store:
    """The store as the caller may see and change it."""
    caller: Caller = request.state.caller
    whole: Store = request.app.state.tracking.store
    return caller.view(whole)


def served(request: Request) -> ServedArtifacts:
    found: ServedArtifacts = request.app.state.tracking.artifacts
    return found


async def check(request: Request, path: str, *, write: bool = False, delete: bool = False) -> None:
    """Raises unless the caller may read there, or write, or delete."""
    await run_in_threadpool(lambda: view(request).check_artifacts(path, write=write, delete=delete))

"""Static files, at a path with a digest of all of them: browsers keep them for ever, and a new version is another path.

/static/<version>/lib.js, charts.js, pages/runs.js    modules, joined (see `joining`)
/static/<version>/style/runs.css                      style, joined (see `styles`)
/static/<version>/lib/stream-worker.js, icon.svg ...  as they are
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from runner.server.ui import styles
from runner.server.ui.joining import ALONE, Joining
from runner.server.ui.policy import PAGE_POLICY

HERE = Path(__file__).parent
DIRECTORY = HERE / "static"
ICON = "icon.svg"
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class File:
    """As it is sent."""

    content: bytes
    compressed: bytes
    media_type: str


@cache
def version() -> str:
    """Another one for each change in any file, and in how they are joined."""
    digest = hashlib.sha256()
    for file in sorted([*DIRECTORY.rglob("*.*"), *HERE.glob("*.py")]):
        digest.update(file.relative_to(HERE).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def place() -> str:
    """The path below which they are."""
    return f"/static/{version()}"


def modules(page: str) -> Sequence[str]:
    """Paths of all that a page's module needs: a browser that is told asks for them at once."""
    file = f"pages/{page}.js"
    return [*_joining().needed(file), file]


async def answer(request: Request) -> Response:
    """One of them."""
    found = await run_in_threadpool(_file, request.path_params["path"])
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such file")
    headers = {
        "Cache-Control": FOR_EVER,
        "Content-Security-Policy": PAGE_POLICY,  # a worker is held to that of its own file
        "Vary": "Accept-Encoding",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.compressed, headers=headers, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)


def _file(path: str) -> File | None:
    """What has no name that we know is not looked for."""
    known = path in _joining().files or path in ALONE or path == ICON or path in _styles()
    return _made(path) if known else None


@cache
def _made(path: str) -> File:
    content = _text(path).encode()
    media_type = mimetypes.guess_type(path)[0] or "text/plain"
    return File(content, gzip.compress(content, mtime=0), media_type)


def _text(path: str) -> str:
    if path in _joining().files:
        return _joining().text(path)
    return styles.joined(DIRECTORY, path) if path in _styles() else (DIRECTORY / path).read_text()


@cache
def _joining() -> Joining:
    return Joining(DIRECTORY)


@cache
def _styles() -> frozenset[str]:
    return frozenset(file.relative_to(DIRECTORY).as_posix() for file in DIRECTORY.glob("style/*.css"))

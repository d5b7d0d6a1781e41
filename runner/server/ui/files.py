"""Static files, at a path with a digest of all of them: browsers keep them for ever, and a new version is another path."""

import hashlib
import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from runner.server.ui.policy import PAGE_POLICY

DIRECTORY = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
IMPORT = re.compile(r'^(?:import|export)\b[^"();]*"(\.{1,2}/[^"]+)"', re.MULTILINE)  # not those at run time


@cache
def version() -> str:
    """Another one for each change in any file."""
    digest = hashlib.sha256()
    for file in sorted(DIRECTORY.rglob("*.*")):
        digest.update(file.relative_to(DIRECTORY).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def place() -> str:
    """The path below which they are."""
    return f"/static/{version()}"


@cache
def modules(*first: str) -> Sequence[str]:
    """Paths of all modules that these import, themselves or by way of others: a browser that is told asks for them at once."""
    found = list(first)
    for path in found:  # which grows
        found += [each for each in _imports(path) if each not in found]
    return found


def _imports(path: str) -> Iterator[str]:
    for named in dict.fromkeys(IMPORT.findall((DIRECTORY / path).read_text())):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(path), named))


class Files(StaticFiles):
    """Modules import each other by relative paths, so all of them have the version in their path."""

    def __init__(self) -> None:
        super().__init__(directory=DIRECTORY)

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = FOR_EVER
        answer.headers["Content-Security-Policy"] = PAGE_POLICY  # a worker is held to that of its own file
        return answer

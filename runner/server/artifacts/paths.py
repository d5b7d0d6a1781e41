"""From what a request names to a path below the root of all artifacts. Every path of every request goes through here, once.

<experiment>/<run>/artifacts/...
<experiment>/models/<model>/artifacts/...
<experiment>/traces/<trace>/artifacts/...
"""

from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from runner.errors import TrackingError
from runner.server.errors import Malformed
from runner.tracking.artifacts import safe

LONGEST, LONGEST_NAME, DEEPEST = 900, 255, 64  # bytes (S3 allows 1024, with the root), bytes, names
KINDS = frozenset({"models", "traces"})


def named(request: Request, prefix: str) -> str:
    """The path behind `prefix` in the URL, decoded once. Clients do not escape `?`: what follows is part of the name."""
    _, found, raw = request.scope["raw_path"].partition(prefix.encode())
    query: bytes = request.scope["query_string"]
    try:
        text = unquote_to_bytes(raw + (b"?" + query if query else b"")).decode()
    except UnicodeDecodeError as error:
        raise Malformed("the path of an artifact is not UTF-8") from error
    if not found:
        raise Malformed("the path of this request is escaped where it need not be")
    return text


def checked(path: str) -> str:
    """The path itself.

    Raises:
        Malformed: it leads out of the root, is not in its simplest form, holds control characters, or is too long.
    """
    try:
        safe(path)
        parts = [part.encode() for part in path.split("/")]
    except (TrackingError, UnicodeEncodeError) as error:
        raise Malformed(f"Invalid path {path!r}", hint="a relative one, without . and .. and //") from error
    if len(parts) > DEEPEST or max(map(len, parts)) > LONGEST_NAME or sum(map(len, parts)) > LONGEST:
        raise Malformed(
            f"Invalid path: it is too long. At most {LONGEST} bytes, {LONGEST_NAME} of each name, {DEEPEST} names"
        )
    return path


def writable(path: str) -> str:
    """The path itself, if a client may write there: it names something among the artifacts of a run or a model."""
    return _within(checked(path), names=1)


def deletable(path: str) -> str:
    """The path itself, if a client may delete it: as `writable`, or all artifacts of a run or a model."""
    return _within(checked(path), names=0)


def _within(path: str, *, names: int) -> str:
    parts = path.split("/")
    above = 3 if len(parts) > 1 and parts[1] in KINDS else 2
    if len(parts) < above + 1 + names or parts[above] != "artifacts":
        raise Malformed(
            f"Invalid path {path!r}: only artifacts of runs and models can be written and deleted",
            hint="<experiment>/<run>/artifacts/..., as `artifact_uri` of the run says",
        )
    return path

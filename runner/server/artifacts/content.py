"""An artifact as an answer to GET and HEAD. What a run wrote is not ours: no browser may run it with the rights of our pages."""

import mimetypes
import re
from collections.abc import Callable, Mapping
from email.utils import format_datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from runner.server.artifacts.files import PIECE, Content, Files, Stat
from runner.server.errors import shaped

SANDBOX = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'"
    " blob: data:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    " media-src 'self' data: blob:; worker-src blob:; connect-src data: blob:; form-action 'none'; base-uri 'none'"
)
# Everything else is for download: browsers run HTML, SVG and XML, and guess where they are told nothing.
SHOWN = frozenset(
    "image/png image/jpeg image/gif image/webp image/avif text/plain text/csv application/json application/pdf".split()
)
SHOWN_KINDS = ("audio/", "video/")
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


async def answered(
    request: Request, files: Files, path: str, guarded: Callable[[str], Mapping[str, str]] | None = None
) -> Response:
    """The artifact, the part of it that was asked for, or that it is what the caller has already; with the headers `guarded`."""
    asked, own = request.headers, (guarded or guarding)(path)
    if request.method != "HEAD" and not {"range", "if-none-match"}.intersection(asked):
        return await _sent(await files.get(path), own)
    stat = await files.stat(path)
    headers = _headers(stat, own)
    if _holds(asked.get("if-none-match", ""), stat.etag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(stat.size)})
    if asked.get("if-range", stat.etag) != stat.etag or not (
        wanted := RANGE.fullmatch(asked.get("range", ""))
    ):
        return await _sent(await files.get(path), own)
    span = _span(wanted[1], wanted[2], stat.size)
    if span is None:
        told = shaped("INVALID_PARAMETER_VALUE", f"The artifact has {stat.size} bytes: not {asked['range']}")
        return JSONResponse(told, 416, {"Content-Range": f"bytes */{stat.size}"})
    return await _sent(await files.get(path, span), own, partial=True)


async def _sent(content: Content, own: Mapping[str, str], *, partial: bool = False) -> Response:
    headers = _headers(content.stat, own)
    headers["Content-Length"] = str(content.end - content.start)
    if partial:
        headers["Content-Range"] = f"bytes {content.start}-{content.end - 1}/{content.stat.size}"
    status = 206 if partial else 200
    if content.end - content.start <= PIECE:
        return Response(b"".join([piece async for piece in content.pieces]), status, headers)
    return StreamingResponse(content.pieces, status, headers)


def _span(first: str, last: str, size: int) -> tuple[int, int] | None:
    """The bytes that a range means; None: there are none of them."""
    if first:
        start, end = int(first), min(int(last) + 1, size) if last else size
    else:
        start, end = max(size - int(last or 0), 0), size
    return (start, end) if start < end else None


def _holds(etags: str, etag: str) -> bool:
    known = {item.strip().removeprefix("W/") for item in etags.split(",")}
    return bool(known & {etag, "*"})


def _headers(stat: Stat, own: Mapping[str, str]) -> dict[str, str]:
    return {
        **own,
        "ETag": stat.etag,
        "Last-Modified": format_datetime(stat.modified, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
    }


def guarding(path: str) -> Mapping[str, str]:
    """Headers that keep a browser from running the artifact."""
    name, kind = path.rpartition("/")[2], kind_of(path)
    shown = kind in SHOWN or kind.startswith(SHOWN_KINDS)
    return {
        "Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        "Content-Disposition": disposition("inline" if shown else "attachment", name),
        "Content-Security-Policy": SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def kind_of(path: str) -> str:
    """The media type, by the name alone."""
    return mimetypes.guess_type(path.rpartition("/")[2], strict=False)[0] or "application/octet-stream"


def disposition(how: str, name: str) -> str:
    """RFC 6266: a name that old clients understand, and the name as it is."""
    plain = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", name)
    exact = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{how}; filename="{plain}"{exact}'

"""What is logged of requests: lines of JSON on stderr, without bodies, queries and headers, which may hold secrets."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from http import HTTPStatus
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

TOKEN = re.compile("^/boxed/[^/]*")  # who knows it may read

SUSPICIOUS = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


class RequestLog:
    """ASGI middleware around all else. Failed requests are logged, and the others with `every`."""

    def __init__(self, app: ASGIApp, *, every: bool) -> None:
        self._app = app
        self._every = every

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = perf_counter()

        async def watching(message: Message) -> None:
            if message["type"] == "http.response.start" and (self._every or message["status"] >= 400):  # noqa: PLR2004
                self._log(scope, message["status"], perf_counter() - start)
            await send(message)

        await self._app(scope, receive, watching)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        level = logging.INFO
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            level = logging.ERROR
        elif status in SUSPICIOUS:
            level = logging.WARNING
        log.log(level, "request", extra={"request": _told(scope, status, seconds)})


def _told(scope: Scope, status: int, seconds: float) -> dict[str, Any]:
    caller, client = scope.get("state", {}).get("caller"), scope.get("client")
    return {
        "method": scope["method"],
        "path": TOKEN.sub("/boxed/...", scope["path"]),
        "status": status,
        "ms": round(seconds * 1000, 1),
        "user": caller.user if caller else "",
        "address": client[0] if client else "",
    }


class JsonLines(logging.Formatter):
    """One object in one line, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "request", {}),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told)


def log_to_stderr(level: str, *, every: bool) -> None:
    """From `level` on; every request, if asked for, at whatever level."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if every:
        log.setLevel(logging.INFO)

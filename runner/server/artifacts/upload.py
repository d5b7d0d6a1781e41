"""The body of an upload: pieces in order, never all of it; its digests; an end to what is too long or does not go on."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from runner.server.artifacts.files import PIECE
from runner.server.errors import Malformed, TooLarge

IDLE = 120.0  # seconds for the next bytes
SMALL = 64 * 1024  # bytes that are hashed faster than another thread is asked to
DIGEST = re.compile(r"\s*(sha-256|sha-512)\s*=\s*:([A-Za-z0-9+/=]*):\s*", re.IGNORECASE)  # RFC 9530
HEADERS = ("content-digest", "repr-digest")


class Hash(Protocol):
    """Of hashlib."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class Upload:
    """One body. `pieces` raises before its end if the body is not what its headers say."""

    def __init__(self, request: Request, *, largest: int) -> None:
        length = request.headers.get("content-length", "")
        self.size = int(length) if length.isdecimal() else None
        self._request = request
        self._largest = largest
        self._sha256 = hashlib.sha256()
        self._expected = _expected(request)
        self._refuse(self.size or 0)

    @property
    def digest(self) -> str:
        """The SHA-256 of what came, as RFC 9530 writes it."""
        return f"sha-256=:{base64.b64encode(self._sha256.digest()).decode()}:"

    async def pieces(self) -> AsyncIterator[bytes]:
        size, piece, more = 0, bytearray(), True
        while more:
            body, more = await self._message()
            piece += body
            size += len(body)
            self._refuse(size)
            if len(piece) >= PIECE or (piece and not more):
                whole = bytes(piece)
                await self._seen(whole)
                if not more:
                    self._check()
                yield whole
                piece.clear()
        self._check()

    async def _message(self) -> tuple[bytes, bool]:
        try:
            async with asyncio.timeout(IDLE):
                message = await self._request.receive()
        except TimeoutError as error:
            raise HTTPException(408, "The body of the request does not go on") from error
        if message["type"] == "http.disconnect":
            raise HTTPException(400, "The connection ended before the body of the request")
        return message.get("body", b""), message.get("more_body", False)

    async def _seen(self, piece: bytes) -> None:
        for digest in (self._sha256, *(digest for digest, _ in self._expected)):
            if len(piece) < SMALL:
                digest.update(piece)
            else:
                await run_in_threadpool(digest.update, piece)

    def _refuse(self, size: int) -> None:
        if size > self._largest:
            raise TooLarge(
                f"The artifact is larger than {self._largest} bytes, the most that this server takes"
            )

    def _check(self) -> None:
        for digest, expected in self._expected:
            if digest.digest() != expected:
                raise Malformed(
                    "The artifact does not have the digest that its header says: it was not stored"
                )


def _expected(request: Request) -> list[tuple[Hash, bytes]]:
    """The digests that headers promise, each with what computes it."""
    found: list[tuple[Hash, bytes]] = []
    if md5 := request.headers.get("content-md5"):
        found.append((hashlib.md5(usedforsecurity=False), _decoded(md5)))
    items = ",".join(request.headers.get(header, "") for header in HEADERS).split(",")
    promised = [fits for item in items if (fits := DIGEST.fullmatch(item))]
    return found + [(hashlib.new(fits[1].lower().replace("-", "")), _decoded(fits[2])) for fits in promised]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Malformed(f"{text!r} is no digest in base64") from error

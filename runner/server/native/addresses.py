"""Long addresses of pages under short ones: what `/v/<id>` leads to. The same address has the same id, so one is kept once.

An address says what somebody looks at, not what is there: who follows it sees what they may see.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.errors import NotFound
from runner.files import sha256, write_atomically
from runner.server.errors import Malformed
from runner.server.mlflow import wire
from runner.server.native.operation import JSON, Operation, json

MOST = 5000  # that are kept: those that nobody has kept again for longest go first
LONGEST = 30_000  # characters: a browser has to send them again
LENGTH = 16  # characters of an id
Address = Annotated[str, Meta(max_length=LONGEST, pattern=r"^/(runs|compare)\?[!-~]*$")]  # ours alone


class KeepAddress(wire.Request):
    """What stands behind the host: `/runs?...` or `/compare?...`."""

    address: Address


class KeptAddress(Struct, kw_only=True):
    """Where it is found again."""

    short: str


class Addresses:
    """A file for each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, address: str) -> str:
        """Its id."""
        name = sha256(address)[:LENGTH]
        file = self._directory / name
        if file.exists():
            os.utime(file)
            return name
        self._directory.mkdir(parents=True, exist_ok=True)
        write_atomically(file, address)
        self._tidy()
        return name

    def find(self, name: str) -> str:
        """
        Raises:
            NotFound: no address has that id, or none has it any more.
        """
        try:
            if len(name) == LENGTH and name.isalnum():
                return (self._directory / name).read_text()
        except FileNotFoundError:
            pass
        raise NotFound(f"there is no address {name!r}", hint="it may have been kept too long ago")

    def _tidy(self) -> None:
        files = [file for file in self._directory.iterdir() if len(file.name) == LENGTH]  # whole ones
        for file in sorted(files, key=_kept_again, reverse=True)[MOST:]:
            file.unlink(missing_ok=True)


def _kept_again(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # somebody else tidies, too
        return 0.0


async def keep(request: Request) -> Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:  # a form, which any page can send
        raise Malformed(f"Bad Request. Content-Type must be one of ['{JSON}'].")
    asked = wire.decoded(KeepAddress, await request.body())
    addresses: Addresses = request.app.state.tracking.native.addresses
    return json(KeptAddress(short=f"/v/{await run_in_threadpool(lambda: addresses.keep(asked.address))}"))


OPERATIONS: Sequence[Operation] = (
    Operation("POST", "/addresses", "keepAddress", "A short address for a long one", keep, KeptAddress, KeepAddress),
)  # fmt: skip

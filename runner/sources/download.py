"""http(s) into the cache: streamed, capped, checked, kept by digest, asked again only with its ETag.

downloads/
    known/<digest of the URL>    what the server called the content last
    content/<digest>/<name>      the content
"""

import json
import os
import re
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256 as new_sha256
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from runner.errors import RunnerError
from runner.files import sha256, write_atomically
from runner.progress import Phase
from runner.settings import Settings
from runner.sources.model import Login

_BLOCK = 1 << 18
_TIMEOUT = 30.0  # seconds without a byte
_OK, _NOT_MODIFIED = 200, 304


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What a URL gave last; etag and modified are the server's words for that content."""

    digest: str
    name: str
    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One URL on its way into the cache. `failure` is the kind of error to raise, `limit` the most bytes to take."""

    url: str
    settings: Settings
    phase: Phase
    failure: type[RunnerError]
    login: Login | None = None
    limit: int | None = None

    def fetch(self) -> tuple[Path, str]:
        """The file and its SHA-256.

        Raises:
            RunnerError: of the kind `failure`.
        """
        known = self._known()
        if self.settings.offline:
            if known is None:
                raise self.failure(
                    f"offline, and {self.url} is not in the cache", hint="run it once with network"
                )
            return self._path(known), known.digest
        self.phase.update(f"asking {self.url}")
        try:
            with _opener().open(self._request(known), timeout=_TIMEOUT) as response:
                known = self._receive(response)
        except HTTPError as error:
            error.close()
            if error.code != _NOT_MODIFIED or known is None:
                raise self._refused(error.code, error.reason) from error
        except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise self.failure(
                f"{self.url} cannot be reached: {reason}", hint="check the address and the network"
            ) from error
        except OSError as error:
            raise self.failure(f"cannot keep {self.url} in {self._home}: {error.strerror}") from error
        return self._path(known), known.digest

    @property
    def etag(self) -> str | None:
        """What the server called the content that is in the cache."""
        known = self._known()
        return known.etag if known else None

    def _request(self, known: _Known | None) -> Request:
        request = _request(self.url, self.login)
        if known and known.etag:
            request.add_header("If-None-Match", known.etag)
        elif known and known.modified:
            request.add_header("If-Modified-Since", known.modified)
        return request

    def _receive(self, response: HTTPResponse) -> _Known:
        declared = response.headers.get("Content-Length", "")
        length = int(declared) if declared.isdecimal() else None
        self._check_size(length or 0)
        self._home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._home, prefix="partial-") as file:
            size, digest = self._copy(response, file, length)
            if length is not None and size != length:
                raise self.failure(
                    f"{self.url}: the connection broke after {size} of {length} bytes", hint="run again"
                )
            known = _Known(
                digest=digest,
                name=_file_name(self.url),
                etag=response.headers.get("ETag"),
                modified=response.headers.get("Last-Modified"),
            )
            file.flush()
            self._keep(Path(file.name), known)
        write_atomically(self._note, json.dumps(asdict(known)))
        return known

    def _copy(self, response: HTTPResponse, file: IO[bytes], length: int | None) -> tuple[int, str]:
        digest, size = new_sha256(), 0
        while block := response.read(_BLOCK):
            size += len(block)
            self._check_size(size)
            digest.update(block)
            file.write(block)
            done = f"{size * 100 // length}%" if length else f"{size >> 20} MB"
            self.phase.update(f"downloading {self.url}: {done}")
        return size, digest.hexdigest()

    def _check_size(self, size: int) -> None:
        if self.limit is not None and size > self.limit:
            raise self.failure(
                f"{self.url} is larger than {self.limit >> 20} MB", hint="download and unpack it yourself"
            )

    def _keep(self, file: Path, known: _Known) -> None:
        path = self._path(known)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        os.link(file, aside)
        aside.chmod(0o644)
        aside.replace(path)

    def _refused(self, code: int, reason: object) -> RunnerError:
        hints: Mapping[int, str] = {
            401: "it wants a login: https://user:password@host/... (never recorded)",
            403: "it wants another login, or has no such file",
            404: "check the address",
        }
        return self.failure(f"{self.url}: the server answers {code} {reason}", hint=hints.get(code))

    # where things are ----------------------------------------------------------------------------------------
    @property
    def _home(self) -> Path:
        return self.settings.cache / "downloads"

    @property
    def _note(self) -> Path:
        return self._home / "known" / sha256(self.url)[:32]

    def _path(self, known: _Known) -> Path:
        return self._home / "content" / known.digest / known.name

    def _known(self) -> _Known | None:
        try:
            known = _Known(**json.loads(self._note.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        path = self._path(known)
        if not path.is_file():
            return None
        os.utime(path.parent)  # used, says `prune`
        return known


def _file_name(url: str) -> str:
    last = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    return re.sub(r"[^\w.+ -]", "_", last).lstrip(".-")[-128:] or "download"


def head(url: str, *, login: Login | None, timeout: float) -> Mapping[str, str] | None:
    """What the server says of the content without sending it, names in small letters; None where it says nothing good in time."""
    request = _request(url, login)
    request.method = "HEAD"
    try:
        with _opener().open(request, timeout=timeout) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return headers if response.status == _OK else None
    except (HTTPError, URLError, HTTPException, OSError, ValueError):
        return None


def _request(url: str, login: Login | None) -> Request:
    request = Request(url, headers={"User-Agent": "runner", "Accept-Encoding": "identity"})  # noqa: S310
    if login:
        pair = f"{login.user}:{login.password or ''}"
        request.add_unredirected_header("Authorization", f"Basic {b64encode(pair.encode()).decode()}")
    return request


def _opener() -> OpenerDirector:
    """http and https only: a redirect to a file or to ftp fails."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler,
        HTTPHandler,
        HTTPSHandler,
        HTTPDefaultErrorHandler,
        HTTPRedirectHandler,
        HTTPErrorProcessor,
        UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener

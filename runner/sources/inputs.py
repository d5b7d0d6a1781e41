"""Inputs of a run that are somewhere else: `path` parameters given as URI become files in the cache."""

from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

from runner.errors import InputError
from runner.progress import Phase
from runner.settings import Settings
from runner.sources.address import scheme, split_credentials

OBJECT_STORES = frozenset({"s3", "s3a", "gs", "az", "abfs", "abfss", "azure", "adl"})


def is_remote(value: str) -> bool:
    """Whether the value of a `path` parameter is a URI, to be fetched, and no path.

    >>> is_remote("s3://bucket/data.csv"), is_remote("data.csv")
    (True, False)
    """
    return scheme(value) is not None


def fetch_input(uri: str, *, settings: Settings, phase: Phase) -> Path:
    """The file or directory that `uri` names, on this machine: in the cache, or in place for file://.

    Raises:
        InputError: it cannot be had.
    """
    found = scheme(uri)
    if found == "file":
        return _local(uri)
    fetched: Path
    if found in {"http", "https"}:
        download = import_module("runner.sources.download")  # urllib, which most runs do not need
        url, login = split_credentials(uri)
        fetching = download.Download(url=url, login=login, settings=settings, phase=phase, failure=InputError)
        fetched, _ = fetching.fetch()
        return fetched
    if found in OBJECT_STORES:
        fetched = import_module("runner.sources.objects").fetch(
            uri, settings=settings, phase=phase
        )  # obstore
        return fetched
    raise InputError(
        f"{found or uri!r} is no scheme of an input",
        hint="use a path, http(s)://, file://, s3://, gs:// or az://",
    )


def local_file(uri: str) -> Path | None:
    """Where a `file:` URI leads on this machine; None for another URI, and where nothing is."""
    if scheme(uri) != "file":
        return None
    try:
        return _local(uri)
    except InputError:
        return None


def _local(uri: str) -> Path:
    parts = urlsplit(uri)
    path = Path(unquote(parts.path))
    if parts.netloc not in {"", "localhost"}:
        raise InputError(f"{uri!r} names another machine", hint="a file URL has three slashes: file:///path")
    if not path.exists():
        raise InputError(f"there is no file or directory {path}")
    return path

"""From what a person calls a run to the run as it was recorded.

8f3c21e9, amber-falcon-212, -1                          a run of the current store
http://server/#/experiments/0/runs/8f3c21e9...          a run on a server, as the address line of a browser has it
run.zip                                                 a bundle
"""

import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

from msgspec.structs import replace

from runner.errors import InputError, TrackingError, UsageError
from runner.progress import Progress
from runner.records import Recorded, reading
from runner.settings import Settings
from runner.tracking import open_store

SERVER = ("http://", "https://")
BUNDLE = ".zip"
_RUN = re.compile(r"(?P<before>.*?)/(?:experiments/[^/]+/)?runs/(?P<run>[0-9A-Za-z_-]{4,})(?:/|$)")
_API = re.compile(r"/(?:ajax-)?api/(?:2\.0/mlflow|3\.0/mlflow|runner/1)$")
CREDENTIALS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")


@dataclass(frozen=True, slots=True)
class RunAddress:
    """A run on a server: its tracking URI, and the id."""

    server: str
    run: str

    @classmethod
    def parse(cls, url: str) -> "RunAddress":
        """The run that a URL shows, in MLflow's pages or ours.

        >>> RunAddress.parse("http://host:5000/ml/#/experiments/0/runs/8f3c21e9/artifacts")
        RunAddress(server='http://host:5000/ml', run='8f3c21e9')

        Raises:
            UsageError: it names no run.
        """
        parts = urlsplit(url)
        if in_fragment := _RUN.match(parts.fragment.partition("?")[0]):
            path, run = parts.path, in_fragment["run"]
        elif in_path := _RUN.match(parts.path):
            path, run = in_path["before"], in_path["run"]
        elif asked := parse_qs(parts.query).get("run_id"):
            path, run = parts.path.partition("/runs/")[0], asked[0]
        else:
            raise UsageError(
                f"{_public(url)} names no run",
                hint="copy the address of the run's page: http://SERVER/#/experiments/0/runs/ID",
            )
        path = _API.sub("", path.rstrip("/"))
        return cls(urlunsplit((parts.scheme, parts.netloc, path, "", "")), run)


@contextmanager
def found(reference: str, settings: Settings, progress: Progress | None = None) -> Iterator[Recorded]:
    """The run that `reference` names, good for as long as the block.

    Raises:
        NotFound: there is no such run.
        Unrepeatable: it does not say how it was executed.
        RunnerError: its store cannot be opened, or the file is no bundle.
    """
    with _opening(reference, settings, progress or Progress()) as recorded:
        yield recorded


def _opening(reference: str, settings: Settings, progress: Progress) -> AbstractContextManager[Recorded]:
    if reference.startswith(SERVER):
        address = RunAddress.parse(reference)
        return _stored(address.run, _for_server(settings, address.server), progress, uri=address.server)
    if reference.endswith(BUNDLE):
        return _bundled(Path(reference).expanduser(), settings)
    return _stored(reference, settings, progress)


@contextmanager
def _stored(
    reference: str, settings: Settings, progress: Progress, uri: str | None = None
) -> Iterator[Recorded]:
    with closing(open_store(settings, uri)) as store:
        with suppress(TrackingError):  # who only reads needs no permission to write
            store.expire_leases(time.time_ns() // 1_000_000)
        yield reading.read(store, reference, settings=settings, progress=progress)


def _bundled(path: Path, settings: Settings) -> AbstractContextManager[Recorded]:
    if not path.is_file():
        raise InputError(f"there is no bundle {path}", hint="`runner export RUN OUT.zip` makes one")
    # zip files and what is in them are for few commands
    opened: AbstractContextManager[Recorded] = import_module("runner.bundles.reading").opened(path, settings)
    return opened


def _for_server(settings: Settings, server: str) -> Settings:
    """The settings without our own server's credentials, where another server is asked."""
    ours = settings.tracking_uri
    if not ours.startswith(SERVER) or _host(ours) == _host(server):
        return settings
    environ = {name: value for name, value in settings.environ.items() if name not in CREDENTIALS}
    return replace(settings, environ=environ)


def _host(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    return parts.scheme, parts.netloc.rpartition("@")[2]


def _public(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

"""The process in which py-rattler works: a job as JSON on standard input, its answer as JSON on standard output.

ask() in asking.py ──► {"job": "solve", ...} ──► {"answer": ...} or {"failed": class of the error, "text": ...}
                   ◄── what goes on, a line each, on standard error

Started by its path: it knows nothing of the rest of runner, and the rest imports nothing of it. It always ends by
`os._exit`, for py-rattler 0.28 crashes a third of the interpreters that used it when they end in the usual way.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeAlias
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from rattler import (
    BuildString,
    ChannelPriority,
    Client,
    Config,
    Gateway,
    GenericVirtualPackage,
    MatchSpec,
    PackageCache,
    PackageName,
    PackageRecord,
    RepoDataRecord,
    SourceConfig,
    ValidationMode,
    Version,
    VirtualPackage,
    VirtualPackageOverrides,
    install,
    solve,
)
from rattler import __version__ as version
from rattler.exceptions import SolverError
from rattler.networking.middleware import (
    AddHeadersMiddleware,
    AuthenticationMiddleware,
    GCSMiddleware,
    MirrorMiddleware,
    OciMiddleware,
    RetryMiddleware,
    S3Middleware,
)
from rattler.shell import ActivationVariables, Shell, activate

Request: TypeAlias = Mapping[str, Any]

APPLICATION = "runner"  # whose configuration files rattler looks for, beside those of all its applications
PAUSE = 0.1  # seconds between two lines of progress


class WrongHash(Exception):
    """A file is not the one that is wanted."""


class NotCached(Exception):
    """Something must be fetched, and we may not."""


async def solved(request: Request) -> dict[str, Any]:
    """The packages that meet `specs`, for each platform."""
    gateway = Gateway(
        cache_dir=Path(request["cache"]),
        client=client(request),
        default_config=SourceConfig(
            cache_action="force-cache-only" if request["offline"] else "cache-or-fetch"
        ),
    )
    return {
        "solver": f"rattler {version}",
        "packages": {
            platform: [told(record) for record in await solution(request, platform, gateway)]
            for platform in request["platforms"]
        },
    }


async def solution(request: Request, platform: str, gateway: Gateway) -> list[RepoDataRecord]:
    """As conda's `channel_priority`: a flexible one takes a package from a lower channel where it cannot be had otherwise."""
    flexible = request["priority"] == "flexible" and len(request["channels"]) > 1
    strict = ChannelPriority.Disabled if request["priority"] == "disabled" else ChannelPriority.Strict
    try:
        return await attempt(request, platform, gateway, strict)
    except SolverError:
        if not flexible:
            raise
    return await attempt(request, platform, gateway, ChannelPriority.Disabled)


async def attempt(
    request: Request, platform: str, gateway: Gateway, priority: ChannelPriority
) -> list[RepoDataRecord]:
    moment = request["as_of"] and datetime.fromisoformat(request["as_of"]).astimezone(UTC)
    return await solve(
        request["channels"],
        [
            MatchSpec(spec) for spec in request["specs"]
        ],  # as texts they would be read more strictly than conda does
        gateway=gateway,
        platforms=[platform, "noarch"],  # type: ignore[list-item]
        virtual_packages=virtual_packages(request["virtual"][platform]),
        channel_priority=priority,
        exclude_newer=moment,
    )


def virtual_packages(named: Sequence[Sequence[str]] | None) -> list[VirtualPackage | GenericVirtualPackage]:
    """What a machine brings itself: what is named, or what this one has."""
    if named is None:
        return [*VirtualPackage.detect(VirtualPackageOverrides.from_env())]
    return [
        GenericVirtualPackage(PackageName(name), Version(version), BuildString.new_unchecked(build))
        for name, version, build in named
    ]


def told(record: RepoDataRecord) -> dict[str, Any]:
    """What a lock needs of a record."""
    return {
        "name": record.name.normalized,
        "version": str(record.version),
        "url": record.url,
        "md5": record.md5.hex() if record.md5 else None,
        "sha256": record.sha256.hex() if record.sha256 else None,
        "depends": record.depends,
        "site_packages": record.python_site_packages_path,
    }


async def installed(request: Request) -> dict[str, Any]:
    """Put packages into a prefix, each checked against its hash; gives the shell script that activates it."""
    wanted = [read(package) for package in request["packages"]]
    # full: a file that was edited in an environment has changed in the cache as well, for they are one file
    cache = PackageCache.new_layered([request["cache"]], validation_mode=ValidationMode.full())
    for package in request["packages"]:
        check_file(package)
    if request["offline"]:
        await check_cached(wanted, cache)
    await install(
        wanted,
        request["prefix"],
        package_cache=cache,
        client=client(request),
        config=configuration(),
        show_progress=False,
        reporter=Reporter(),  # type: ignore[arg-type]  # one may leave out what one does not ask for
        execute_link_scripts=False,
    )
    before = ActivationVariables(None, request["path"])
    script = activate(Path(request["prefix"]), before, Shell.bash).script
    return {"installer": f"rattler {version}", "activation": script}


def read(package: Request) -> RepoDataRecord:
    record = PackageRecord(
        name=package["name"],
        version=package["version"],
        build=BuildString.new_unchecked(package["build"]),
        build_number=package["build_number"],
        subdir=package["subdir"],
        depends=package["depends"],
        md5=bytes.fromhex(package["md5"]) if package["md5"] else None,
        sha256=bytes.fromhex(package["sha256"]) if package["sha256"] else None,
        noarch=package["noarch"],
        python_site_packages_path=package["site_packages"],
    )
    return RepoDataRecord(record, package["file_name"], package["url"], package["channel"])


def check_file(package: Request) -> None:
    """rattler checks what it downloads, but not what it finds at a file URL."""
    parts = urlsplit(package["url"])
    path = Path(url2pathname(parts.path))
    if parts.scheme != "file" or not path.exists():
        return
    algorithm = "sha256" if package["sha256"] else "md5"
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != package[algorithm]:
        raise WrongHash(f"{path}: expected {algorithm} {package[algorithm]}, got {found}")


async def check_cached(wanted: Sequence[RepoDataRecord], cache: PackageCache) -> None:
    index = await cache.index()
    missing = [
        record.file_name
        for record in wanted
        if not record.url.startswith("file:") and not index.contains_record(record)
    ]
    if missing:
        raise NotCached("\n".join(missing))


class Reporter:
    """Tells how far the installation is. Called by rattler's threads, one at a time."""

    def __init__(self) -> None:
        self.total = self.fetched = self.linked = 0
        self.loading: dict[int, int] = {}  # bytes by download
        self.last = 0.0

    def on_transaction_start(self, total_operations: int) -> None:
        self.total = total_operations

    def on_download_start(self, cache_entry: int) -> int:  # noqa: ARG002
        self.loading[len(self.loading)] = 0
        return len(self.loading) - 1

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:  # noqa: ARG002
        self.loading[download_idx] = progress
        self.tell()

    def on_populate_cache_complete(self, cache_entry: int) -> None:  # noqa: ARG002
        self.fetched += 1
        self.tell()

    def on_link_complete(self, index: int) -> None:  # noqa: ARG002
        self.linked += 1
        self.tell()

    def tell(self) -> None:
        if time.monotonic() < self.last + PAUSE:
            return
        self.last = time.monotonic()
        if self.loading and self.fetched < self.total:
            size = f"{sum(self.loading.values()) / 1e6:.0f} MB"
            say(f"downloading {self.fetched + 1} of {self.total} packages, {size}")
        else:
            say(f"installing {self.linked} of {self.total} packages")


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def configuration() -> Config:
    """The person's own settings for rattler: mirrors, proxies, certificates."""
    config = Config.load_from_default_locations(APPLICATION)
    if config.tls_root_certs is None and os.environ.get("SSL_CERT_FILE"):
        config.set("tls-root-certs", "system")  # which are those of that file
    return config


def client(request: Request) -> Client:
    """Sends the login of a channel to this channel only. A login stands in no address that rattler keeps on disk."""
    logins: Mapping[str, str] = request["logins"]
    tokens = {f"{place}/": [f"{without_user(url)}/"] for place, url in logins.items() if "/t/" in url}
    config = configuration().merge(mirrored(tokens))
    headers = {place: header for place, url in logins.items() if (header := basic(url))}
    if not headers:
        return Client.from_config(config)

    def authorization(host: str, path: str) -> dict[str, str] | None:
        for place, header in headers.items():
            parts = urlsplit(place)
            if parts.hostname == host and path.startswith(f"{parts.path}/"):
                return {"Authorization": header}
        return None

    return Client(  # as of a configuration, which has no place for headers: its proxies and certificates stay out
        [
            AddHeadersMiddleware(authorization),
            RetryMiddleware(),
            AuthenticationMiddleware(),
            MirrorMiddleware(config.mirrors),
            OciMiddleware(),
            GCSMiddleware(),
            S3Middleware(),
        ]
    )


def mirrored(places: Mapping[str, Sequence[str]]) -> Config:
    """A configuration that says where else what begins with an address is fetched."""
    lines = [f"{json.dumps(place)} = {json.dumps(list(others))}" for place, others in places.items()]
    return Config.from_toml("\n".join(["[mirrors]", *lines]))


def basic(url: str) -> str | None:
    """The header for the user and password in a URL."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(login.encode()).decode()}"


def without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


JOBS: Mapping[str, Callable[[Request], Awaitable[Any]]] = {
    "solve": solved,
    "install": installed,
}


async def answered(request: Request) -> Any:
    return await JOBS[request["job"]](request)


def main() -> NoReturn:
    """Answer one request."""
    request = json.load(sys.stdin)
    answer: dict[str, Any]
    try:
        answer = {"answer": asyncio.run(answered(request))}
    except BaseException as error:  # noqa: BLE001 - a panic of rattler's included: all of it is told
        answer = {"failed": type(error).__name__, "text": str(error)}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

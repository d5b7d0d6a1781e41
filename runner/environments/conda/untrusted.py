"""Lock files of unknown origin, read with suspicion: their YAML, and what they may say of a package."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, urlsplit

from runner.environments.conda.channels import has_secret, public
from runner.environments.conda.packages import CondaPackage, PipPackage
from runner.errors import EnvironmentFailed, Location, ProjectError
from runner.project.composing import parse
from runner.project.document import Items, Node, Scalar, Table
from runner.project.reading import refused

LARGEST = 32 << 20  # bytes of a lock file
MOST_NODES = 2_000_000
SHA256 = 64  # digits

_SCHEMES = frozenset({"http", "https", "file"})
_REPOSITORIES = frozenset({"git+http", "git+https", "git+ssh", "git+file"})
_PLACES = "packages come from http, https and file URLs"
_PLATFORM = re.compile(r"[a-z]+-[a-z0-9]+")
_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*", re.ASCII)
_FILE = re.compile(
    r"(?P<name>[a-z0-9_][a-z0-9_.-]*)-(?P<version>[\w.!+]+)-(?P<build>[\w.+]+)\.(?:conda|tar\.bz2)", re.ASCII
)
_VERSION = re.compile(r"[\w.!+-]+", re.ASCII)
_SITE_PACKAGES = re.compile(r"lib/python[\w.]+/site-packages", re.ASCII)
_HASHES = {"md5": re.compile(r"[0-9a-f]{32}"), "sha256": re.compile(r"[0-9a-f]{64}")}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x20\x7f\\\"'`<>]")


@contextmanager
def suspicion(name: str) -> Iterator[None]:
    """What is wrong with the text of a lock is an environment that cannot be made; `name` is the file's."""
    try:
        yield
    except ProjectError as error:
        hint = error.hint or "restore the file, or make it anew with `runner lock`"
        raise EnvironmentFailed(error.message, where=error.where or Location(name), hint=hint) from error


def document(text: str, name: str) -> Table:
    """The mapping that a lock file is."""
    if len(text) > LARGEST:
        raise ProjectError(f"larger than {LARGEST >> 20} MiB", where=Location(name))
    return table(parse(text, Path(name), most_nodes=MOST_NODES).root, "a lock", name)


def table(node: Node | None, what: str, name: str = "") -> Table:
    """A mapping."""
    match node:
        case Table():
            return node
        case None:
            raise ProjectError(f"{what} is missing", where=Location(name))
        case _:
            raise refused(f"{what} is a mapping, not {node}", node)


def items(parent: Table, key: str) -> tuple[Node, ...]:
    """A list; empty where there is none."""
    match parent.get(key):
        case None:
            return ()
        case Items(values=values):
            return values
        case node:
            raise refused(f"'{key}' is a list, not {node}", node)


def word(parent: Table, key: str, default: str | None = None) -> str:
    """A text, exactly as it is written: a version 3.10 is no number."""
    match parent.get(key):
        case None if default is not None:
            return default
        case Scalar(text=text):
            return text
        case None:
            raise refused(f"'{key}' is missing", parent)
        case node:
            raise refused(f"'{key}' is a text, not {node}", node)


def words(parent: Table, key: str) -> dict[str, str]:
    """A mapping of texts; empty where there is none."""
    node = parent.get(key)
    return (
        {}
        if node is None
        else {entry.key: word(table(node, f"'{key}'"), entry.key, "") for entry in table(node, f"'{key}'")}
    )


def digests(parent: Table) -> dict[str, str]:
    """The md5 and sha256 of a package, those that there are."""
    found = {algorithm: word(parent, algorithm, "") for algorithm in _HASHES}
    return checked({algorithm: digest for algorithm, digest in found.items() if digest}, parent)


def checked(hashes: Mapping[str, str], node: Node) -> dict[str, str]:
    """Hashes that can be some."""
    for algorithm, digest in hashes.items():
        if not _HASHES[algorithm].fullmatch(digest):
            raise refused(f"{digest!r} is no {algorithm}", node)
    return dict(hashes)


def platform(text: str, node: Node) -> str:
    """A platform's name."""
    if not _PLATFORM.fullmatch(text):
        raise refused(
            f"{text!r} is no platform", node, hint='platforms are "linux-64", "osx-arm64" and the like'
        )
    return text


def moment(text: str, node: Node) -> str:
    """A moment as RFC 3339 has it."""
    if _MOMENT.fullmatch(text):
        with suppress(ValueError):  # February 30
            datetime.fromisoformat(text)
            return text
    raise refused(f"{text!r} is no moment", node, hint="moments are written 2024-03-01T12:00:00Z")


def conda_package(
    node: Node,
    *,
    platform: str,
    url: str,
    hashes: Mapping[str, str],
    name: str = "",
    version: str = "",
    depends: Sequence[str] = (),
    site_packages: str | None = None,
) -> CondaPackage:
    """A file of a channel, after what its URL says; `name` and `version`, where they are given, must agree.

    Raises:
        ProjectError: it cannot be what it says, or cannot be checked when it is installed.
    """
    shown = _without_login(url, node)
    parts = _split(shown, node)
    path = PurePosixPath(parts.path)
    file = _FILE.fullmatch(path.name)
    if parts.scheme not in _SCHEMES or parts.query or parts.fragment or not _plain(path) or not file:
        raise refused(f"{shown!r} is no URL of a conda package", node, hint=_PLACES)
    if path.parent.name not in {platform, "noarch"}:
        raise refused(f"{shown!r} is not for {platform}", node)
    if (name and name.lower() != file["name"].lower()) or (version and version != file["version"]):
        raise refused(f"{shown!r} is not {name} {version}", node)
    if not hashes:
        raise refused(f"{path.name} has no hash", node, hint="a package without one cannot be checked")
    if site_packages is not None and not _SITE_PACKAGES.fullmatch(site_packages):
        raise refused(f"{site_packages!r} is no place for packages", node)
    return CondaPackage(
        name=file["name"].lower(),
        version=file["version"],
        platform=platform,
        url=shown,
        md5=hashes.get("md5"),
        sha256=hashes.get("sha256"),
        depends=tuple(depends),
        site_packages=site_packages,
    )


def pip_package(
    node: Node,
    *,
    platform: str,
    url: str,
    sha256: str | None,
    name: str,
    version: str,
    dependencies: Mapping[str, str],
) -> PipPackage:
    """A package of the pip section.

    Raises:
        ProjectError: it cannot be what it says, or cannot be checked when it is installed.
    """
    shown = _without_login(url, node)
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise refused(f"{name} {version} is no Python package", node)
    package = PipPackage(
        name=name, version=version, platform=platform, url=shown, sha256=sha256, dependencies=dependencies
    )
    scheme = shown.partition(":")[0]
    if package.local and not _UNSEEN.search(shown):
        return package
    if scheme not in {*_SCHEMES, *_REPOSITORIES} or _CONTROL.search(shown):
        raise refused(f"{shown!r} is no URL of a Python package", node, hint=_PLACES)
    if not package.pinned:
        raise refused(f"{name} {version} has no hash", node, hint="a package without one cannot be checked")
    return package


def _without_login(url: str, node: Node) -> str:
    """The URL without the variables that stand for user, password and token; with those themselves it is refused."""
    if has_secret(url):
        hint = (
            "a lock is kept with every run: write the login of a channel as ${NAME}, a variable of the caller"
        )
        raise refused(f"a package's URL holds a password or token: {public(url)}", node, hint=hint)
    return public(url)


def _split(url: str, node: Node) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise refused(f"{url!r} is no URL", node, hint=_PLACES) from None


def _plain(path: PurePosixPath) -> bool:
    """Whether a path leads where it seems to."""
    return ".." not in path.parts and "%" not in path.name and not _CONTROL.search(str(path))

"""The packages that a lock lists, or that were observed: name -> version, build, hashes, and what each requires."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from packaging.utils import canonicalize_name

from runner.environments.conda import lockfile
from runner.environments.images.document import Document
from runner.environments.model import Lock
from runner.environments.python import pylock

_PINNED = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:==\s*([^\s;\\]+)|@\s*(\S+))")
_HASH = re.compile(r"--hash[= ](\S+)")
_PLATFORMS: Mapping[tuple[str, str], str] = {
    ("Linux", "x86_64"): "linux-64",
    ("Linux", "aarch64"): "linux-aarch64",
    ("Darwin", "arm64"): "osx-arm64",
    ("Darwin", "x86_64"): "osx-64",
}


class Package(Struct, frozen=True, kw_only=True):
    """One of them. `build` is conda's, or where it comes from if that is no index; `requires` are names.

    `host` is that of its index, channel or address, "" where the lock does not say. `size`: bytes of its largest file.
    """

    name: str
    version: str
    build: str = ""
    hashes: frozenset[str] = frozenset()
    requires: frozenset[str] = frozenset()
    host: str = ""
    size: int | None = None


def packages(lock: Lock, platform: str | None = None) -> dict[str, Package]:
    """All of them, by their name in its canonical form; `platform` is conda's word, None where it is not known.

    Raises:
        EnvironmentFailed: the lock is none that can be read.
    """
    match lock.kind:
        case "image":
            inside = Document.parse(lock.text).inside
            return packages(inside, platform) if inside else {}
        case "pylock":
            return _by_name(map(_of_pylock, pylock.parse(lock.text, name="the lock").packages))
        case "requirements":
            return _by_name(_of_requirements(lock.text))
        case "conda":
            return _by_name(_of_conda(lock, platform))
        case _:
            return {}


def observed(lines: Iterable[str]) -> dict[str, Package]:
    """Those of runner/packages.txt."""
    return _by_name(_observed(lines))


def platform_of(machine: Mapping[str, Any]) -> str | None:
    """conda's word for the machine that a record describes."""
    return _PLATFORMS.get((str(machine.get("system")), str(machine.get("architecture"))))


def _by_name(found: Iterable[Package]) -> dict[str, Package]:
    """A name that stands there twice has both versions: which is installed, a marker decides."""
    named: dict[str, Package] = {}
    for package in found:
        other = named.get(package.name)
        named[package.name] = package if other is None else _both(other, package)
    return named


def _both(first: Package, second: Package) -> Package:
    return Package(
        name=first.name,
        version=", ".join(sorted({first.version, second.version})),
        build=first.build,
        hashes=first.hashes | second.hashes,
        requires=first.requires | second.requires,
        host=first.host or second.host,
        size=max(filter(None, (first.size, second.size)), default=None),
    )


def _of_pylock(entry: Mapping[str, Any]) -> Package:
    version = str(entry.get("version") or "")
    needed = entry.get("dependencies")
    needed = [item for item in needed if isinstance(item, Mapping)] if isinstance(needed, list) else []
    return Package(
        name=canonicalize_name(str(entry["name"])),
        version=version or str(_table(entry, "vcs").get("commit-id") or "from a directory"),
        build=_origin(entry),
        hashes=frozenset(_hashes(entry)),
        requires=frozenset(canonicalize_name(str(item.get("name", ""))) for item in needed),
        host=next(filter(None, map(_host, _addresses(entry))), ""),
        size=max((size for file in _files(entry) if isinstance(size := file.get("size"), int)), default=None),
    )


def _addresses(entry: Mapping[str, Any]) -> Iterator[object]:
    yield entry.get("index")
    yield from (_table(entry, key).get("url") for key in ("vcs", "archive"))
    yield from (file.get("url") for file in _files(entry))


def _host(address: object) -> str:
    """Never user, password or path: a private index may have a token in each of them."""
    try:
        return urlsplit(str(address or "").removeprefix("git+")).hostname or ""
    except ValueError:
        return ""


def _origin(entry: Mapping[str, Any]) -> str:
    if commit := _table(entry, "vcs").get("commit-id"):
        return str(commit)
    place = _table(entry, "archive") or _table(entry, "directory")
    return str(place.get("url") or place.get("path") or "")


def _files(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [_table(entry, key) for key in ("archive", "sdist")] + list(entry.get("wheels", ()))


def _hashes(entry: Mapping[str, Any]) -> Iterator[str]:
    for file in _files(entry):
        yield from (f"{algorithm}:{value}" for algorithm, value in _table(file, "hashes").items())


def _of_requirements(text: str) -> Iterator[Package]:
    for line in text.splitlines():
        if found := _PINNED.match(line):
            yield Package(
                name=canonicalize_name(found[1]),
                version=found[2] or found[3],
                hashes=frozenset(_HASH.findall(line)),
            )


def _of_conda(lock: Lock, here: str | None) -> Iterator[Package]:
    content = lockfile.read(lock.text, name="the lock")
    conda = [package for package in content.conda if here in {None, package.platform}]
    for package in conda or content.conda:
        yield Package(
            name=canonicalize_name(package.name),
            version=package.version,
            build=package.build,
            hashes=frozenset(filter(None, (package.md5, package.sha256))),
            requires=frozenset(canonicalize_name(_first_word(text)) for text in package.depends),
            host=_host(package.url),
        )
    for pip in (package for package in content.pip if here in {None, package.platform}):
        yield Package(
            name=canonicalize_name(pip.name),
            version=pip.version,
            build="" if pip.sha256 else pip.url,
            hashes=frozenset(filter(None, (pip.sha256,))),
            requires=frozenset(map(canonicalize_name, pip.dependencies)),
            host=_host(pip.url),
        )


def _first_word(text: str) -> str:
    return re.split(r"[\s=<>!~\[]", text.strip(), maxsplit=1)[0]


def _observed(lines: Iterable[str]) -> Iterator[Package]:
    """`name==version`, or conda's `name=version=build`; a name alone is a package in development."""
    for line in lines:
        name, double, version = line.partition("==")
        if double or "=" not in line:
            yield Package(name=canonicalize_name(name), version=version or "in development")
        else:
            name, _, rest = line.partition("=")
            version, _, build = rest.partition("=")
            yield Package(name=canonicalize_name(name), version=version, build=build)


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}

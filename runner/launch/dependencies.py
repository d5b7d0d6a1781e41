"""The packages of a lock as in-toto's ResourceDescriptors: a purl for each file that the lock admits, with its hash.

https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md · https://github.com/package-url/purl-spec
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from runner.environments.model import Lock
from runner.errors import RunnerError
from runner.files import write_atomically

Descriptor: TypeAlias = dict[str, Any]

_FORM = 1  # of what is remembered
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.ASCII)
_HASH = re.compile(r"--hash=(\w+):([0-9a-f]+)")


def of_lock(lock: Lock, *, cache: Path) -> list[Descriptor]:
    """Everything that the lock names. Reading a long one takes a tenth of a second, so what it named is remembered."""
    memory = cache / "locks" / f"{lock.digest.removeprefix('sha256:')}.named-{_FORM}"
    with suppress(OSError, ValueError):
        known: list[Descriptor] = json.loads(memory.read_bytes())
        return known
    try:
        found = list(_named(lock.kind, lock.text))
    except RunnerError:  # whoever installs it will say so
        return []
    with suppress(OSError):
        write_atomically(memory, json.dumps(found))
    return found


def _named(kind: str, text: str) -> Iterator[Descriptor]:
    match kind:
        case "pylock":
            return _pylock(text)
        case "requirements":
            return _requirements(text)
        case "conda":
            return _conda(text)
        case _:
            return _image(text)


def _pylock(text: str) -> Iterator[Descriptor]:
    from runner.environments.python.pylock import parse  # noqa: PLC0415 - once for each lock

    for package in parse(text, name="the lock").packages:
        purl = _purl("pypi", _normal(package["name"]), package.get("version"))
        if commit := package.get("vcs", {}).get("commit-id"):
            yield {"uri": purl, "digest": {"gitCommit": commit}}
        files = [package.get(key) for key in ("sdist", "archive")] + list(package.get("wheels", ()))
        for file in filter(None, files):
            yield _file(purl, file)


def _file(purl: str, file: Mapping[str, Any]) -> Descriptor:
    url = file.get("url")
    name = file.get("name") or PurePosixPath(unquote(urlsplit(url or file.get("path", "")).path)).name
    found: Descriptor = {"uri": purl, "name": name, "digest": dict(file.get("hashes", {}))}
    return found | ({"downloadLocation": url} if url else {})


def _requirements(text: str) -> Iterator[Descriptor]:
    for line in text.replace("\\\n", " ").splitlines():
        if named := _REQUIREMENT.match(line.strip()):
            purl = _purl("pypi", _normal(named[1]), named[2])
            for algorithm, digest in _HASH.findall(line):
                yield {"uri": purl, "digest": {algorithm: digest}}


def _conda(text: str) -> Iterator[Descriptor]:
    from runner.environments.conda import lockfile  # noqa: PLC0415 - once for each lock

    lock = lockfile.read(text, name="the lock")
    for package in lock.conda:
        place = {"build": package.build, "channel": package.channel, "subdir": package.subdir}
        hashes = {"sha256": package.sha256, "md5": package.md5}
        yield _with_hashes(_purl("conda", package.name, package.version, place), hashes, package.url)
    for wheel in lock.pip:
        yield _with_hashes(
            _purl("pypi", _normal(wheel.name), wheel.version), {"sha256": wheel.sha256}, wheel.url
        )


def _with_hashes(purl: str, hashes: Mapping[str, str | None], url: str) -> Descriptor:
    known = {name: digest for name, digest in hashes.items() if digest}
    return {"uri": purl, **({"digest": known} if known else {}), "downloadLocation": url}


def _image(text: str) -> Iterator[Descriptor]:
    document = json.loads(text)
    for image in filter(None, (document.get("image"), *_bases(document))):
        algorithm, _, digest = (image["digest"] or image["id"]).partition(":")
        yield {"uri": f"docker://{image['reference']}", "digest": {algorithm: digest}}
    if inside := document.get("inside"):
        yield from _named(inside["kind"], inside["text"])


def _bases(document: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    bases: Iterable[Mapping[str, Any]] = (document.get("build") or {}).get("bases", ())
    return bases


def _purl(kind: str, name: str, version: str | None, qualifiers: Mapping[str, str] = {}) -> str:
    extra = "&".join(f"{key}={quote(value, safe='')}" for key, value in sorted(qualifiers.items()) if value)
    at = f"@{quote(version, safe='')}" if version else ""
    return f"pkg:{kind}/{quote(name, safe='')}{at}{'?' + extra if extra else ''}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

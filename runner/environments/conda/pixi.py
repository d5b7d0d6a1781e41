"""pixi.lock, versions 4 to 7: what its environment `default` holds. https://pixi.sh/latest/workspace/lockfile/

environments: {default: {channels, packages: {PLATFORM: [{conda: URL} | {pypi: URL}]}}}
packages: [what is to be known of each, by the same URL]
"""

import re
from collections.abc import Iterator

from runner.environments.conda import untrusted
from runner.environments.conda.channels import public
from runner.environments.conda.packages import CondaLock, CondaPackage, PipPackage
from runner.environments.conda.untrusted import items, table, word
from runner.project.document import Node, Table
from runner.project.reading import refused

VERSIONS = {"4", "5", "6", "7"}
ENVIRONMENT = "default"

_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tar.xz")
_COMMIT = re.compile(r"(?P<url>git\+[^?#]+)(?:\?[^#]*)?#(?P<commit>[0-9a-f]{40})")


def read(text: str, *, name: str) -> CondaLock:
    """Read a lock.

    Raises:
        EnvironmentFailed: it is none, has no environment `default`, or lists what cannot be checked when it is installed.
    """
    with untrusted.suspicion(name):
        root = untrusted.document(text, name)
        if word(root, "version") not in VERSIONS:
            raise refused(f"a pixi.lock of version {word(root, 'version')} is not understood", root)
        environments = table(root.get("environments"), "'environments'", name)
        default = table(environments.get(ENVIRONMENT), f"the environment {ENVIRONMENT!r}", name)
        by_platform = table(default.get("packages"), "'packages'", name)
        facts = {_key(entry): entry for entry in _tables(root, "packages")}
        used = [
            (untrusted.platform(entry.key, entry.value), facts.get(_key(item), item))
            for entry in by_platform
            for item in _tables(by_platform, entry.key)
        ]
        return CondaLock(
            conda=tuple(_conda(facts, platform) for platform, facts in used if _key(facts)[0] == "conda"),
            pip=tuple(_pypi(facts, platform) for platform, facts in used if _key(facts)[0] == "pypi"),
            channels=tuple(
                public(word(channel, "url")).rstrip("/") for channel in _tables(default, "channels")
            ),
            content={entry.key: "" for entry in by_platform},
            made_here=False,
        )


def _tables(parent: Table, key: str) -> Iterator[Table]:
    return (table(node, "a package") for node in items(parent, key))


def _key(entry: Table) -> tuple[str, str]:
    """Kind and place; versions up to 5 write them apart."""
    for kind in ("conda", "pypi"):
        if entry.get(kind) is not None:
            return kind, word(entry, kind)
    return word(entry, "kind", ""), word(entry, "url", "") or word(entry, "path", "")


def _conda(entry: Table, platform: str) -> CondaPackage:
    return untrusted.conda_package(
        entry,
        platform=platform,
        url=_key(entry)[1],
        hashes=untrusted.digests(entry),
        name=word(entry, "name", ""),
        version=word(entry, "version", ""),
        depends=[_text(node) for node in items(entry, "depends")],
        site_packages=word(entry, "python_site_packages_path", "") or None,
    )


def _pypi(entry: Table, platform: str) -> PipPackage:
    place = _key(entry)[1]
    # Of a directory pixi notes the hash of its metadata.
    is_file = "://" in place or place.endswith(_ARCHIVES)
    return untrusted.pip_package(
        entry,
        platform=platform,
        url=_place(place, editable=word(entry, "editable", "") == "true"),
        sha256=untrusted.digests(entry).get("sha256") if is_file else None,
        name=word(entry, "name"),
        version=word(entry, "version", "0"),
        dependencies={},
    )


def _place(written: str, *, editable: bool) -> str:
    """As our lock writes it."""
    if hit := _COMMIT.fullmatch(written):
        return f"{hit['url']}@{hit['commit']}"
    return f"{written.removeprefix('direct+')}{'#editable' if editable else ''}"


def _text(node: Node) -> str:
    text = getattr(node, "text", None)
    if not isinstance(text, str):
        raise refused(f"a dependency is a text, not {node}", node)
    return text

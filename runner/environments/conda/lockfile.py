"""conda-lock.yml, version 1, as other tools write and read it: https://conda.github.io/conda-lock/

Equal locks give equal text: everything is sorted, and neither time nor place of the writing is in it.
"""

import json
from collections.abc import Iterable
from typing import Any

import yaml

from runner.environments.conda import untrusted
from runner.environments.conda.channels import has_secret, public, variables
from runner.environments.conda.packages import CondaLock, CondaPackage, PipPackage, name_of
from runner.environments.conda.untrusted import items, table, word, words
from runner.errors import EnvironmentFailed
from runner.files import sha256
from runner.project.document import Node, Table
from runner.project.reading import refused

NAME = "conda-lock.yml"
MAKER = "runner"
_PLACE = "site_packages "  # in front of a platform: where its Python looks for packages
_WIDEST = 10_000  # columns: no line is ever folded

# Numbers of other YAML versions (1e10) in quotes: a hash may look like one.
_Dumper: Any = type("Quoting", (getattr(yaml, "CSafeDumper", yaml.SafeDumper),), {})
_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="'" if text[:1].isdigit() else None
    ),
)


def write(lock: CondaLock) -> str:
    """The text of a lock file.

    Raises:
        EnvironmentFailed: a package has no hash, by which it could be known again.
    """
    for package in lock.conda:
        if not package.md5 and not package.sha256:
            raise EnvironmentFailed(
                f"its channel gives no hash for {package.file_name}: it cannot be locked",
                hint="take the package from another channel, or have this one indexed anew",
            )
    document = {"version": 1, "metadata": _metadata(lock), "package": _entries(lock)}
    written: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDEST)
    return written


def read(text: str, *, name: str) -> CondaLock:
    """Read a lock file, of any tool's. What is optional or for development only is left out.

    Args:
        name: of the file, for messages.

    Raises:
        EnvironmentFailed: it is no such file, or lists what cannot be checked when it is installed.
    """
    with untrusted.suspicion(name):
        root = untrusted.document(text, name)
        if word(root, "version") != "1":
            raise refused("no conda-lock file of version 1", root)
        return _lock(root, table(root.get("metadata"), "'metadata'", name))


def seal(lock: CondaLock) -> str:
    """Digest of all packages: it tells whether somebody has changed a file since we made it."""
    return sha256(json.dumps(_entries(lock), sort_keys=True))


def _metadata(lock: CondaLock) -> dict[str, object]:
    custom = {"created_by": MAKER, "packages": seal(lock)} if lock.made_here else {}
    custom |= {"solver": lock.solver} if lock.solver else {}
    custom |= {"as_of": lock.as_of} if lock.as_of else {}
    places = {
        _PLACE + package.platform: package.site_packages for package in lock.conda if package.site_packages
    }
    return {
        "content_hash": dict(sorted(lock.content.items())),
        "channels": [_channel_entry(channel) for channel in lock.channels],
        "platforms": list(lock.platforms),
        "sources": list(lock.sources),
        "custom_metadata": custom | dict(sorted(places.items())),
    }


def _channel_entry(channel: str) -> dict[str, object]:
    """A channel; of a login only the names of variables may be told."""
    told = public(channel) if has_secret(channel) else channel
    return {"url": told, "used_env_vars": variables(told)}


def _entries(lock: CondaLock) -> list[dict[str, object]]:
    conda = [_conda_entry(package) for package in sorted(lock.conda, key=_order)]
    return conda + [_pip_entry(package) for package in sorted(lock.pip, key=_order)]


def _order(package: CondaPackage | PipPackage) -> tuple[str, str]:
    return package.name, package.platform


def _conda_entry(package: CondaPackage) -> dict[str, object]:
    return {
        "name": package.name,
        "version": package.version,
        "manager": "conda",
        "platform": package.platform,
        "dependencies": _dependencies(package.depends),
        "url": public(package.url),
        "hash": {name: value for name, value in (("md5", package.md5), ("sha256", package.sha256)) if value},
        "category": "main",
        "optional": False,
    }


def _pip_entry(package: PipPackage) -> dict[str, object]:
    return {
        "name": package.name,
        "version": package.version,
        "manager": "pip",
        "platform": package.platform,
        "dependencies": dict(sorted(package.dependencies.items())),
        "url": public(package.url),
        "hash": {"sha256": package.sha256} if package.sha256 else {},
        "category": "main",
        "optional": False,
    }


def _dependencies(depends: Iterable[str]) -> dict[str, str]:
    """Names and what is asked of each; where a package says two things of one name, both, as far as the format can."""
    found: dict[str, str] = {}
    for text in depends:
        name = name_of(text)
        asked = text[text.lower().index(name) + len(name) :].strip()
        both = [part for part in (found.get(name), asked) if part]
        found[name] = ",".join(both) if not any(" " in part for part in both) else max(both, key=len)
    return dict(sorted(found.items()))


def _lock(root: Table, metadata: Table) -> CondaLock:
    packages = [table(node, "a package") for node in items(root, "package")]
    wanted = [package for package in packages if word(package, "category", "main") == "main"]
    custom = words(metadata, "custom_metadata")
    return CondaLock(
        conda=tuple(_conda(package, custom) for package in wanted if word(package, "manager") == "conda"),
        pip=tuple(_pip(package) for package in wanted if word(package, "manager") == "pip"),
        channels=tuple(_channel(node) for node in items(metadata, "channels")),
        content=_content(metadata, wanted),
        sources=tuple(getattr(node, "text", "") for node in items(metadata, "sources")),
        solver=custom.get("solver", ""),
        as_of=untrusted.moment(custom["as_of"], metadata) if "as_of" in custom else None,
        made_here=custom.get("created_by") == MAKER,
        seal=custom.get("packages", ""),
    )


def _content(metadata: Table, packages: Iterable[Table]) -> dict[str, str]:
    """Digests by platform; other tools may leave them out, and say only the platforms."""
    platforms = {getattr(node, "text", ""): node for node in items(metadata, "platforms")}
    platforms |= {word(package, "platform"): package for package in packages}
    digests = words(metadata, "content_hash")
    return {untrusted.platform(name, node): digests.get(name, "") for name, node in sorted(platforms.items())}


def _channel(node: Node) -> str:
    """A channel as it is written, but for logins that are written out."""
    url = word(table(node, "a channel"), "url")
    return public(url) if has_secret(url) else url


def _conda(entry: Table, custom: dict[str, str]) -> CondaPackage:
    platform = untrusted.platform(word(entry, "platform"), entry)
    name = word(entry, "name")
    return untrusted.conda_package(
        entry,
        platform=platform,
        url=word(entry, "url"),
        hashes=untrusted.digests(table(entry.get("hash"), "'hash'")),
        name=name,
        version=word(entry, "version"),
        depends=[f"{one} {asked}".rstrip() for one, asked in words(entry, "dependencies").items()],
        site_packages=custom.get(_PLACE + platform) if name == "python" else None,
    )


def _pip(entry: Table) -> PipPackage:
    url = word(entry, "url")
    # Of a repository other tools write the commit where the hash of a file belongs.
    hashes = {} if url.startswith("git+") else untrusted.digests(table(entry.get("hash"), "'hash'"))
    return untrusted.pip_package(
        entry,
        platform=untrusted.platform(word(entry, "platform"), entry),
        url=url,
        sha256=hashes.get("sha256"),
        name=word(entry, "name"),
        version=word(entry, "version"),
        dependencies=words(entry, "dependencies"),
    )

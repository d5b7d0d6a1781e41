"""pylock.toml taken apart: each package keeps its text to the letter.

head (lock-version, requires-python)   [[packages]] name = "a" ...   [[packages]] name = "b" ...   tail ([tool.x])
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace
from packaging.utils import canonicalize_name

from runner.environments.model import Lock
from runner.environments.python import pylock
from runner.reproduction.mixing.parts import Part, Parts, Unmixable, interpreter, python_of

_TABLE = re.compile(r"^(?=\[)", re.MULTILINE)
_PACKAGE = re.compile(r"\[\[\s*packages\s*\]\]")
_BELOW = re.compile(r"\[\[?\s*packages\s*\.")


def apart(lock: Lock) -> Parts:
    """The packages; several entries of one name (for different markers) are one.

    Raises:
        Unmixable: its packages are written in a way that is not understood.
    """
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for text, package in _entries(lock):
        found.setdefault(canonicalize_name(package["name"]), []).append((text, package))
    return Parts(
        lock=lock, packages={**interpreter(lock), **{name: _part(all_) for name, all_ in found.items()}}
    )


def together(before: Parts, after: Parts, packages: Mapping[str, Part]) -> Lock:
    """The lock with these packages, and the head of the one whose interpreter it has."""
    base = python_of(before, after, packages)
    blocks = [text for part in packages.values() if part.content for text in part.content]
    head = "\n".join(line for line in _chunks(base.text)[0].splitlines() if not line.startswith("#"))
    text = f"{head.strip()}\n" + ("".join(f"\n{block.strip()}\n" for block in blocks) or "packages = []\n")
    read = pylock.parse(text, name="the mixture")
    return replace(base, text=text, packages=len(read.packages), pinned=read.pinned)


def _entries(lock: Lock) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each package's text, with what it says. What the pieces say is what the whole says, or we have not understood it."""
    blocks = _blocks(lock.text)
    try:
        said = [tomllib.loads(block)["packages"] for block in blocks]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise _not_understood() from error
    if [package for packages in said for package in packages] != list(
        pylock.parse(lock.text, name="the lock").packages
    ):
        raise _not_understood()
    yield from ((block, packages[0]) for block, packages in zip(blocks, said, strict=True))


def _not_understood() -> Unmixable:
    return Unmixable("the packages of this lock are written in a way that is not understood")


def _chunks(text: str) -> list[str]:
    """The text, cut in front of each table."""
    return _TABLE.split(text)


def _blocks(text: str) -> list[str]:
    blocks: list[str] = []
    for chunk in _chunks(text):
        if _PACKAGE.match(chunk):
            blocks.append(chunk)
        elif _BELOW.match(chunk) and blocks:
            blocks[-1] += chunk
    return blocks


def _part(entries: list[tuple[str, Mapping[str, Any]]]) -> Part:
    packages = [package for _, package in entries]
    return Part(
        version=packages[0].get("version"),
        identity=[_identity(package) for package in packages],
        content=tuple(text for text, _ in entries),
        needs=tuple(canonicalize_name(str(need["name"])) for package in packages for need in _needs(package)),
    )


def _needs(package: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    needs = package.get("dependencies", [])
    return (
        [need for need in needs if isinstance(need, dict) and "name" in need]
        if isinstance(needs, list)
        else []
    )


def _identity(package: Mapping[str, Any]) -> object:
    """What is installed: neither where it is had, nor when it was published."""
    files = [package[key] for key in ("sdist", "archive") if key in package] + list(package.get("wheels", ()))
    return (
        package.get("version"),
        package.get("marker"),
        package.get("vcs"),
        package.get("directory"),
        sorted(str(file.get("hashes") or file) for file in files),
    )

"""What the packages of an environment say of their own files.

RECORD                       of each Python package beside its code: path, hash, size
conda-meta/<package>.json    of each conda package: path, hash, and whether the prefix was written into it
"""

import base64
import binascii
import csv
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BYTECODE = (".pyc", ".pyo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file as its package lists it. `digest` is a hexadecimal SHA-256; None where the package gives none."""

    package: str
    digest: str | None


def listed(prefix: Path) -> dict[str, Listed]:
    """Each file that a package claims, by its path below the prefix; bytecode aside."""
    conda = dict(_of_conda(prefix))
    wheels = {
        path: item
        for facts in distributions(prefix)
        # conda's own word on a Python package counts: its builds change files after RECORD was written
        if f"{facts.relative_to(prefix).as_posix()}/RECORD" not in conda
        for path, item in _of_wheel(prefix, facts)
    }
    return {path: item for path, item in {**wheels, **conda}.items() if not is_bytecode(path)}


def files(prefix: Path) -> Iterator[str]:
    """Each file and link that is there, by its path below the prefix; bytecode aside."""
    for place, directories, names in os.walk(prefix):
        here = Path(place)
        links = [name for name in directories if (here / name).is_symlink()]
        directories[:] = [name for name in directories if name != "__pycache__" and name not in links]
        for name in (*names, *links):
            if not is_bytecode(name):
                yield (here / name).relative_to(prefix).as_posix()


def is_bytecode(path: str) -> bool:
    """Whether Python wrote it, and would write it again."""
    return path.endswith(_BYTECODE) or "__pycache__" in path.split("/")


def distributions(prefix: Path) -> list[Path]:
    """The metadata directories of the installed Python packages."""
    return sorted(prefix.glob("lib/python*/site-packages/*.dist-info"))


def conda_packages(prefix: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The records of the installed conda packages; what is no record is passed over."""
    for path in sorted(prefix.glob("conda-meta/*.json")):
        with suppress(OSError, ValueError):
            found = json.loads(path.read_bytes())
            if isinstance(found, dict) and isinstance(found.get("name"), str):
                yield path, found


def conda_paths(package: dict[str, Any]) -> list[dict[str, Any]]:
    """The files in the record of a conda package."""
    paths = (package.get("paths_data") or {}).get("paths") or []
    return [item for item in paths if isinstance(item, dict) and isinstance(item.get("_path"), str)]


def name_of(facts: Path) -> str:
    """The package whose metadata directory that is."""
    return facts.name.removesuffix(".dist-info").rpartition("-")[0]


def is_editable(facts: Path) -> bool:
    """Whether the package is a link to a directory, whose content nobody has listed."""
    try:
        origin = json.loads((facts / "direct_url.json").read_bytes())
        return bool(origin["dir_info"].get("editable"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def record(prefix: Path, facts: Path) -> Iterator[tuple[str, list[str]]]:
    """The rows of a RECORD with the path that each is about, below the prefix; "" where that is outside of it."""
    try:
        with (facts / "RECORD").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, ValueError, csv.Error):
        return
    site = facts.parent.relative_to(prefix).as_posix()
    for row in filter(None, rows):
        path = os.path.normpath(f"{site}/{row[0]}")
        yield "" if path.startswith(("..", "/")) else path, row


def record_row(row: list[str], content: bytes) -> list[str]:
    """The same row for another content."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return [row[0], f"sha256={digest}", str(len(content))]


def _of_wheel(prefix: Path, facts: Path) -> Iterator[tuple[str, Listed]]:
    for path, row in record(prefix, facts):
        if path:
            digest = _hexadecimal(row[1]) if len(row) > 1 else None
            yield path, Listed(package=name_of(facts), digest=digest)


def _hexadecimal(entry: str) -> str | None:
    """The digest in `sha256=...` of a RECORD."""
    algorithm, _, text = entry.partition("=")
    if algorithm != "sha256":
        return None
    try:
        return base64.urlsafe_b64decode(text + "==").hex()
    except (ValueError, binascii.Error):
        return ""  # no file has it


def _of_conda(prefix: Path) -> Iterator[tuple[str, Listed]]:
    for _, package in conda_packages(prefix):
        for item in conda_paths(package):
            if item.get("path_type") != "directory":
                yield item["_path"], Listed(package=package["name"], digest=_installed_digest(item))


def _installed_digest(item: dict[str, Any]) -> str | None:
    if item.get("path_type") == "softlink":
        return None
    if found := item.get("sha256_in_prefix"):
        return str(found)
    return None if item.get("prefix_placeholder") else item.get("sha256")

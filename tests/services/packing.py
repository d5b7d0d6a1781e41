"""Conda packages made by the tests themselves: archives as conda's own builder writes them.

https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html
"""

import hashlib
import io
import json
import os
import stat
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

# As long as those of public channels: a longer prefix cannot be put into a binary in its place.
PLACEHOLDER = "/placehold" * 25


@dataclass(frozen=True)
class Member:
    """A file of a package. `placeholder` is what stands for the prefix in it."""

    content: bytes = b""
    executable: bool = False
    target: str | None = None  # of a symbolic link
    placeholder: str | None = None
    binary: bool = False


@dataclass(frozen=True, kw_only=True)
class Package:
    """What goes into an archive. `timestamp` is in milliseconds, `entry_points` lines like `name = module:function`."""

    name: str
    version: str = "1.0"
    build: str = "0"
    subdir: str = "noarch"
    depends: Sequence[str] = ()
    timestamp: int = 1_700_000_000_000
    python: bool = False  # noarch: python
    entry_points: Sequence[str] = ()
    members: Mapping[str, Member] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        return f"{self.name}-{self.version}-{self.build}"


def write(package: Package, channel: Path) -> Path:
    """Put the package into a channel's directory, as `.conda`."""
    path = channel / package.subdir / f"{package.stem}.conda"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("metadata.json"), json.dumps({"conda_pkg_format_version": 2}))
        archive.writestr(zipfile.ZipInfo(f"pkg-{package.stem}.tar.zst"), _tar(package.members))
        archive.writestr(zipfile.ZipInfo(f"info-{package.stem}.tar.zst"), _tar(_info(package)))
    return path


def directory(root: Path, *, below: str = "", skip: Sequence[str] = ()) -> dict[str, Member]:
    """The files of a directory as members below another one."""
    found: dict[str, Member] = {}
    for place, directories, names in os.walk(root):
        directories[:] = sorted(name for name in directories if name not in {"__pycache__", *skip})
        for path in (Path(place, name) for name in sorted(names)):
            found[str(Path(below) / path.relative_to(root))] = file(path)
    return found


def file(path: Path) -> Member:
    if path.is_symlink():
        return Member(target=str(path.readlink()))
    return Member(path.read_bytes(), executable=bool(path.stat().st_mode & stat.S_IXUSR))


def wheel(path: Path) -> dict[str, Member]:
    """The content of a wheel of pure Python, for a package that is `noarch: python`."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return {f"site-packages/{name}": Member(archive.read(name)) for name in names}


def _info(package: Package) -> dict[str, Member]:
    index = {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "build_number": 0,
        "subdir": package.subdir,
        "depends": list(package.depends),
        "timestamp": package.timestamp,
        "license": "BSD-3-Clause",
        **package.extra,
    }
    if package.subdir == "noarch":
        index["noarch"] = "python" if package.python else "generic"
    else:
        index |= {"arch": "x86_64", "platform": "linux"}
    paths = {"paths_version": 1, "paths": [_path(name, item) for name, item in package.members.items()]}
    documents: dict[str, object] = {"index.json": index, "paths.json": paths, "about.json": {}}
    if package.python:
        noarch = {"type": "python", "entry_points": list(package.entry_points)}
        documents["link.json"] = {"noarch": noarch, "package_metadata_version": 1}
    info = {f"info/{name}": Member(json.dumps(content).encode()) for name, content in documents.items()}
    return {**info, "info/files": Member("".join(f"{name}\n" for name in package.members).encode())}


def _path(name: str, member: Member) -> dict[str, object]:
    entry: dict[str, object] = {
        "_path": name,
        "path_type": "softlink" if member.target else "hardlink",
        "sha256": hashlib.sha256(member.content).hexdigest(),
        "size_in_bytes": len(member.content),
    }
    if member.placeholder:
        entry |= {
            "prefix_placeholder": member.placeholder,
            "file_mode": "binary" if member.binary else "text",
        }
    return entry


def _tar(members: Mapping[str, Member]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, member in members.items():
            info = tarfile.TarInfo(name)
            info.mode = 0o755 if member.executable else 0o644
            if member.target is not None:
                info.type, info.linkname = tarfile.SYMTYPE, member.target
            info.size = len(member.content)
            archive.addfile(info, io.BytesIO(member.content))
    return zstandard.ZstdCompressor(level=1).compress(stream.getvalue())

"""What a program wrote into its container, brought out of it: where the project is in the image, nothing is mounted.

The engine tells which paths are new or changed. Of these a tree of empty files is made, in which the patterns are looked for
as they are in a directory of this machine; links that lead to another place of the project lead there in the tree, too.
Only what is found is copied.
"""

import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

from runner.containers import trouble
from runner.containers.running import Container

DELETED = 2  # kind of a change, as the engine tells it
DIRECTORY, LINK = 1 << 31, 1 << 27  # bits of a file's mode, as the engine tells it
Kind: TypeAlias = Literal["file", "directory"]


def bring(container: Container, place: str, patterns: Sequence[str], directory: Path) -> list[str]:
    """Copy the files below `place` that are new or changed and fit a pattern into a directory of ours.

    Returns:
        Links that fit, and lead nowhere in the project: they are left out.

    Raises:
        EnvironmentFailed: the engine does not hand them out.
    """
    api = container.engine.client.api
    with (
        trouble.explained("what the program wrote cannot be had"),
        tempfile.TemporaryDirectory(prefix="runner-written-") as scratch,
    ):
        top = Path(scratch).resolve()
        changes = [change["Path"] for change in api.diff(container.id) or () if change["Kind"] != DELETED]
        _grow(top, (path.removeprefix(f"{place}/") for path in changes if path.startswith(f"{place}/")))
        lost = [
            path.relative_to(top).as_posix()
            for path in _named(top, patterns)
            if path.is_file() and not _linked(container, PurePosixPath(place), path, top)
        ]
        for path in _files(top, patterns):
            real = path.resolve().relative_to(top)
            _copy(container, f"{place}/{real.as_posix()}", directory / path.relative_to(top))
    return lost


def _grow(top: Path, names: Iterable[str]) -> None:
    """An empty file for each path; what has others below it is a directory."""
    for name in sorted(names, reverse=True):
        if name and ".." not in PurePosixPath(name).parts and not (top / name).exists():
            _put(top / name, "file")


def _put(path: Path, kind: Kind) -> None:
    for parent in path.parents:
        if parent.is_file():  # a directory of which nothing but its list of files has changed
            parent.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(exist_ok=True) if kind == "directory" else path.touch()


def _named(top: Path, patterns: Sequence[str]) -> list[Path]:
    """The files that fit, or that a pattern leads through: a link to a directory looks like a file here."""
    parents = [parent for pattern in patterns for parent in PurePosixPath(pattern).parents]
    through = [path for parent in parents if parent.name not in {"", "**"} for path in top.glob(str(parent))]
    return sorted({path for path in (*_files(top, patterns), *through) if path.is_file()})


def _files(top: Path, patterns: Sequence[str]) -> Iterator[Path]:
    hits = {hit for pattern in patterns for hit in top.glob(pattern)}
    found = {file for hit in hits for file in (hit.rglob("*") if hit.is_dir() else [hit])}
    return (file for file in sorted(found) if file.is_file())


def _linked(container: Container, place: PurePosixPath, path: Path, top: Path) -> bool:
    """Make a link of the empty file, if it is one in the container; False: it leads to nothing in the project."""
    stat = container.stat(str(place / path.relative_to(top).as_posix()))
    path.unlink()
    if stat is None:
        return False
    if not stat["mode"] & LINK:
        _put(path, "directory" if stat["mode"] & DIRECTORY else "file")
        return True
    target = PurePosixPath(stat["linkTarget"])  # all links on the way followed
    there = container.stat(str(target)) if target.is_relative_to(place) and ".." not in target.parts else None
    if there is None:
        return False
    real = top / target.relative_to(place)
    if not real.exists():  # as it is in the image
        _put(real, "directory" if there["mode"] & DIRECTORY else "file")
    path.symlink_to(real)
    return True


def _copy(container: Container, source: str, target: Path) -> None:
    """One file, which is no link."""
    with tempfile.TemporaryFile() as spool:
        for piece in container.engine.client.api.get_archive(container.id, source)[0]:
            spool.write(piece)
        spool.seek(0)
        with suppress(tarfile.TarError), tarfile.open(fileobj=spool) as archive:
            member = archive.next()
            content = archive.extractfile(member) if member is not None and member.isreg() else None
            if content is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(content, file)

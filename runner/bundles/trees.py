"""The tree that a run had, uncommitted changes and submodules included, as a zip file; always the same for the same tree."""

import os
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from runner import sources
from runner.errors import SourceError
from runner.progress import Phase
from runner.records.code import code_of
from runner.records.model import Recorded
from runner.settings import Settings

_PIECE = 1 << 20
_LINK, _FILE, _PROGRAM = 0o120777, 0o100644, 0o100755


def pack(recorded: Recorded, file: Path, *, settings: Settings, phase: Phase) -> str:
    """Make the tree once more, and write it to `file`; where in it the project is.

    Raises:
        RunnerError: the code is not to be had any more.
    """
    with code_of(recorded) as source, sources.checkout(source, settings=settings, phase=phase) as checkout:
        phase.update("packing the code")
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for path in _files(checkout.root):
                _add(archive, checkout.root, path)
        below = checkout.path.relative_to(checkout.root).as_posix()
    return "" if below == "." else below


def _files(root: Path) -> list[Path]:
    found = []
    for place, directories, names in os.walk(root):
        links = [name for name in directories if Path(place, name).is_symlink()]
        if Path(place) == root and ".git" in directories:
            directories.remove(".git")
        found += [Path(place, name) for name in (*names, *links)]
    return sorted(found)


def _add(archive: ZipFile, root: Path, path: Path) -> None:
    name = path.relative_to(root).as_posix()
    if path.is_symlink():
        archive.writestr(_entry(name, _LINK), os.readlink(path))  # noqa: PTH115 - as it is written
        return
    if not path.is_file():
        raise SourceError(f"{name} is no file, and cannot be packed")
    mode = _PROGRAM if os.access(path, os.X_OK) else _FILE
    with path.open("rb") as reading, archive.open(_entry(name, mode), "w", force_zip64=True) as writing:
        while piece := reading.read(_PIECE):
            writing.write(piece)


def _entry(name: str, mode: int) -> ZipInfo:
    entry = ZipInfo(name)
    entry.compress_type, entry.create_system, entry.external_attr = ZIP_DEFLATED, 3, mode << 16
    return entry

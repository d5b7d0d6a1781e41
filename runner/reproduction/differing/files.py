"""Two trees file by file, and what Git's own diff says of those that are not the same."""

import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from filecmp import cmp
from pathlib import Path
from tempfile import TemporaryDirectory

from runner.process import ProgramMissing, capture
from runner.sources.names import quoted

_MOST_BYTES = 4 << 20  # of one file whose lines are compared
_CHUNK = re.compile(r"^diff --git (?=[ab]/\d+ )", re.MULTILINE)
# What a person has configured, or a tree brings along, has no say in how lines are compared.
_PLAIN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C",
}
_DIFF = (
    "git",
    "diff",
    "--no-index",
    "--no-prefix",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-renames",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A file that is not the same in both trees. `path` is None on the side which does not have it.

    `lines` is its part of a unified diff, with names; a sentence where it is no text, or too large.
    """

    before: str | None
    after: str | None
    lines: str = ""

    @property
    def path(self) -> str:
        """Its name now, else the one it had."""
        return self.after or self.before or ""

    @property
    def counts(self) -> tuple[int, int]:
        """Lines removed and added."""
        body = self.lines.partition("\n@@")[2].splitlines()
        return sum(line[:1] == "-" for line in body), sum(line[:1] == "+" for line in body)


def changed(first: Path, second: Path) -> list[ChangedFile]:
    """What differs between two trees, by path; a file that was only renamed is one change."""
    mine, theirs = _listed(first), _listed(second)
    paths = [path for path in sorted({*mine, *theirs}) if not _same(mine.get(path), theirs.get(path))]
    renamed = _renamed(paths, mine, theirs)
    moved = {*renamed, *renamed.values()}
    rest = [path for path in paths if path not in moved]
    diffs = _diffs(rest, mine, theirs)
    found = [ChangedFile(before=before, after=after) for before, after in renamed.items()]
    found += [
        ChangedFile(
            before=path if path in mine else None, after=path if path in theirs else None, lines=lines
        )
        for path, lines in zip(rest, diffs, strict=True)
    ]
    return sorted(found, key=lambda file: file.path)


def _listed(root: Path) -> dict[str, Path]:
    """Files and links below `root` by their path there; what Git keeps for itself aside."""
    found: dict[str, Path] = {}
    for place, directories, names in os.walk(root):
        here = Path(place)
        links = [name for name in directories if (here / name).is_symlink()]
        directories[:] = [name for name in directories if name != ".git" and name not in links]
        for name in (*names, *links):
            path = here / name
            if name != ".git" and (path.is_symlink() or path.is_file()):
                found[path.relative_to(root).as_posix()] = path
    return found


def _same(first: Path | None, second: Path | None) -> bool:
    if first is None or second is None or _kind(first) != _kind(second):
        return False
    if first.is_symlink():
        return first.readlink() == second.readlink()
    return cmp(first, second, shallow=False)


def _kind(path: Path) -> tuple[bool, bool]:
    """Whether it is a link, and whether it is a program."""
    mode = path.lstat().st_mode
    return stat.S_ISLNK(mode), stat.S_ISREG(mode) and bool(mode & 0o100)


def _renamed(paths: Sequence[str], mine: Mapping[str, Path], theirs: Mapping[str, Path]) -> dict[str, str]:
    """Old name -> new name of files that are the same but for that."""
    gone = [path for path in paths if path not in theirs and not mine[path].is_symlink()]
    new = {path for path in paths if path not in mine and not theirs[path].is_symlink()}
    sizes: dict[int, list[str]] = {}
    for path in sorted(new):
        sizes.setdefault(theirs[path].stat().st_size, []).append(path)
    found: dict[str, str] = {}
    for path in gone:
        alike = sizes.get(mine[path].stat().st_size, [])
        hit = next((other for other in alike if _same(mine[path], theirs[other])), None)
        if hit is not None and mine[path].stat().st_size:
            found[path] = hit
            alike.remove(hit)
    return found


def _diffs(paths: Sequence[str], mine: Mapping[str, Path], theirs: Mapping[str, Path]) -> list[str]:
    """The unified diff of each, by one call of Git. Files are numbered there: no name of a stranger is read back."""
    found = [_too_large(path, mine, theirs) for path in paths]
    small = [number for number, told in enumerate(found) if not told]
    if small:
        with TemporaryDirectory(prefix="runner-diff-") as scratch:
            for number in small:
                _lay(Path(scratch, "a", str(number)), mine.get(paths[number]))
                _lay(Path(scratch, "b", str(number)), theirs.get(paths[number]))
            chunks = dict(_chunks(_git_diff(Path(scratch))))
        for number in small:
            path = paths[number]
            found[number] = _named(chunks.get(number, ""), path, before=path in mine, after=path in theirs)
    return found


def _too_large(path: str, mine: Mapping[str, Path], theirs: Mapping[str, Path]) -> str:
    sizes = [tree[path].lstat().st_size for tree in (mine, theirs) if path in tree]
    if max(sizes) <= _MOST_BYTES:
        return ""
    return f"{' → '.join(f'{size:,} bytes' for size in sizes)}, too large to be shown\n"


def _lay(place: Path, file: Path | None) -> None:
    place.parent.mkdir(exist_ok=True)
    if file is not None:
        shutil.copy2(file, place, follow_symlinks=False)


def _git_diff(directory: Path) -> str:
    try:
        return capture((*_DIFF, "--", "a", "b"), cwd=directory, env={**os.environ, **_PLAIN}, check=False).out
    except ProgramMissing:
        return ""


def _chunks(diff: str) -> Iterator[tuple[int, str]]:
    """The number of each file, and what follows its first line."""
    for chunk in _CHUNK.split(diff)[1:]:
        header, _, body = chunk.partition("\n")
        number = header.partition(" ")[0].partition("/")[2]
        yield int(number), body


def _named(body: str, path: str, *, before: bool, after: bool) -> str:
    """A part of the diff with the file's own name."""
    start = body.find("@@ ")
    modes = "".join(
        line for line in body.splitlines(keepends=True)[:2] if line.startswith(("old mode", "new mode"))
    )
    if start < 0:
        binary = "Binary files differ\n" if body.rstrip().endswith("differ") else ""
        return modes + binary
    mine, theirs = (_header(f"{side}/{path}") for side in "ab")
    names = f"--- {mine if before else os.devnull}\n+++ {theirs if after else os.devnull}\n"
    return modes + names + body[start:]


def _header(name: str) -> str:
    """A name as Git writes it there: no line is broken by one, and a space ends none."""
    plain = name.isprintable() and not {'"', "\\"} & set(name)
    return (name if plain else quoted(name)) + ("\t" if " " in name else "")

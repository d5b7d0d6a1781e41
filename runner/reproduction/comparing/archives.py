"""Zip files, and what is one in disguise (npz, keras, docx, pt): member by member. Dates in them do not matter."""

import filecmp
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from runner.errors import SourceError
from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.unreadable import Unreadable
from runner.sources.archive import Limits, extract

LIMITS = Limits(size=1 << 30, entries=10_000)

Look = Callable[[str, Path, Path, Tally], None]


def members(first: Path, second: Path, tally: Tally, *, look: Look) -> None:
    """Members of equal bytes are equal; at others it is to `look` by their names."""
    with TemporaryDirectory(prefix="runner-compare-") as name:
        left, right = (_extracted(file, Path(name) / side) for file, side in ((first, "a"), (second, "b")))
        for path in sorted({*left, *right}):
            if path not in left or path not in right:
                tally.lacking(f"{path} only in the {'first' if path in left else 'second'}")
            elif not filecmp.cmp(left[path], right[path], shallow=False):
                _member(path, left[path], right[path], tally, look)


def _member(path: str, first: Path, second: Path, tally: Tally, look: Look) -> None:
    try:
        look(path, first, second, tally)
    except Unreadable as reason:
        tally.lacking(f"{path} differs; {reason}")


def _extracted(file: Path, tree: Path) -> dict[str, Path]:
    tree.mkdir()
    try:
        extract(file, tree, limits=LIMITS)
    except SourceError as error:
        raise Unreadable(error.message) from error
    found = (path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(tree).as_posix(): path for path in found}

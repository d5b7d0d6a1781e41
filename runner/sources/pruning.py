"""Forget what nobody has used for a while: mirrors, trees, archives, downloads. All of it can be had again."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from runner.files import LockTaken, locked, remove_tree
from runner.settings import Settings

_DAY = 86_400.0


def prune(settings: Settings, *, older_than_days: float, dry_run: bool = False) -> int:
    """Remove what was last used longer ago than that; bytes freed, or with `dry_run` to be freed. What is in use stays."""
    before = time.time() - older_than_days * _DAY
    old = [home for home in _homes(settings.cache) if home.stat().st_mtime < before]
    if dry_run:  # trees lie inside their mirror: count them once
        return sum(
            _size(home)
            for home in old
            if not any(home.is_relative_to(other) for other in old if other != home)
        )
    return sum(_remove(home) for home in old)


def _homes(cache: Path) -> Iterator[Path]:
    """Directories that can go as a whole; trees before the mirror that they came from."""
    for pattern in ("git/*/trees/*", "git/*", "captured/*", "archives/*", "downloads/content/*", "objects/*"):
        yield from sorted(path for path in cache.glob(pattern) if path.is_dir())


def _remove(home: Path) -> int:
    try:
        with ExitStack() as stack:
            for lock in (home / "lock", *home.glob("*.lock"), *home.glob("trees/*/*.lock")):
                stack.enter_context(locked(lock, timeout=0))
            freed = _size(home)
            gone = home.with_name(f".{home.name}.gone")
            home.rename(gone)
    except LockTaken:
        return 0
    remove_tree(gone)
    return freed


def _size(tree: Path) -> int:
    """Bytes on disk, as `du` counts them."""
    files = (Path(top, name) for top, _, names in os.walk(tree) for name in names)
    return sum(file.lstat().st_blocks * 512 for file in files)

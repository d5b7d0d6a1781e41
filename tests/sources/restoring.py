"""A run planned, and its code put back from what was kept of it, as on a machine that has nothing else."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from runner import launch
from runner.launch.captured_source import captured_source
from runner.launch.plan import PlannedSource
from runner.progress import Phase, Progress
from runner.settings import Settings
from runner.sources import checkout
from runner.sources.model import Capture, CapturedSource, Checkout

PROJECT = {"MLproject": "entry_points: {main: {command: 'true'}}"}
Tree = dict[bytes, tuple[str, bytes]]


@dataclass(frozen=True)
class Restored:
    """What was planned, its patch, and the tree that was made again."""

    planned: PlannedSource
    patch: bytes
    tree: Tree
    checkout: Checkout


Restore = Callable[..., Restored]


def tree(top: Path) -> Tree:
    """Kind (x for executable files) and content of all files but those of git itself."""
    found: Tree = {}
    for file in top.rglob("*"):
        path, name = file.relative_to(top), os.fsencode(file.relative_to(top))
        if ".git" in path.parts:
            continue
        if file.is_symlink():
            found[name] = ("link", os.fsencode(file.readlink()))
        elif file.is_file():
            found[name] = ("x" if file.stat().st_mode & stat.S_IXUSR else "file", file.read_bytes())
    return found


@contextmanager
def planned(directory: Path | str, settings: Settings) -> Iterator[tuple[PlannedSource, Capture]]:
    """How the plan names the code, and what is kept of it."""
    request = launch.Request(uri=str(directory))
    with launch.plan(request, settings=settings, progress=Progress()) as made:
        yield made.plan.source, made.capture


@contextmanager
def put_back(source: CapturedSource, settings: Settings) -> Iterator[Checkout]:
    with checkout(source, settings=settings, phase=Phase("source")) as found:
        yield found


def restore(
    directory: Path | str, settings: Settings, elsewhere: Settings, *, repository: str | None = None
) -> Restored:
    """Plan a run of the directory and put its code back where that directory is not; only `repository` is there."""
    with planned(directory, settings) as (source, capture):
        gone = source if source.kind != "directory" else replace(source, uri="/gone/project")
        code = captured_source(replace(gone, repository=repository), capture)
        patch = capture.patch.read_bytes() if capture.patch else b""
        with put_back(code, elsewhere) as found:
            return Restored(source, patch, tree(found.root), found)

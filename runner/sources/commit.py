"""A commit as a fresh tree: mirror, pristine tree, copy. Imported only when a source is a repository."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.files import write_atomically
from runner.progress import Phase
from runner.settings import Settings
from runner.sources.mirror import mirror_of
from runner.sources.model import Checkout, GitSource
from runner.sources.place import directory_name, project_directory, writing_to
from runner.sources.populate import Populating
from runner.sources.tree import lent, pristine


@contextmanager
def checked_out(source: GitSource, *, settings: Settings, phase: Phase, keep: bool) -> Iterator[Checkout]:
    """As `sources.checkout`."""
    mirror = mirror_of(source, settings=settings)
    with writing_to(settings.cache):
        resolved = mirror.obtain(source.ref, phase)
    home = mirror.home / "trees" / resolved.commit
    phase.detail = "cached"

    def make(tree: Path) -> None:
        phase.detail = "fetched"
        populating = Populating(
            source=source,
            mirror=mirror,
            commit=resolved.commit,
            tree=tree,
            scratch=home / "index",
            settings=settings,
            phase=phase,
        )
        write_atomically(home / "submodules.json", json.dumps(populating.everything()))

    with writing_to(settings.cache):
        pristine(home, make)
    with lent(home, name=directory_name(source.url), keep=keep) as root:
        yield Checkout(
            path=project_directory(root, source.subdirectory),
            root=root,
            uri=source.url,
            subdirectory=source.subdirectory,
            ref=source.ref,
            commit=resolved.commit,
            branch=resolved.branch,
            repository=source.url,
            dirty=False,
            submodules=tuple(
                (path, commit) for path, commit in json.loads((home / "submodules.json").read_text())
            ),
            notices=(resolved.notice,) if resolved.notice else (),
        )

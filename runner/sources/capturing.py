"""What the name of a commit does not tell of a directory that is used in place, written to files; it is only read.

working copies ──► what differs from their commits ──► what fits ──► scratch repository ──► patch.diff
       └─────────► commits that no remote has ─────────────────────────────────────────────► 0.bundle, 1.bundle, ...

Imported only when a directory differs from what others can have.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from runner.settings import Settings
from runner.sources.bundle import TooLarge, bundle
from runner.sources.limits import UNWANTED, choose, readable
from runner.sources.model import Capture, Checkout, WorkingCopy
from runner.sources.modules import Change, Module, changes, listed, modules
from runner.sources.names import unquoted
from runner.sources.scratch import Scratch, scratch
from runner.sources.workingcopy import git_in

NO_FILES = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # a tree that every Git knows
# that which a person may have configured otherwise is said; a rename is a removal and an addition
_PATCH = (
    "diff-index", "--cached", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv",
    "--no-color", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip


@contextmanager
def captured(checkout: Checkout, *, settings: Settings) -> Iterator[Capture]:
    """What must be kept of the directory; its files live as long as the block.

    Raises:
        SourceError: git fails.
    """
    copy = checkout.working_copy or WorkingCopy()
    if shutil.which("git", path=settings.environ.get("PATH")) is None:
        yield Capture(
            left_out=("all of the code: the program git, which tells what belongs to it, is not on PATH",)
        )
        return
    with TemporaryDirectory(prefix="runner-capture-") as name:
        home = Path(name)
        if copy.top is None:
            yield _plain(checkout.root, home, settings=settings)
        else:
            yield _working_copy(copy, copy.top, home, settings=settings)


def zip_file(checkout: Checkout, *, settings: Settings) -> Capture:
    """The zip file from which a tree was made."""
    if checkout.archive is None:
        return Capture()
    size, most = checkout.archive.stat().st_size, settings.capture_limit
    if size > most:
        note = f"{checkout.archive.name} has {readable(size)}, more than {readable(most)}"
        return Capture(left_out=(note,))
    return Capture(archive=checkout.archive)


def _plain(top: Path, home: Path, *, settings: Settings) -> Capture:
    """A directory that is not in Git: all files that are not ignored."""
    with scratch(top, objects=(), commit=None, settings=settings) as made:
        unwanted = (f"--exclude={name}" for name in sorted(UNWANTED))
        listing = made.git("ls-files", "--others", "--exclude-standard", *unwanted)
        names = (unquoted(text) for text in listing.split("\n") if text)
        files = (Change(path=path) for path in _files(top, names, settings))
        choice = choose(files, top, settings=settings)
        made.add(choice.kept)
        patch = _write(made, NO_FILES, home)
    return Capture(patch=patch, left_out=tuple(choice.left_out))


def _files(top: Path, names: Iterator[str], settings: Settings) -> Iterator[str]:
    for name in names:
        if name.endswith("/"):  # a repository inside
            yield from (f"{name}{below}" for below in listed(top / name, settings=settings))
        else:
            yield name


def _working_copy(copy: WorkingCopy, top: Path, home: Path, *, settings: Settings) -> Capture:
    parts = list(modules(copy, settings=settings))
    patch, left_out = _patch(parts, top, home, settings=settings)
    bundles = {}
    for number, part in enumerate(part for part in parts if part.copy.commit):
        file = home / f"{number}.bundle"
        try:
            if bundle(part, file, settings=settings):
                bundles[part.path] = file
        except TooLarge as error:
            left_out.append(error.message)
    return Capture(
        patch=patch,
        bundles=bundles,
        submodules={part.path: str(part.copy.commit) for part in parts[1:]},
        left_out=tuple(left_out),
    )


def _patch(
    parts: Sequence[Module], top: Path, home: Path, *, settings: Settings
) -> tuple[Path | None, list[str]]:
    """The patch, if anything differs, and what is not in it."""
    others = frozenset(part.path for part in parts)
    differing = [change for part in parts for change in changes(part, others, settings=settings)]
    choice = choose((change for change in differing if not change.gone), top, settings=settings)
    gone = [change.path for change in differing if change.gone]
    if not gone and not choice.kept:
        return None, choice.left_out
    dirty = [part for part in parts if part.copy.dirty]
    objects = [_objects(part, settings) for part in dirty]
    with scratch(top, objects=objects, commit=parts[0].copy.commit, settings=settings) as made:
        for part in dirty:
            if part.copy.commit:
                made.read(part.copy.commit, part.path)
        # with submodules, the tree with their files in it is no commit's
        base = parts[0].copy.commit if len(dirty) == 1 and parts[0].copy.commit else made.tree()
        made.remove(gone)
        made.add(choice.kept)
        return _write(made, base, home), choice.left_out


def _objects(part: Module, settings: Settings) -> Path:
    return part.top / git_in(part.top, settings=settings)("rev-parse", "--git-path", "objects").strip()


def _write(made: Scratch, base: str, home: Path) -> Path | None:
    file = home / "patch.diff"
    made.git(*_PATCH, f"--output={file}", base)
    return file if file.stat().st_size else None

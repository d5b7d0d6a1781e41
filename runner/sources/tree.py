# ruff: noqa: PTH101, PTH102, PTH108, PTH115, PTH118, PTH211
# (text paths: 12,000 Path objects would cost as much as the walk itself)
"""Trees to run in: one pristine tree per commit or archive, and writable copies, each lent to one run at a time.

    <home>/
        pristine/        made once, aside, then renamed; no program runs in it
        0/<name>/        a copy; `0.lock` is held by the run that has it, `0.json` is its State
        kept-.../<name>  copies that were given away

Programs overwrite tracked files (results, plots) and may expect to be allowed to, so hard links will not do; and to
copy 12,000 files takes seconds. So a copy stays, and is *mended* before it is lent again: what was added is removed,
what was changed is copied anew. A change cannot hide: nobody can set back the time of a file's last change (ctime),
renaming a file renews it too, and directories are known by inode. 12,000 unchanged files cost 0.04 s.
"""

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

from runner.files import LockTaken, locked, remove_tree
from runner.sources.place import writing_to

_CHUNK = 1 << 30


@dataclass(frozen=True, slots=True)
class State:
    """How a copy was when it last equalled the pristine tree.

    Attributes:
        stamp: nanoseconds on the clock of the file system; a file whose ctime is earlier has not changed since.
        directories: relative path -> inode, number of entries.
    """

    stamp: int = -1
    directories: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "State":
        """The state that was written; without one, or where ctime means another thing, nothing is trusted."""
        if sys.platform == "win32":
            return cls()
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return cls()


def pristine(home: Path, make: Callable[[Path], None]) -> Path:
    """The pristine tree of `home`; where there is none yet, `make` fills a new directory. One process makes it."""
    tree = home / "pristine"
    if tree.is_dir():
        os.utime(home)  # used, says `prune`
        return tree
    with locked(home / "lock"):
        if not tree.is_dir():
            aside = home / "pristine.new"
            remove_tree(aside)
            aside.mkdir()
            try:
                make(aside)
                aside.rename(tree)
            except BaseException:
                remove_tree(aside)
                raise
    return tree


@contextmanager
def lent(home: Path, *, name: str, keep: bool = False) -> Iterator[Path]:
    """A writable copy of the pristine tree of `home`, as if fresh, ours alone until the block ends.

    Args:
        home: where the pristine tree is.
        name: of the copy's directory.
        keep: leave it behind as it is afterwards, and never lend it again.

    Raises:
        SourceError: it cannot be written.
    """
    with ExitStack() as stack:
        with writing_to(home):
            if keep:
                copy = Path(tempfile.mkdtemp(prefix="kept-", dir=home)) / name
                mend(home / "pristine", copy, State())
            else:
                slot = stack.enter_context(_free_slot(home))
                copy, record = slot / name, slot.with_name(f"{slot.name}.json")
                _mend_and_record(home / "pristine", copy, record)
                stack.callback(_tidy, home / "pristine", copy, record)
        yield copy


def _tidy(pristine: Path, copy: Path, record: Path) -> None:
    """Free the disk of what a program left; where that fails, the next run sees to it."""
    with suppress(OSError):
        _mend_and_record(pristine, copy, record)


@contextmanager
def _free_slot(home: Path) -> Iterator[Path]:
    for number in count():
        try:
            with locked(home / f"{number}.lock", timeout=0):
                yield home / str(number)
                return
        except LockTaken:
            continue


def _mend_and_record(pristine: Path, copy: Path, record: Path) -> None:
    before = State.read(record)
    after = mend(pristine, copy, before)
    if after is not before:
        record.write_text(json.dumps(asdict(after)))  # torn by a crash, it is no JSON, and nothing is trusted


def mend(pristine: Path, copy: Path, state: State) -> State:
    """Make `copy` equal to `pristine` again; the new state, or `state` itself where nothing was changed."""
    copy.mkdir(parents=True, exist_ok=True)
    work = _Mending(pristine, copy, state, pristine.stat().st_mode & 0o777)
    work.directory("")
    if not work.changed:
        return state
    os.utime(copy)  # renews its ctime: now, on the clock of this file system
    return State(copy.stat().st_ctime_ns, work.directories)


@dataclass(slots=True)
class _Mending:
    pristine: Path
    copy: Path
    state: State
    mode: int  # of every directory
    directories: dict[str, tuple[int, int]] = field(default_factory=dict)
    changed: bool = False

    def directory(self, relative: str) -> None:
        """Mend one directory, which exists in both trees, and all below it."""
        here = os.path.join(self.copy, relative)
        inode, entries = self._recognise(here, relative)
        whole = self._clear(here, relative, trusted=entries is not None)
        if entries is None or len(whole) != entries:
            self.changed = True
            entries = self._complete(relative, whole)
        self.directories[relative] = (inode, entries)

    def _recognise(self, here: str, relative: str) -> tuple[int, int | None]:
        """Inode and, where it is the directory that we know, the number of entries it should have."""
        status = os.lstat(here)
        if status.st_mode & 0o777 != self.mode:
            os.chmod(here, self.mode)
        inode, entries = self.state.directories.get(relative, (None, None))
        return status.st_ino, entries if inode == status.st_ino else None

    def _clear(self, here: str, relative: str, *, trusted: bool) -> set[str]:
        """Remove whatever is not surely as it was; the names of the rest."""
        whole: set[str] = set()
        below = []
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.name)
                elif trusted and entry.stat(follow_symlinks=False).st_ctime_ns < self.state.stamp:
                    whole.add(entry.name)
                else:
                    self.changed = True
                    os.unlink(entry.path)
        for name in below:
            path = os.path.join(relative, name)
            if path in self.state.directories:
                self.directory(path)
                whole.add(name)
            else:
                self.changed = True
                remove_tree(self.copy / path)
        return whole

    def _complete(self, relative: str, whole: set[str]) -> int:
        """Copy what is missing; the number of entries that the directory should have."""
        entries = list(os.scandir(os.path.join(self.pristine, relative)))
        for entry in entries:
            if entry.name in whole:
                continue
            target = os.path.join(self.copy, relative, entry.name)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), target)
            elif entry.is_dir():
                os.mkdir(target)
                self.directory(os.path.join(relative, entry.name))
            else:
                _copy_file(entry.path, target)
        return len(entries)


def _copy_file(source: str, target: str) -> None:
    """Copy content and mode; the kernel copies, or shares the blocks where the file system can."""
    if sys.platform != "linux":
        shutil.copy(source, target)
        return
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(reading)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        writing = os.open(target, flags, stat.S_IMODE(status.st_mode))
        try:
            left = status.st_size
            while left > 0 and (done := _copy_range(reading, writing, left)):
                left -= done
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_range(reading: int, writing: int, length: int) -> int:
    try:
        return os.copy_file_range(reading, writing, min(length, _CHUNK))
    except OSError:  # file systems differ in what they can; reading and writing always works
        return os.sendfile(writing, reading, None, min(length, _CHUNK))

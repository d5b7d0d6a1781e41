"""Files written whole or not at all, locks between processes, digests."""

import hashlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.errors import RunnerError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def write_atomically(path: Path, content: bytes | str, *, executable: bool = False) -> None:
    """Replace `path` in one step; a crash leaves the old file or the new one, never a part."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with aside.open("xb") as file:  # not a file of tempfile's, which only its owner may read
            file.write(data)
            if executable:
                os.fchmod(file.fileno(), 0o755)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def is_special(path: Path) -> bool:
    """Whether something is there that is no file: a directory, a device, a pipe. Nobody wants that replaced, or waited for."""
    return path.exists() and not path.is_file()


def sha256(content: bytes | str) -> str:
    """Hexadecimal SHA-256 of a text (as UTF-8) or bytes."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def file_digest(file: Path) -> str:
    """SHA-256 of a file of any size, "sha256:...".

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def remove_tree(path: Path) -> None:
    """Remove a directory tree; read-only files and directories go too, a missing tree is fine."""

    def unlock(function: object, name: str, _error: object) -> None:
        with suppress(OSError):
            Path(name).parent.chmod(0o700)
            if not Path(name).is_symlink():  # where it leads to, nothing of ours is
                Path(name).chmod(0o700)
            if callable(function):
                function(name)

    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.exists():
        shutil.rmtree(path, onerror=unlock)


class LockTaken(RunnerError):
    """Another process holds the lock and the time to wait is over."""


@contextmanager
def locked(path: Path, *, timeout: float | None = None, shared: bool = False) -> Iterator[int]:
    """Hold the lock file `path`; yields its file descriptor.

    The lock lives as long as any process has the descriptor open: pass it to a child (`pass_fds`) and the
    lock outlives our own death until the child has ended too. The file is never removed.

    Args:
        path: the lock file, made if missing.
        timeout: seconds to wait for the other holder; None waits for ever, 0 not at all.
        shared: share it with other shared holders (readers).

    Raises:
        LockTaken: still held by another process after `timeout`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        _acquire(descriptor, path, timeout=timeout, shared=shared)
        yield descriptor
    finally:
        os.close(descriptor)


def release(descriptor: int) -> None:
    """Give a lock up now, although a program that inherited the descriptor may still have it open."""
    if sys.platform == "win32":
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _acquire(descriptor: int, path: Path, *, timeout: float | None, shared: bool) -> None:
    deadline = None if timeout is None else time.monotonic() + timeout
    pause = 0.005
    # Asked for again and again, never waited for inside the system: that would make us deaf to signals.
    while not _try_lock(descriptor, shared=shared):
        if deadline is not None and time.monotonic() >= deadline:
            raise LockTaken(f"{path} is locked by another process")
        time.sleep(pause)
        pause = min(pause * 2, 0.1)


def _try_lock(descriptor: int, *, shared: bool) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if isinstance(error, BlockingIOError | PermissionError):
            return False
        raise
    return True

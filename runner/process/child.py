"""A project's program: its own process group, its output as it comes, and an end on every way out.

with Child.start(argv, cwd=..., env=..., run_id=..., sink=log.write) as child:
    child.wait()
    child.stop(signal.SIGINT)       # from a signal handler or another thread: ask, then insist, then kill
"""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Literal, TypeAlias

from runner.process import SLICE, ProgramMissing
from runner.process import guard as guard_script

Stream: TypeAlias = Literal["stdout", "stderr"]
Sink: TypeAlias = Callable[[Stream, bytes], None]

PATIENCE: Mapping[int, float] = {signal.SIGINT: 10.0, signal.SIGTERM: 10.0}  # seconds until the next step
NEXT: Mapping[int, int] = {
    signal.SIGINT: signal.SIGTERM,
    signal.SIGTERM: signal.SIGKILL,
    signal.SIGHUP: signal.SIGKILL,
}
LINGER = 1.0  # seconds that processes left in the group get after the program itself has ended


@dataclass(slots=True)
class Child:
    """A running program. Made by `Child.start`."""

    run_id: str
    _process: subprocess.Popen[bytes]
    _readers: tuple["Reader", ...] = ()
    _stopped_by: int | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    @staticmethod
    @contextmanager
    def start(
        argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], run_id: str, sink: Sink
    ) -> Iterator["Child"]:
        """Start the program; at the end of the block nothing of it is left.

        Args:
            argv: an argument list.
            env: the whole environment; RUNNER_RUN_ID in it marks the run's processes.
            run_id: the mark.
            sink: gets every piece of output, from two threads.

        Raises:
            ProgramMissing: the executable cannot be started.
        """
        with _guarded(run_id) as tell:
            process = _popen(argv, cwd=cwd, env=env)
            tell(f"{process.pid}\n".encode())
            child = Child(run_id, process)
            assert process.stdout is not None
            assert process.stderr is not None
            child._readers = (Reader("stdout", process.stdout, sink), Reader("stderr", process.stderr, sink))
            try:
                yield child
            finally:
                child._finish()

    @property
    def pid(self) -> int:
        """Process number, and number of the process group."""
        return self._process.pid

    @property
    def stopped_by(self) -> int | None:
        """The signal with which `stop` was asked for; None when the program ended by itself."""
        return self._stopped_by

    def wait(self) -> int:
        """Wait for the program itself; its exit code, negative for a signal."""
        # In slices: a signal that arrives just before a wait begins is handled only when that wait is over.
        while (code := self._process.poll()) is None:
            _await_end(self._process, seconds=SLICE)
        return code

    def stop(self, number: int) -> None:
        """Ask the program to end; the second call kills. Returns at once."""
        if self._stopped_by is not None:
            guard_script.end(self.pid, self.run_id, signal.SIGKILL)
            return
        self._stopped_by = number
        self._send(number)
        threading.Thread(target=self._insist, args=(number,), daemon=True).start()

    def _insist(self, number: int) -> None:
        """Ask, then insist, then kill: SIGINT, SIGTERM, SIGKILL."""
        while number != signal.SIGKILL:
            if self._ended.wait(PATIENCE.get(number, PATIENCE[signal.SIGTERM])):
                return
            number = NEXT.get(number, signal.SIGKILL)
            guard_script.end(self.pid, self.run_id, number)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _finish(self) -> None:
        """End what is left of the group, so that the readers see the end of the output."""
        if self._process.poll() is None:
            guard_script.end(self.pid, self.run_id, signal.SIGKILL)
            self._process.wait()
        elif self._stopped_by is not None:
            guard_script.end(self.pid, self.run_id, signal.SIGKILL)
        else:
            self._clear_group()
        for reader in self._readers:
            reader.finish()
        self._ended.set()

    def _clear_group(self) -> None:
        if not self._group_alive():
            return
        self._send(signal.SIGTERM)
        deadline = monotonic() + LINGER
        while self._group_alive() and monotonic() < deadline:
            sleep(0.01)
        self._send(signal.SIGKILL)

    def _group_alive(self) -> bool:
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


class Reader(threading.Thread):
    """Copies one stream of a program to the sink, until all that hold its other end have closed it."""

    def __init__(self, stream: Stream, pipe: IO[bytes], sink: Sink) -> None:
        super().__init__(name=stream, daemon=True)
        self._stream: Stream = stream
        self._pipe = pipe
        self._sink = sink
        self._waiting_since: float | None = None  # for output; None while the sink has some to deal with
        self.start()

    def run(self) -> None:
        """The thread."""
        with self._pipe:
            while data := self._next():
                self._sink(self._stream, data)

    def finish(self) -> None:
        """Wait for the rest of the output, however long it is; but not for a stranger that keeps the pipe open in silence."""
        while self.is_alive():
            self.join(0.05)
            since = self._waiting_since
            if since is not None and monotonic() - since > LINGER:
                return

    def _next(self) -> bytes:
        self._waiting_since = monotonic()
        try:
            return os.read(self._pipe.fileno(), 65536)
        finally:
            self._waiting_since = None


def _await_end(process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """Return when the process has ended, or the time is over."""
    if not hasattr(os, "pidfd_open"):  # only Linux has it
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return
    descriptor = os.pidfd_open(process.pid)
    try:
        select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)


def _popen(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            # A terminal's input belongs to the foreground group, which the program is not: reading would stop it.
            stdin=subprocess.DEVNULL if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty() else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            process_group=0,
        )
    except OSError as error:
        raise ProgramMissing(f"{argv[0]!r} cannot be started: {error.strerror}") from error


@contextmanager
def _guarded(run_id: str) -> Iterator[Callable[[bytes], None]]:
    """Have a guard, and tell it `done` at the end."""
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", guard_script.__file__, run_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        bufsize=0,
    )
    assert guard.stdin is not None
    pipe = guard.stdin

    def tell(word: bytes) -> None:
        with suppress(OSError):  # the guard was killed: nothing to be done, and no reason to fail the run
            pipe.write(word)

    try:
        yield tell
    finally:
        tell(b"done\n")
        guard.kill()  # sooner than it would end by itself: a short program is over before its guard is up
        pipe.close()
        guard.wait()

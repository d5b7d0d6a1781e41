"""A project's program: its own process group, its output as it comes, and an end on every way out.

with Child.start(argv, cwd=..., env=..., run_id=..., sink=log.write) as child:
    child.wait()
    child.stop(signal.SIGINT)       # from a signal handler or another thread: ask, then insist, then kill
"""

import array
import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Literal, TypeAlias

from msgspec import Struct, field

from runner.process import SLICE, ProgramMissing
from runner.process import guard as guard_script

Stream: TypeAlias = Literal["stdout", "stderr"]
Sink: TypeAlias = Callable[[Stream, bytes], None]

NEXT: Mapping[int, int] = {
    signal.SIGINT: signal.SIGTERM
}  # what follows a request in vain; SIGKILL for the others
PATIENCE = 10.0  # seconds until the next step
LEVEL = 2.0  # seconds of patience less for each run around this one: the inner ones end first, and say so
LINGER = 1.0  # seconds that processes left in the group get after the program itself has ended by itself


# Reads what to watch, until the word `done`. The end of its input without that word means that the runner is gone: only then
# Python is started, which would take longer than many a program that is guarded, and ten times the memory of a shell.
WATCHING = 'watched=; trap "" INT HUP; while read -r word; do [ "$word" = done ] && exit; watched=$word; done; exec "$@" $watched'


class Guard:
    """A process that runs `script`, such as guard.py, should we die: on its argument, and what it is told to watch.

    It is started at once, and dismissed at the end. Should it die itself, it is started again.
    """

    def __init__(self, script: str, argument: str) -> None:
        self._argv = ["/bin/sh", "-c", WATCHING, "sh", sys.executable, "-I", "-S", script, argument]
        self._watched: str | None = None

    def __enter__(self) -> "Guard":
        self._start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._tell(b"done\n")
        self._process.kill()  # sooner than it would end by itself
        self._close()

    def watch(self, what: str) -> None:
        """End this, a process group or a container, should we die."""
        self._watched = what
        self._tell(f"{what}\n".encode())

    def check(self) -> None:
        """Have a living guard."""
        if self._process.poll() is not None:
            self._close()
            self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # without the mark of a run around us: who ends that run must not end the guard first
            env={name: value for name, value in os.environ.items() if name != guard_script.CHAIN},
            start_new_session=True,
            bufsize=0,
        )
        if self._watched is not None:
            self.watch(self._watched)

    def _tell(self, word: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it was killed; `check` starts another
            self._process.stdin.write(word)

    def _close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Child(Struct):
    """A running program. Made by `Child.start`."""

    run_id: str
    patience: float
    _process: subprocess.Popen[bytes]
    _guard: Guard
    _readers: tuple["Reader", ...]
    _stopped_by: int | None = None
    _killed: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)

    @staticmethod
    @contextmanager
    def start(
        argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], run_id: str, sink: Sink
    ) -> Iterator["Child"]:
        """Start the program; at the end of the block its process group is gone.

        What it started in a session of its own, a daemon, outlives it when it ends by itself, and ends with it when
        it is stopped.

        Args:
            argv: an argument list.
            env: the whole environment; RUNNER_RUN_CHAIN in it marks the run's processes.
            run_id: the last of that chain.
            sink: gets every piece of output, from two threads.

        Raises:
            ProgramMissing: the executable cannot be started.
        """
        with Guard(guard_script.__file__, run_id) as guard:
            process = _popen(argv, cwd=cwd, env=env)
            guard.watch(str(process.pid))
            assert process.stdout is not None
            assert process.stderr is not None
            readers = (Reader("stdout", process.stdout, sink), Reader("stderr", process.stderr, sink))
            depth = env.get(guard_script.CHAIN, "").count(":")
            child = Child(run_id, patience(depth), process, guard, readers)
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
            self._guard.check()
        return code

    def stop(self, number: int) -> None:
        """Ask the program to end; the second call kills. Returns at once."""
        if self._stopped_by is not None:
            self._kill()
            return
        self._stopped_by = number
        self._send(number)
        threading.Thread(target=self._insist, args=(number,), daemon=True).start()

    def _insist(self, number: int) -> None:
        """Ask, then insist, then kill: SIGINT, SIGTERM, SIGKILL."""
        while not self._ended.wait(self.patience):
            number = NEXT.get(number, signal.SIGKILL)
            if number == signal.SIGKILL:
                self._kill()
                return
            guard_script.end(self.pid, self.run_id, number)

    def _kill(self) -> None:
        guard_script.end(self.pid, self.run_id, signal.SIGKILL)
        self._killed.set()

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _finish(self) -> None:
        """End what is left of the group, so that the readers see the end of the output."""
        if self._process.poll() is None:
            self._kill()
            self._process.wait()
        elif self._stopped_by is not None:
            self._await_group()
            self._kill()
        else:
            self._clear_group()
        for reader in self._readers:
            reader.finish()
        self._ended.set()

    def _await_group(self) -> None:
        """The shell is gone; what it ran may still be saving its work, and has the rest of the patience for it."""
        if self._stopped_by == signal.SIGINT:  # which shells let their background processes ignore
            self._send(signal.SIGTERM)
        while self._group_alive() and not self._killed.wait(0.02):
            self._guard.check()

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


def patience(depth: int) -> float:
    """Seconds until the next step for a run inside of so many others."""
    return max(PATIENCE - depth * LEVEL, PATIENCE / 10)


class Reader(threading.Thread):
    """Copies one stream of a program to the sink, until all that hold its other end have closed it."""

    def __init__(self, stream: Stream, pipe: IO[bytes], sink: Sink) -> None:
        super().__init__(name=stream, daemon=True)
        self._stream: Stream = stream
        self._pipe = pipe
        self._sink = sink
        self._read = 0  # bytes
        self._idle = False  # waiting for output, not busy with some
        self.start()

    def run(self) -> None:
        """The thread."""
        with self._pipe:
            while data := self._next():
                self._sink(self._stream, data)

    def finish(self) -> None:
        """Wait until all is passed on that was written by now; a stranger may hold the pipe open and even go on writing."""
        written = self._read + _pending(self._pipe)
        while self.is_alive() and not (self._idle and self._read >= written):
            self.join(0.02)
        self.join(0.02)  # the end of the stream, if it is there

    def _next(self) -> bytes:
        self._idle = True
        data = os.read(self._pipe.fileno(), 65536)
        self._idle = False
        self._read += len(data)
        return data


def _pending(pipe: IO[bytes]) -> int:
    """Bytes in a pipe that nobody has read yet."""
    count = array.array("i", [0])
    try:
        fcntl.ioctl(pipe, termios.FIONREAD, count)
    except (OSError, ValueError):  # closed by its reader
        return 0
    return count[0]


def _await_end(process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """Return when the process has ended, or the time is over."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or an old one
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(seconds * 1000)
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
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        raise ProgramMissing(f"{argv[0]!r} cannot be started: {error}") from error

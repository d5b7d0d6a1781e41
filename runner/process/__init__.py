"""The one place that starts programs.

capture     runs a tool (git, uv, an interpreter) to its end
child.py    a project's program: its own process group, its output as it comes, ended in three steps
guard.py    a few lines in a process of their own, which end that program if we die without a word
detached.py a program of ours that is to outlive us
"""

import io
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import IO

from msgspec import Struct

from runner.errors import RunnerError

SLICE = 0.5  # seconds of one wait
GRACE = 1.0  # seconds between the request to end and the order


class Completed(Struct, frozen=True):
    """A program that has ended. `code` is negative for the signal that ended it."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str


class ProgramMissing(RunnerError):
    """There is no such executable."""


class ProgramFailed(RunnerError):
    """A tool ended with another code than 0; `completed` has all of it."""

    def __init__(self, completed: Completed, *, hint: str | None = None) -> None:
        tail = "\n".join((completed.err or completed.out).strip().splitlines()[-30:])
        super().__init__(
            f"`{shlex.join(completed.argv)}` ended with {describe_code(completed.code)}",
            hint=hint,
            detail=tail or None,
        )
        self.completed = completed


def describe_code(code: int) -> str:
    """ "exit code 3" or "signal 9 (SIGKILL)"."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"


def capture(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str | None = None,  # noqa: A002 - subprocess calls it so
    timeout: float | None = None,
    check: bool = True,
    pass_fds: Sequence[int] = (),
    on_line: Callable[[str], None] | None = None,
) -> Completed:
    """Run a tool to its end and return its output.

    Args:
        argv: an argument list, never a shell line.
        env: the whole environment; None for ours.
        input: text for its standard input, which is empty otherwise.
        timeout: seconds; afterwards it is killed and ProgramFailed raised.
        check: raise ProgramFailed when the code is not 0.
        pass_fds: descriptors that the tool inherits (a lock, so that it outlives us no longer than the tool).
        on_line: gets each line of standard error as it comes.

    Raises:
        ProgramMissing: no such executable.
        ProgramFailed: see `check` and `timeout`.
    """
    arguments = tuple(os.fspath(part) for part in argv)
    process: subprocess.Popen[bytes] | None = None
    try:  # from the first moment on: a signal may raise anywhere
        process = _start(arguments, cwd=cwd, env=env, piped=input is not None, pass_fds=pass_fds)
        if input is not None:
            _feed(process, input.encode())
        lines: list[str] = []
        follower = _follow(process, lines, on_line) if on_line else None
        out, err = _output(process, timeout=timeout)
        if follower:
            follower.join()
    except BaseException:
        if process is not None:
            _end_group(process)
        raise
    completed = Completed(
        arguments, process.returncode, _text(out), "".join(lines) if follower else _text(err)
    )
    if check and completed.code != 0:
        raise ProgramFailed(completed)
    return completed


def _start(
    argv: tuple[str, ...],
    *,
    cwd: Path | None,
    env: Mapping[str, str] | None,
    piped: bool,
    pass_fds: Sequence[int],
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=tuple(pass_fds),
            process_group=0,  # so that it ends together with what it started
        )
    except FileNotFoundError as error:
        if error.filename is not None and cwd is not None and Path(error.filename) == cwd:
            raise RunnerError(f"there is no directory {cwd}") from error
        raise ProgramMissing(f"there is no program {argv[0]!r}") from error
    except PermissionError as error:
        raise ProgramMissing(f"{argv[0]!r} cannot be executed: {error.strerror}") from error


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask the tool and what it started to end, then kill; afterwards it is gone, and its pipes are closed."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    """Write its standard input beside: communicate() forgets the rest of it when one of its waits is over."""
    stream, process.stdin = process.stdin, None
    assert stream is not None

    def write(stream: IO[bytes]) -> None:
        with suppress(BrokenPipeError), stream:
            stream.write(data)

    threading.Thread(target=write, args=(stream,), daemon=True).start()


def _output(process: subprocess.Popen[bytes], *, timeout: float | None) -> tuple[bytes | None, bytes | None]:
    # In slices: a signal that arrives just before a wait begins is handled only when that wait is over.
    started = monotonic()
    while True:
        try:
            return process.communicate(None, min(SLICE, timeout or SLICE))
        except subprocess.TimeoutExpired:
            if timeout is not None and monotonic() - started >= timeout:
                words = f"no answer within {timeout:g} s"
                argv = tuple(map(str, process.args)) if isinstance(process.args, tuple) else ()
                raise ProgramFailed(Completed(argv, -signal.SIGKILL, "", words)) from None


def _follow(
    process: subprocess.Popen[bytes], lines: list[str], on_line: Callable[[str], None]
) -> threading.Thread:
    stream, process.stderr = process.stderr, None  # communicate() leaves it to us
    assert stream is not None

    def read(stream: IO[bytes]) -> None:
        # universal newlines: progress that overwrites itself (git, pip) ends its lines with \r
        with io.TextIOWrapper(stream, encoding="utf-8", errors="replace") as text:
            for line in text:
                lines.append(line)
                on_line(line.rstrip())

    thread = threading.Thread(target=read, args=(stream,), daemon=True)
    thread.start()
    return thread


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")

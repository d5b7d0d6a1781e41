"""This machine: the command under `bash -c`, as MLflow runs it."""

import signal
import sys

from runner.executors import Exit, Job, Sink
from runner.process.child import Child


class LocalExecutor:
    """Runs a job as a child of this process."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._asked: list[int] = []  # stops from before there was a child

    def execute(self, job: Job, *, sink: Sink) -> Exit:
        """Run it in its own process group; afterwards nothing of the group is left."""
        argv = shell(job.command)
        with Child.start(argv, cwd=job.directory, env=job.variables, run_id=job.run_id, sink=sink) as child:
            self._child = child
            for number in self._asked:
                child.stop(number)
            code = child.wait()
        self._child = None
        if code < 0:
            return Exit(code=128 - code, signal=-code, stopped_by=child.stopped_by)
        return Exit(code=code, signal=shell_signal(code), stopped_by=child.stopped_by)

    def stop(self, number: int) -> None:
        """See `Executor.stop`."""
        if self._child is None:
            self._asked.append(number)
        else:
            self._child.stop(number)


def shell(command: str) -> list[str]:
    """The argument list that runs a shell command; the one that MLflow uses, so that quoting means the same."""
    return ["cmd", "/c", command] if sys.platform == "win32" else ["bash", "-c", command]


def shell_signal(code: int) -> int | None:
    """The signal that ended the last command, as the shell reports it: 128 + signal."""
    number = code - 128
    return (
        number
        if number in {signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV}
        else None
    )

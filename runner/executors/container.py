"""A container: the same shell command, with the same signals, output and exit code as on this machine."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import Any

from msgspec import Struct, field

from runner.containers import creating, guard, running, trouble, written
from runner.containers.creating import Setup
from runner.containers.engine import Engine
from runner.containers.running import Container, Ended
from runner.errors import EnvironmentFailed
from runner.executors import Exit, Job, Sink
from runner.executors.local import shell_signal
from runner.process.child import NEXT, Guard

NOT_EXECUTABLE, NOT_FOUND = 126, 127  # as shells say it


class ContainerExecutor:
    """Runs a job in a container that is made for it and removed after it. `notice` is told what is odd.

    The engine takes its time to remove a container: it is gone for sure when `last` is closed.
    """

    def __init__(
        self,
        engine: Engine,
        setup: Setup,
        *,
        patience: float,
        notice: Callable[[str], None],
        last: ExitStack,
    ) -> None:
        self.engine = engine
        self.setup = setup
        self.notice = notice
        self.last = last
        self._stopping = Stopping(patience)

    def execute(self, job: Job, *, sink: Sink) -> Exit:
        """Run it to its end."""
        guarded = self.last.enter_context(self._guarded())
        with self._created(job) as container:
            if guarded is not None:
                guarded.watch(container.id)
            if container.shell == "sh":
                self.notice("the image has no bash: the command runs in sh")
            ended = self._followed(container, sink)
            if self.setup.brought_out:
                self._bring(container, job)
        if ended is not None and ended.starved and ended.code == 0:
            self.notice(f"a process that the program started was killed: {_limit(ended)}")
        return _exit(ended, stopped_by=self._stopping.number)

    def stop(self, number: int) -> None:
        """See `Executor.stop`."""
        self._stopping.stop(number)

    def _bring(self, container: Container, job: Job) -> None:
        patterns = self.setup.brought_out
        lost = self.engine.patiently(lambda: written.bring(container, creating.CODE, patterns, job.directory))
        for path in lost:
            self.notice(f"{path} is a link to nothing in the project: it is not kept")

    def _guarded(self) -> "Guard | nullcontext[None]":
        path = self.engine.socket
        return nullcontext() if path is None else Guard(guard.__file__, path)

    @contextmanager
    def _created(self, job: Job) -> Iterator[Container]:
        made: list[Container] = []

        def create() -> None:
            made.append(
                creating.create(
                    self.engine, self.setup, run_id=job.run_id, command=job.command, variables=job.variables
                )
            )

        try:
            self.engine.patiently(create)
            yield made[0]
        finally:
            for container in made:
                self._remove(container)

    def _remove(self, container: Container) -> None:
        removing = threading.Thread(target=container.remove, name="remove", daemon=True)
        removing.start()
        self.last.callback(self.engine.patiently, removing.join)

    def _followed(self, container: Container, sink: Sink) -> Ended | None:
        """Its end, None if it was stopped before its start."""

        def follow() -> Ended:
            explained = trouble.explained("the container cannot be followed")
            with running.hinted(), explained, container.attached() as output:
                container.start()
                self._stopping.begin(container.kill)
                for stream, data in output:
                    sink(stream, data)
                return container.ended()

        if self._stopping.number is not None:
            return None
        try:
            return self.engine.patiently(follow)
        finally:
            self._stopping.over()


class Stopping(Struct):
    """Asks a container to end, then insists, then kills; a second time at once. Whoever asks does not wait."""

    patience: float
    number: int | None = None
    _send: Callable[[int], None] | None = None
    _hurry: threading.Event = field(default_factory=threading.Event)
    _over: bool = False
    _lock: Any = field(default_factory=threading.RLock)  # a signal handler may meet itself

    def begin(self, send: Callable[[int], None]) -> None:
        """There is something to stop now; it may have been asked for already."""
        with self._lock:
            self._send = send
            if self.number is not None:
                self._start()

    def stop(self, number: int) -> None:
        with self._lock:
            if self.number is not None:
                self._hurry.set()
                return
            self.number = number
            if self._send is not None:
                self._start()

    def over(self) -> None:
        """There is nothing to stop any more."""
        self._over = True
        self._hurry.set()

    def _start(self) -> None:
        threading.Thread(target=self._insist, name="stop", daemon=True).start()

    def _insist(self) -> None:
        assert self._send is not None
        number = self.number or signal.SIGTERM
        while not self._over:
            self._tell(number)
            if number == signal.SIGKILL:
                return
            hurried = self._hurry.wait(self.patience)
            number = signal.SIGKILL if hurried else NEXT.get(number, signal.SIGKILL)

    def _tell(self, number: int) -> None:
        assert self._send is not None
        with suppress(EnvironmentFailed), trouble.explained("a signal cannot be sent"):
            self._send(number)


def _exit(ended: Ended | None, *, stopped_by: int | None) -> Exit:
    if ended is None:
        assert stopped_by is not None
        return Exit(code=128 + stopped_by, signal=stopped_by, stopped_by=stopped_by)
    return Exit(
        code=ended.code, signal=shell_signal(ended.code), stopped_by=stopped_by, trouble=_trouble(ended)
    )


def _trouble(ended: Ended) -> str | None:
    if ended.starved and ended.code != 0:
        return f"out of memory: the program {_limit(ended)}, and was killed"
    if ended.code == NOT_FOUND:
        return (
            "shells end with 127 when a command was not found in the image; see the last lines of its output"
        )
    if ended.code == NOT_EXECUTABLE:
        return (
            "shells end with 126 when a command in the image cannot be executed;"
            " an entry point of the image itself may be in the way (-A entrypoint= leaves it out)"
        )
    return None


def _limit(ended: Ended) -> str:
    limit = f" of {ended.limit / 2**20:.0f} MiB (-A memory=...)" if ended.limit else " of the machine"
    return f"used more than the limit{limit}"

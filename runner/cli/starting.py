"""`runner` started by the server, for `runner server --allow-run`: processes of their own, some at once, each stopped with the server."""

import json
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from signal import SIGINT

from runner.errors import RunnerError, Unavailable
from runner.process.child import Child
from runner.process.guard import CHAIN
from runner.scheduling.commands import PYTHON, variables
from runner.settings import Settings
from runner.tracking.clock import now
from runner.tracking.sql.store import SqlStore

AT_ONCE = 4
KEPT = 50  # that have ended
TAIL = 4096  # bytes of standard error


@dataclass(slots=True)
class Process:
    """See `starting.Started`."""

    arguments: Sequence[str]
    user: str
    id: str = field(default_factory=lambda: token_hex(8))
    began: int = field(default_factory=now)
    code: int | None = None
    _said: bytes = b""
    _child: Child | None = None
    _announced: Path | None = None
    _run_id: str | None = None

    @property
    def run_id(self) -> str | None:
        if self._run_id is None and self._announced is not None and self._announced.exists():
            first, end, _ = self._announced.read_text(encoding="utf-8").partition("\n")
            self._run_id = json.loads(first).get("run_id") if end else None
        return self._run_id

    @property
    def tail(self) -> str:
        return self._said.decode("utf-8", "replace")

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(SIGINT)

    def run(self, settings: Settings, store: str) -> None:
        """Run it to its end, in a directory with nothing in it."""
        try:
            with ExitStack() as stack:
                place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runner-started-")))
                self._announced = place / "announced.jsonl"
                (empty := place / "empty").mkdir()
                chain = f"started-{self.id}"
                environment = variables(settings, store=store) | {
                    "RUNNER_ARTIFACT_ROOT": settings.artifact_root,
                    CHAIN: chain,
                }
                command, *rest = self.arguments
                argv = (*PYTHON, "runner", command, f"--announce={self._announced}", *rest)
                self._child = stack.enter_context(
                    Child.start(argv, cwd=empty, env=environment, run_id=chain, sink=self._hear)
                )
                code = self._child.wait()
                _ = self.run_id  # before the file is gone
                self._child = None
                self.code = code
        except (RunnerError, OSError) as error:
            self._said, self.code = str(error).encode(), getattr(error, "exit_code", 1)

    def _hear(self, stream: str, data: bytes) -> None:
        if stream == "stderr":
            self._said = (self._said + data)[-TAIL:]


class Processes:
    """See `starting.Starting`. At the end of the block all of them are stopped."""

    def __init__(self, store: SqlStore, settings: Settings, *, at_once: int = AT_ONCE) -> None:
        self._store = store
        self._settings = settings
        self._at_once = at_once
        self._all: list[Process] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_exception: object) -> None:
        for process in self.all():
            process.stop()
        for thread in self._threads:
            while thread.is_alive():
                thread.join(0.5)

    def all(self) -> Sequence[Process]:
        with self._lock:
            return self._all[::-1]

    def start(self, arguments: Sequence[str], *, user: str) -> Process:
        with self._lock:
            running = [process for process in self._all if process.code is None]
            if len(running) >= self._at_once:
                raise Unavailable(
                    f"{len(running)} runs that were started here go on: as many as this server starts at once"
                )
            process = Process(tuple(arguments), user)
            self._all = [*self._all[-KEPT:], process]
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(
                target=process.run, args=(self._settings, self._store.uri), name="started", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        return process

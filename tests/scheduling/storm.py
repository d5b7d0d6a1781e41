"""Schedulers that are killed again and again, while many schedules are due each second: is any firing lost, or doubled?

    scheduler processes (this file as a program)  ──"firing, claims"──►  Farm, in the test's process
        tick, claim; kill -9 at any moment                               starts and ends firings, and counts

The farm stands for the processes of firings, which are sessions of their own and survive their scheduler. Spare schedulers are
up and wait for a word: to start a Python takes longer than a killed one may be missing.
"""

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from runner.errors import Unavailable
from runner.scheduling.deciding import upcoming
from runner.scheduling.ending import abandoned
from runner.scheduling.ticker import Ticker
from runner.settings import Settings
from runner.tracking import open_database_store, this_process_lease
from runner.tracking.model import Lease
from runner.tracking.schedules import Definition, Firing, FiringState, Overlap, Schedule
from runner.tracking.sql.store import SqlStore

SPARE = 6
EVERY_SECOND = Definition(
    expression="every 1s", uri="/nowhere", overlap=Overlap.ALLOW, grace=3600
)  # nothing is missed: it is late


@dataclass(frozen=True)
class Report:
    """What came of it; `mean` and `worst` are seconds between a time and its start, which is as late as the farm is slow."""

    times: int
    started: int
    doubled: int
    lost: int
    kills: int
    mean: float
    worst: float

    def __str__(self) -> str:
        return (
            f"{self.times} times, {self.started} started, {self.doubled} doubled, {self.lost} lost, {self.kills} kills;"
            f" {self.mean:.2f} s late in the mean, {self.worst:.2f} s at worst"
        )


class Endless:
    """A process that goes on, as far as its scheduler knows."""

    code = None


@dataclass
class Farm:
    """Takes over what schedulers have claimed."""

    store: SqlStore
    settings: Settings
    started: Counter[int] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)
    ticking: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ready: dict[int, socket.socket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def take_over(self, firing: int, claims: int) -> None:
        """As the process of a firing does: it starts, and ends."""
        schedules = self.store.schedules
        lease = this_process_lease(self.settings)
        heard = time.time()
        found = schedules.start(firing, claims, lease, int(heard * 1000))
        if found is None:
            return
        with self._lock:
            self.started[firing] += 1
            self.late.append(heard - found[1].scheduled_for / 1000)
        schedules.end(firing, claims, FiringState.SUCCEEDED, now=int(time.time() * 1000))

    def let_tick(self, process: "subprocess.Popen[bytes]") -> None:
        """Let this scheduler begin, as soon as it is up."""
        threading.Thread(target=self._let_tick, args=(process,), daemon=True).start()

    def _let_tick(self, process: "subprocess.Popen[bytes]") -> None:
        while process.pid not in self._ready and process.poll() is None:
            time.sleep(0.01)
        with suppress(OSError, KeyError):
            self._ready[process.pid].sendall(b"tick\n")
            self.ticking.add(process.pid)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # when all is counted, the store may go, though claims of the dead are still in the pipe
        with connection, connection.makefile() as lines, suppress(ConnectionError, Unavailable):
            for line in lines:
                match line.removesuffix("\n").split():
                    case [process]:
                        self._ready[int(process)] = connection
                    case [firing, claims] if line.endswith("\n"):  # else it was killed in the midst of it
                        self.take_over(int(firing), int(claims))


def storm(uri: str, home: Path, *, schedules: int, schedulers: int, seconds: float, kills: int) -> Report:
    """Let them tick for so long, killing one every now and then, by chance."""
    settings = Settings.from_environ({"RUNNER_HOME": str(home), "RUNNER_TRACKING_URI": uri})
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_database_store(settings)))
        first = upcoming("", EVERY_SECOND, store.schedules.now() + 5000)
        for number in range(schedules):
            store.schedules.add(f"s{number}", EVERY_SECOND, upcoming=first)
        farm = stack.enter_context(closing(Farm(store, settings)))
        done = _kill(farm, settings, schedulers, seconds, kills)
        _drain(farm, store.schedules.now())
        return _judge(farm, store, first.time, done)


def _kill(farm: Farm, settings: Settings, count: int, seconds: float, kills: int) -> int:
    """How many were killed."""
    chance = random.Random(7)
    with ExitStack() as stack:

        def started() -> "subprocess.Popen[bytes]":
            process = _start(farm, settings)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        running, spare = [started() for _ in range(count)], [started() for _ in range(SPARE)]
        for process in running:
            farm.let_tick(process)
        _wait_for_all(farm, running)
        done, begun = 0, time.monotonic()
        # on a machine that has much to do, it takes longer until so many were up to be killed
        while (passed := time.monotonic() - begun) < seconds or (done < kills and passed < 5 * seconds):
            time.sleep(chance.uniform(0.5, 1.5) * seconds / (kills * 1.1))
            up = [number for number, process in enumerate(running) if process.pid in farm.ticking]
            if not up:
                continue
            victim = chance.choice(up)
            assert running[victim].poll() is None, "a scheduler ended by itself"
            running[victim].kill()
            done += 1
            running[victim] = spare.pop(0)
            farm.let_tick(running[victim])
            spare.append(started())
        return done


def _wait_for_all(farm: Farm, running: "Sequence[subprocess.Popen[bytes]]") -> None:
    deadline = time.monotonic() + 60
    while not {process.pid for process in running} <= farm.ticking:
        assert time.monotonic() < deadline, "the schedulers did not come up"
        time.sleep(0.05)


def _start(farm: Farm, settings: Settings) -> "subprocess.Popen[bytes]":
    environ = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
    ours = {"RUNNER_HOME": str(settings.home), "RUNNER_TRACKING_URI": settings.tracking_uri}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.scheduling.storm", str(farm.port)],
        env={**environ, **ours},
        cwd=Path(__file__).parents[2],
    )


def _drain(farm: Farm, end: int) -> None:
    """One more scheduler, which is not killed, until all that came before `end` is done."""
    schedules = farm.store.schedules
    ticker = _ticker(farm.store, farm.settings, farm.take_over)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        ticker.tick()
        behind = [each for each in schedules.all() if each.upcoming.time <= end]
        if not behind and not _going(schedules_of(farm.store), farm.store, before=end):
            return
    raise AssertionError("it did not come to an end")


def schedules_of(store: SqlStore) -> Sequence[int]:
    return [schedule.id for schedule in store.schedules.all()]


def _going(schedules: Sequence[int], store: SqlStore, *, before: int) -> bool:
    return any(
        firing.scheduled_for <= before for number in schedules for firing in store.schedules.going(number)
    )


def _judge(farm: Farm, store: SqlStore, first: int, kills: int) -> Report:
    times = lost = 0
    for schedule in store.schedules.all():
        history = {
            firing.scheduled_for: firing for firing in store.schedules.history(schedule.name, limit=10**6)
        }
        # a time so far ahead is taken for that of a clock which was set back since, and the schedule fires at once
        assert min(history) <= first
        expected = range(min(history), schedule.upcoming.time, 1000)
        assert set(history) <= set(expected)
        times += len(expected)
        lost += sum(time not in history for time in expected)
        lost += sum(
            farm.started[firing.id] == 0
            for firing in history.values()
            if firing.state is not FiringState.WAITING
        )
    doubled = sum(count > 1 for count in farm.started.values())
    assert farm.late, "nothing was started"
    return Report(
        times, len(farm.started), doubled, lost, kills, sum(farm.late) / len(farm.late), max(farm.late)
    )


def _ticker(store: SqlStore, settings: Settings, take_over: Callable[[int, int], None]) -> Ticker:
    def start(_schedule: Schedule, firing: Firing) -> Endless:
        take_over(firing.id, firing.claims)
        return Endless()

    def say(line: str) -> None:
        if "did not start it" not in line:
            print(line, file=sys.stderr)  # noqa: T201

    def lease(now: int) -> Lease:
        return replace(this_process_lease(settings), until=now + 60_000)

    return Ticker(
        schedules=store.schedules,
        clock=store.schedules,
        start=start,
        abandoned=lambda now: abandoned(store, now, settings=settings, say=say),
        fired=lambda _fired: None,
        lease=lease,
        at_once=10**6,
        say=say,
    )


def main(port: int) -> None:
    """One scheduler."""
    settings = Settings.from_environ(os.environ)
    with (
        socket.create_connection(("127.0.0.1", port)) as connection,
        closing(open_database_store(settings)) as store,
    ):
        connection.sendall(f"{os.getpid()}\n".encode())
        assert connection.recv(10)

        def take_over(firing: int, claims: int) -> None:
            connection.sendall(f"{firing} {claims}\n".encode())

        _ticker(store, settings, take_over).run(lambda: False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
